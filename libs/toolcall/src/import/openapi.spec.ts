import { describe, expect, it } from '@jest/globals';
import { validate } from '@readme/openapi-parser';
import { load } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { importTools } from './import-tools.js';
import type { ImportResult } from './imported.js';

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

type Imported = Extract<ImportResult, { ok: true }>;

function read(source: unknown, more: object = {}): Imported {
  const result = importTools({ format: 'openapi', source, ...more });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result;
}

/** Every tool by its key, without the words about it. */
function toolsOf(result: Imported) {
  return Object.fromEntries(
    result.tools.map(({ definition: { key, parameters, request }, problems }) => [
      key,
      { parameters, request, problems },
    ]),
  );
}

const object = (properties: object, required?: string[]) => ({
  type: 'object',
  properties,
  ...(required && { required }),
});
const text = { type: 'string' };
const remarks = (result: Imported) => result.dropped.map(({ where, what }) => `${where} ${what}`);

/** A document of one operation. */
const document = (operation: object, more: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'T', version: '1' },
  servers: [{ url: 'https://api.example.com' }],
  paths: { '/things/{id}': { post: operation } },
  ...more,
});

describe('the documents of these tests', () => {
  it.each(['threads.yaml', 'payments.json', 'accounts.yaml', 'warehouse.yaml'])(
    '%s is valid OpenAPI',
    async (name) => {
      const checked = await validate(load(fixture(name)) as never, { resolve: { external: false } });

      expect(checked).toMatchObject({ valid: true });
    },
  );
});

describe('an OpenAPI document', () => {
  it('may hold schemas that hold themselves: they are cut where they begin again', () => {
    const result = read(fixture('threads.yaml'));
    const comment = { type: 'object', description: 'Comment, as above' };
    const folder = { type: 'object', description: 'Folder, as above' };
    const name = { type: 'string', description: 'What people call it' };

    expect(toolsOf(result)).toEqual({
      add_comment: {
        parameters: object(
          {
            threadId: { type: 'string', format: 'uuid', description: 'Which thread' },
            text: { type: 'string', minLength: 1, maxLength: 2000 },
            author: object({ name: text, pinned: comment }),
            replies: { type: 'array', maxItems: 10, items: comment },
          },
          ['threadId', 'text'],
        ),
        request: {
          method: 'POST',
          url: 'https://threads.example.com/v1/threads/{{threadId}}/comments',
          body: {
            type: 'json',
            template: { text: '{{text}}', author: '{{author}}', replies: '{{replies}}' },
          },
        },
        problems: [],
      },
      replace_folder: {
        parameters: object(
          {
            name,
            parent: folder,
            documents: { type: 'array', items: object({ name, folder }, ['name']) },
          },
          ['name'],
        ),
        request: {
          method: 'PUT',
          url: 'https://threads.example.com/v1/folders',
          body: {
            type: 'json',
            template: { name: '{{name}}', parent: '{{parent}}', documents: '{{documents}}' },
          },
        },
        problems: [],
      },
    });
    expect(remarks(result)).toEqual([
      '/components/schemas/Author/properties/pinned the form of `Comment` within itself',
      '/components/schemas/Comment/properties/replies/items the form of `Comment` within itself',
      '/components/schemas/Folder/allOf/1/properties/parent the form of `Folder` within itself',
      '/components/schemas/Folder/allOf/1/properties/documents/items/allOf/1/properties/folder the form of `Folder` within itself',
    ]);
  });

  it('has allOf written out, oneOf and anyOf reduced, what only answers have left out, and single values put in', () => {
    const result = read(fixture('payments.json'));
    const amount = { type: 'integer', exclusiveMinimum: 0, examples: [1250] };
    const currency = { type: 'string', enum: ['EUR', 'USD'], default: 'EUR' };

    expect(toolsOf(result)).toEqual({
      create_payment: {
        parameters: object(
          {
            amount: { ...amount, maximum: 100_000, description: 'In cents' },
            currency,
            method: object({ type: { type: 'string', enum: ['card'] }, number: text }, ['type', 'number']),
            priority: { type: 'string', enum: ['low', 'high'] },
            reference: { type: ['string', 'integer'] },
            note: { type: ['string', 'null'] },
            tags: { type: 'object', additionalProperties: text },
          },
          ['amount', 'currency', 'method'],
        ),
        request: {
          method: 'POST',
          url: 'https://pay.example.com/payments',
          body: {
            type: 'json',
            template: {
              amount: '{{amount}}',
              currency: '{{currency}}',
              kind: 'payment',
              method: '{{method}}',
              priority: '{{priority}}',
              reference: '{{reference}}',
              note: '{{note}}',
              tags: '{{tags}}',
            },
          },
        },
        problems: [],
      },
      refund_payment: {
        parameters: object(
          {
            payment_id: { type: 'string', examples: ['PAY-7'] },
            Idempotency_Key: { type: 'string', maxLength: 64 },
            amount,
            currency,
            reason: text,
          },
          ['payment_id', 'amount', 'currency', 'reason'],
        ),
        request: {
          method: 'POST',
          url: 'https://pay.example.com/payments/{{payment_id}}/refund',
          headers: [
            { name: 'Idempotency-Key', value: '{{Idempotency_Key}}' },
            { name: 'Content-Type', value: 'application/vnd.pay.v2+json' },
          ],
          body: {
            type: 'json',
            template: { amount: '{{amount}}', currency: '{{currency}}', reason: '{{reason}}' },
          },
        },
        problems: [],
      },
    });
    expect(result.tools[0]?.definition).toMatchObject({
      name: 'Create payment',
      description:
        'Takes a payment by card or bank account. Use it once the caller has agreed to the amount.',
    });
    expect(remarks(result)).toEqual([
      '/paths/~1payments/post/requestBody/content the body as application/xml',
      '/components/schemas/NewPayment/allOf/1/properties/method/oneOf `oneOf`',
      '/components/schemas/NewPayment/allOf/1/properties/note/pattern `pattern`',
      '/paths/~1payments/head HEAD /payments',
      '/paths/~1payments~1{payment-id}~1refund/post/parameters/0 the default of `payment-id`',
      '/paths/~1payments~1{payment-id}~1refund/post the mark `deprecated`',
    ]);
  });

  it('has its security schemes become credentials to be entered, one for each, whichever operations use it', () => {
    const result = read(fixture('accounts.yaml'));
    const origins = ['https://accounts.example.com'];
    const slot = (name: string, form: object, usedBy: string[]) => ({
      name,
      ...form,
      origins,
      usedBy,
      found: false,
    });
    const header = (parameter: string) => ({ type: 'api_key', in: 'header', parameter });

    expect(result.credentials).toEqual([
      slot('bearer', { type: 'bearer' }, ['get_me']),
      slot('basic', { type: 'basic' }, ['get_legacy']),
      slot('headerKey', header('X-API-Key'), ['get_keyed', 'get_either']),
      slot('queryKey', { type: 'api_key', in: 'query', parameter: 'api_key' }, ['get_queried']),
      slot('session', header('Cookie'), ['get_cookied']),
      slot('headerKey and tenant', { type: 'headers', headers: ['X-API-Key', 'X-Tenant-Token'] }, [
        'get_both',
      ]),
      slot('oauth', { type: 'oauth2' }, ['get_delegated']),
      slot('oidc', { type: 'open_id_connect' }, ['get_connected']),
      slot('certificate', { type: 'mutual_tls' }, ['get_certified']),
      slot('nowhere', { type: 'other' }, ['get_unheard']),
      slot('X-Auth-Token for accounts.example.com', header('X-Auth-Token'), ['get_plain']),
    ]);
    expect(toolsOf(result).get_plain).toEqual({
      parameters: object({ page: { type: 'integer', minimum: 1 } }),
      request: {
        method: 'GET',
        url: 'https://accounts.example.com/plain',
        query: [{ name: 'page', value: '{{page}}' }],
      },
      problems: [],
    });
    expect(remarks(result)).toEqual([
      '/paths/~1either/get/security authentication by `oauth`',
      '/paths/~1unheard/get/security the security scheme `nowhere`',
    ]);
  });

  it('may have servers with variables at three levels, parameters of every place, forms and files', () => {
    const result = read(fixture('warehouse.yaml'));
    const { list_items, get_items_by_sku, place_order, send_report, print_label, delete_item, send_scan } =
      toolsOf(result);
    const server = 'https://eu.warehouse.example.com:8443/v3';

    expect(list_items).toEqual({
      parameters: object(
        {
          ids: { type: 'array', items: text },
          sizes: { type: 'array', items: { type: 'integer' } },
          filter_color: text,
          filter_in_stock: { type: 'boolean' },
          page_size: { type: 'integer', default: 20, maximum: 100 },
          language_2: text,
          X_Request_Source: text,
          locale: text,
          where: object({ shelf: text }),
        },
        ['locale'],
      ),
      request: {
        method: 'GET',
        url: `${server}/items`,
        headers: [
          { name: 'X-Api-Version', value: '2024-06-01' },
          { name: 'X-Request-Source', value: '{{X_Request_Source}}' },
          { name: 'Cookie', value: 'locale={{locale}}' },
        ],
        query: [
          { name: 'ids', value: '{{ids}}' },
          { name: 'sizes', value: '{{sizes}}' },
          { name: 'filter[color]', value: '{{filter_color}}' },
          { name: 'filter[in-stock]', value: '{{filter_in_stock}}' },
          { name: 'page.size', value: '{{page_size}}' },
          { name: 'language', value: '{{language_2}}' },
          { name: 'where', value: '{{where}}' },
        ],
      },
      problems: [],
    });
    expect(get_items_by_sku?.request).toEqual({
      method: 'GET',
      url: 'https://cdn.warehouse.example.com/items/{{sku}}.{{format}}',
      query: [{ name: 'verbose', value: '{{verbose}}' }],
    });
    expect(get_items_by_sku?.parameters).toMatchObject({
      properties: { verbose: { type: 'boolean', description: 'Everything about it' } },
    });
    expect(place_order?.request.body).toEqual({
      type: 'form',
      template: [
        { name: 'sku', value: '{{sku}}' },
        { name: 'quantity', value: '{{quantity}}' },
        { name: 'gift', value: '{{gift}}' },
      ],
    });
    expect(send_report?.request.body).toEqual({
      type: 'multipart',
      template: [
        { name: 'title', value: '{{title}}' },
        { name: 'rows', value: '{{rows}}', fileName: 'rows.txt', contentType: 'text/csv' },
        { name: 'meta', value: '{{meta}}', contentType: 'application/json' },
      ],
    });
    expect(print_label?.request.body).toEqual({ type: 'text', template: '{{body}}' });
    expect(delete_item?.problems).toEqual([
      {
        pointer: '/request/url',
        code: 'required',
        message: 'is below the server `/admin`, which names no host; give the import a `baseUrl`',
      },
    ]);
    expect(send_scan?.problems).toMatchObject([{ pointer: '/request/body', code: 'not_allowed' }]);
    expect(remarks(result)).toEqual([
      '/paths/~1items/get/parameters/1 the style `one value with commas` of `sizes`',
      '/paths/~1items/get/parameters/7 the header `Host`',
      '/paths/~1items/get/parameters/9 the cookie `theme`',
      '/servers the other servers https://staging.warehouse.example.com',
      '/paths/~1reports/post/requestBody/content/multipart~1form-data/schema/properties/photo the file `photo`',
    ]);
  });

  it('of version 3.1 may have lists of types, null among forms, constants, siblings of $ref, and YAML’s anchors', () => {
    const result = read(fixture('clinic.yaml'));
    const limit = { type: ['integer', 'null'], exclusiveMinimum: 0, exclusiveMaximum: 101 };

    expect(toolsOf(result)).toEqual({
      book_appointment: {
        parameters: object(
          {
            limit,
            patient: {
              ...object({ name: text, born: { type: ['string', 'null'], format: 'date' } }, ['name']),
              description: 'Who comes',
            },
            starts: {
              type: 'string',
              format: 'date-time',
              examples: ['2026-01-05T09:30:00Z', '2026-01-05T10:00:00Z'],
            },
            notes: { type: ['string', 'null'] },
            doctor: {
              type: ['object', 'null'],
              properties: {
                id: { type: 'string', format: 'uuid' },
                fee: { type: 'number', multipleOf: 0.5, minimum: 0 },
              },
            },
            room: { type: ['string', 'integer', 'null'] },
            status: { type: ['string', 'null'], enum: ['booked', 'waiting'] },
            slot: { type: 'array' },
            insurance: {},
            lost: {},
            scan: text,
            if_late: text,
          },
          ['patient', 'starts'],
        ),
        request: {
          method: 'POST',
          url: 'https://clinic.example.com/appointments',
          query: [{ name: 'limit', value: '{{limit}}' }],
          body: {
            type: 'json',
            template: {
              kind: 'visit',
              patient: '{{patient}}',
              starts: '{{starts}}',
              notes: '{{notes}}',
              doctor: '{{doctor}}',
              room: '{{room}}',
              status: '{{status}}',
              slot: '{{slot}}',
              insurance: '{{insurance}}',
              lost: '{{lost}}',
              scan: '{{scan}}',
              'if-late': '{{if_late}}',
            },
          },
        },
        problems: [],
      },
      list_appointments: {
        parameters: object({ limit }),
        request: {
          method: 'GET',
          url: 'https://clinic.example.com/appointments',
          query: [{ name: 'limit', value: '{{limit}}' }],
        },
        problems: [],
      },
    });
    expect(result.dropped).toContainEqual({
      where: '/paths/~1appointments/post/requestBody/content/application~1json/schema/properties/insurance',
      what: 'the schema `Insurance`',
      why: 'it refers to another document, which is not fetched',
    });
    expect(result.dropped.map(({ what }) => what)).toEqual([
      '`prefixItems`',
      'the schema `Insurance`',
      'the schema `Nobody`',
      '`if`',
      '`then`',
      'the callbacks',
      'the webhooks',
    ]);
  });

  it('gives the operations that were chosen, by id or by method and path, and says which there are', () => {
    const chosen = read(fixture('warehouse.yaml'), { operations: ['placeOrder', 'get /items/:sku.:format'] });
    const unknown = importTools({
      format: 'openapi',
      source: fixture('warehouse.yaml'),
      operations: ['placeOrder', 'nothing', 'PUT /items'],
    });

    expect(chosen.tools.map(({ definition }) => definition.key)).toEqual(['get_items_by_sku', 'place_order']);
    expect(unknown).toEqual({
      ok: false,
      problems: [
        expect.objectContaining({ pointer: '/operations/1', code: 'not_found', found: 'string "nothing"' }),
        expect.objectContaining({
          pointer: '/operations/2',
          message: expect.stringContaining('listItems, GET /items/{sku}.{format}, deleteItem, placeOrder'),
        }),
      ],
    });
  });

  it('wants a choice when it has more operations than can be imported at once', () => {
    const paths = Object.fromEntries(
      Array.from({ length: 201 }, (_, n) => [
        `/p${n}`,
        { get: { operationId: `op${n}`, summary: 'One of many' } },
      ]),
    );
    const source = document({}, { paths });

    expect(importTools({ format: 'openapi', source })).toMatchObject({
      ok: false,
      problems: [{ pointer: '/operations', code: 'too_large' }],
    });
    expect(read(source, { operations: ['op200'] }).tools).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    [
      'the base URL that is given',
      { baseUrl: 'https://test.example.com/api/' },
      'https://test.example.com/api/things/{{id}}',
    ],
    [
      'a server’s path below the base URL',
      { baseUrl: 'https://test.example.com', servers: [{ url: '/v7' }] },
      'https://test.example.com/v7/things/{{id}}',
    ],
    [
      'values that are given for its variables',
      {
        variables: { region: 'us' },
        servers: [{ url: 'https://{region}.example.com', variables: { region: { default: 'eu' } } }],
      },
      'https://us.example.com/things/{{id}}',
    ],
    [
      'where the document came from',
      { sourceUrl: 'https://docs.example.com/openapi/v1.yaml', servers: [{ url: '../v1' }] },
      'https://docs.example.com/v1/things/{{id}}',
    ],
  ])('takes %s for the server', (_name, { servers, ...more }: { servers?: unknown }, url) => {
    const result = read(document({ summary: 'Does a thing' }, servers ? { servers } : {}), more);

    expect(result.tools[0]).toMatchObject({ definition: { request: { url } }, problems: [] });
  });

  it('says that a placeholder of the path is not described, and takes it for text', () => {
    const result = read(document({ summary: 'Does a thing' }));

    expect(result.tools[0]?.definition.parameters).toEqual(object({ id: text }, ['id']));
    expect(remarks(result)).toEqual(['/paths/~1things~1{id}/post/parameters nothing about `id`']);
  });

  it('may have examples and defaults that do not satisfy their own schema: those are left out', () => {
    const result = read(
      document({
        summary: 'Does a thing',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: text },
          {
            name: 'phone',
            in: 'query',
            schema: { type: 'string', format: 'phone', example: 'call me', default: 'nobody' },
          },
          { name: 'default', in: 'query', schema: { type: 'string', maxLength: 3, example: 'fit' } },
        ],
        requestBody: {
          content: {
            'application/json': {
              schema: object({
                box: object({ width: { type: 'integer', minimum: 5, default: 1, example: 7 } }),
              }),
            },
          },
        },
      }),
    );

    expect(toolsOf(result).post_things_by_id).toMatchObject({
      parameters: object(
        {
          id: text,
          phone: { type: 'string', format: 'phone' },
          default: { type: 'string', maxLength: 3, examples: ['fit'] },
          box: object({ width: { type: 'integer', minimum: 5, examples: [7] } }),
        },
        ['id'],
      ),
      problems: [],
    });
    expect(result.dropped.map(({ what }) => what)).toEqual([
      '`/parameters/properties/phone/default`',
      '`/parameters/properties/phone/examples`',
      '`/parameters/properties/box/properties/width/default`',
    ]);
  });

  it('may repeat a name in path, query and body: each is an argument of its own', () => {
    const result = read(
      document({
        summary: 'Does a thing',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: text },
          { name: 'id', in: 'query', schema: { type: 'integer' } },
        ],
        requestBody: {
          content: { 'application/json': { schema: object({ id: { type: 'boolean' } }, ['id']) } },
        },
      }),
    );

    expect(toolsOf(result)).toMatchObject({
      post_things_by_id: {
        parameters: object({ id: text, id_2: { type: 'integer' }, id_3: { type: 'boolean' } }, [
          'id',
          'id_3',
        ]),
        request: {
          url: 'https://api.example.com/things/{{id}}',
          query: [{ name: 'id', value: '{{id_2}}' }],
          body: { template: { id: '{{id_3}}' } },
        },
      },
    });
  });

  it('gives a body that is a list, a free map or a single value as one argument', () => {
    const bodyFor = (schema: object) =>
      read(
        document({ summary: 'Does a thing', requestBody: { content: { 'application/json': { schema } } } }),
      ).tools[0]?.definition;

    const list = bodyFor({ type: 'array', items: text });
    expect(list?.request.body).toEqual({ type: 'json', template: '{{body}}' });
    expect(list?.parameters).toEqual(
      object({ id: text, body: { type: 'array', items: text } }, ['id', 'body']),
    );
    expect(bodyFor({ type: 'object', additionalProperties: { type: 'number' } })?.request.body).toEqual({
      type: 'json',
      template: '{{body}}',
    });
  });

  it.each<[string, unknown, string, string]>([
    ['another version', { swagger: '2.0', paths: {} }, '/source/swagger', 'not_allowed'],
    ['no paths', { openapi: '3.0.0' }, '/source/paths', 'required'],
    ['no operations', { openapi: '3.0.0', paths: {} }, '/source', 'required'],
    ['text that is neither JSON nor YAML', 'openapi: 3.0.0\n paths: [', '/source', 'wrong_format'],
    [
      'deep nesting',
      `{"openapi":"3.0.0","paths":${'['.repeat(500)}${']'.repeat(500)}}`,
      '/source',
      'too_large',
    ],
    ['deep nesting in YAML', `paths: ${'['.repeat(5000)}`, '/source', 'wrong_format'],
    ['many aliases', `a: &a [x]\nb: [${'*a,'.repeat(1001)}]`, '/source', 'wrong_format'],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefg'.replace(/./g, (c, n: number) => `${c}: &${c} [${`*${'abcdef'.charAt(n)},`.repeat(10)}]\n`)}`,
      '/source',
      'too_large',
    ],
    ['more than a megabyte', `openapi: 3.0.0\n# ${'x'.repeat(1_048_577)}`, '/source', 'too_large'],
  ])('is refused for %s, with what would be right', (_name, source, pointer, code) => {
    expect(importTools({ format: 'openapi', source })).toMatchObject({
      ok: false,
      problems: [{ pointer, code }],
    });
  });

  it('does not reach a prototype, whatever its names', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"},"ok":{"type":"string"}}}',
    ) as object;
    const source = document({
      summary: 'Does a thing',
      requestBody: { content: { 'application/json': { schema } } },
    });

    expect(toolsOf(read(source)).post_things_by_id?.request.body?.template).toEqual({ ok: '{{ok}}' });
    expect(({} as { type?: string }).type).toBeUndefined();
  });
});
