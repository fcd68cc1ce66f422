import { generateArguments, generateDefinition } from '#testing/generated-definition';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { validate } from '@readme/openapi-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { demoTools } from '../../../../scripts/demo-tools.js';
import { checkDefinition } from '../check-definition.js';
import { compileTool } from '../compile-tool.js';
import type { RenderedRequest } from '../compile-request.js';
import { importTools } from '../import/import-tools.js';
import { normalizeDefinition } from '../normalize-definition.js';
import type { ToolDefinition } from '../tool-definition.js';
import { openApiDocument } from './openapi-document.js';
import type { CredentialSlot } from './openapi-security.js';

type Json = Record<string, unknown>;

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema?: Json;
}

interface Operation {
  servers: { url: string }[];
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Json; encoding?: Json }> };
  responses: Json;
  security: Json[];
}

type Paths = Record<string, Record<string, Operation>>;

const CREDENTIAL = '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a11';
const frame = {
  orgId: 'o-1',
  agentId: 'agent',
  callId: 'call',
  facts: { contact: { id: 'C-1' }, direction: 'inbound', custom: { tier: 'gold' } },
  now: new Date(0),
  callVariables: { order: { id: 'O-1' } },
};

function operationOf(
  overrides: Parameters<typeof toolDefinition>[0],
  slot?: CredentialSlot,
): [path: string, operation: Operation, document: Json] {
  const slots = new Map(slot ? [[CREDENTIAL, slot] as const] : []);
  const document = openApiDocument([toolDefinition(overrides)], slots);
  const [[path, methods]] = Object.entries(document.paths as Paths) as [[string, Record<string, Operation>]];
  const [operation] = Object.values(methods) as [Operation];
  return [path, operation, document];
}

/** Its parameters by place and name, and what is said of them. */
function parametersOf(overrides: Parameters<typeof toolDefinition>[0]): Json {
  const [, { parameters = [] }] = operationOf(overrides);
  return Object.fromEntries(parameters.map(({ name, in: place, ...rest }) => [`${place} ${name}`, rest]));
}

function bodyOf(overrides: Parameters<typeof toolDefinition>[0]) {
  const [, { requestBody }] = operationOf({
    ...overrides,
    request: { method: 'POST', ...overrides?.request },
  });
  return requestBody;
}

async function expectValid(document: Json): Promise<void> {
  const result = await validate(structuredClone(document) as unknown as Parameters<typeof validate>[0]);
  if (!result.valid) throw new Error(`${JSON.stringify(result.errors)} in ${JSON.stringify(document)}`);
  expect(result.specification).toBe('OpenAPI');
}

describe('tools as an OpenAPI document', () => {
  it('are operations on the servers they call, with what a caller of the API has to give', () => {
    const [path, operation, document] = operationOf({
      parameters: strings('order_id', 'lang?'),
      burden: 'confirmed',
      request: {
        method: 'DELETE',
        url: 'https://api.example.com/v1/orders/:order_id?force=true',
        headers: [{ name: 'X-Agent', value: '{{agent_name}}' }],
      },
      response: {
        outcomes: [
          { when: '404', outcome: 'not_found' },
          { when: '5xx', outcome: 'down' },
        ],
      },
    });

    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: expect.any(String), version: '1' } });
    expect(path).toBe('/v1/orders/{order_id}');
    expect(operation).toEqual({
      operationId: 'get_order',
      summary: 'Get order',
      description: expect.stringContaining('Ask the caller before using this'),
      servers: [{ url: 'https://api.example.com' }],
      parameters: [
        { name: 'order_id', in: 'path', required: true, schema: { type: 'string' } },
        { name: 'force', in: 'query', required: true, schema: { type: 'string', const: 'true' } },
        { name: 'lang', in: 'query', schema: { type: 'string' } },
        {
          name: 'X-Agent',
          in: 'header',
          required: true,
          description: 'From the call: `agent_name`',
          schema: { type: 'string' },
        },
      ],
      responses: {
        '404': { description: 'not_found' },
        '5XX': { description: 'down' },
        default: { description: expect.any(String) },
      },
      security: [],
    });
  });

  it.each<[string, string, Json, Json]>([
    [
      'an argument within a segment',
      'https://api.example.com/orders/ORD-{{id}}.json',
      { '/orders/ORD-{id}.json': ['id'] },
      {},
    ],
    [
      'a name that stands twice',
      'https://api.example.com/{{id}}/copy/{{id}}',
      { '/{id}/copy/{id_2}': ['id', 'id_2'] },
      {},
    ],
    [
      'a path into a value',
      'https://api.example.com/{{contact.tags[0]}}',
      { '/{contact.tags_0}': ['contact.tags_0'] },
      {},
    ],
    [
      'a constant filling',
      'https://api.example.com/{{id}}',
      { '/a%2Fb': [] },
      { pathParameters: [{ name: 'id', value: 'a/b' }] },
    ],
    [
      'a filling from elsewhere',
      'https://api.example.com/{{id}}',
      { '/{id}': ['id'] },
      { pathParameters: [{ name: 'id', value: '{{contact.id}}' }] },
    ],
    [
      'a filling in angle brackets',
      'https://api.example.com/{{id}}',
      { '/{id}': ['id'] },
      { angleBrackets: true, pathParameters: [{ name: 'id', value: '<direction>' }] },
    ],
    ['nothing but the host', 'https://api.example.com', { '/': [] }, {}],
  ])('have %s in the path', (_name, url, expected, request) => {
    const [path, { parameters = [] }] = operationOf({
      parameters: strings('id'),
      request: { url, ...request },
    });
    const inPath = parameters.filter((one) => one.in === 'path').map(({ name }) => name);

    expect({ [path]: inPath }).toEqual(expected);
  });

  it.each<[string, Parameters<typeof toolDefinition>[0], Json]>([
    [
      'an argument with all that is said of it',
      {
        parameters: {
          type: 'object',
          properties: { days: { type: 'integer', minimum: 1, default: 14, description: 'How far ahead' } },
        },
      },
      {
        'query days': {
          required: true,
          description: 'How far ahead',
          schema: { type: 'integer', minimum: 1, default: 14 },
        },
      },
    ],
    [
      'a part of an argument',
      {
        parameters: {
          type: 'object',
          properties: { who: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } },
          required: ['who'],
        },
        request: { query: [{ name: 'id', value: '{{who.id}}' }] },
      },
      { 'query id': { required: true, schema: { type: 'integer' } } },
    ],
    [
      'a default in the template',
      { parameters: strings('q?'), request: { query: [{ name: 'q', value: '{{q | default: "all"}}' }] } },
      { 'query q': { required: true, schema: { type: 'string', default: 'all' } } },
    ],
    [
      'a default in the template that the argument could not be',
      {
        parameters: { type: 'object', properties: { q: { type: 'boolean', description: 'Whether' } } },
        request: { query: [{ name: 'q', value: '{{q | default: "all"}}' }] },
      },
      {
        'query q': {
          required: true,
          description: 'Whether',
          schema: { anyOf: [{ type: 'boolean' }, { const: 'all' }], default: 'all' },
        },
      },
    ],
    [
      'text made of several',
      { parameters: strings('a', 'b?'), request: { query: [{ name: 'q', value: '{{a}}-{{b}}' }] } },
      { 'query q': { description: 'Text made of `a`, `b`', schema: { type: 'string' } } },
    ],
    [
      'what the tool sets, once, though an argument is called the same',
      { parameters: strings('q'), request: { query: [{ name: 'q', value: 'mine' }] } },
      { 'query q': { required: true, schema: { type: 'string', const: 'mine' } } },
    ],
    [
      'a default of a path parameter',
      {
        parameters: strings('id?'),
        request: {
          url: 'https://api.example.com/{id}',
          pathParameters: [{ name: 'id', default: 'last', useDefault: true }],
        },
      },
      { 'path id': { required: true, schema: { type: 'string', default: 'last' } } },
    ],
    [
      'a list, each item as a pair, and so perhaps none',
      {
        parameters: { type: 'object', properties: { tags: { type: 'array' } }, required: ['tags'] },
      },
      { 'query tags': { schema: { type: 'array', items: {} } } },
    ],
    [
      'what the tool binds',
      { parameters: strings('a'), bind: { a: '{{contact.id}}' } },
      { 'query a': { required: true, description: 'From the call: `contact.id`', schema: {} } },
    ],
    [
      'what an earlier tool returned',
      { callVariables: ['order'], request: { query: [{ name: 'id', value: '{{order.id}}' }] } },
      { 'query id': { required: true, description: 'Returned earlier in the call: `order.id`', schema: {} } },
    ],
    [
      'today',
      { request: { query: [{ name: 'on', value: '{{current_date}}' }] } },
      {
        'query on': {
          required: true,
          description: 'From the call: `current_date`',
          schema: { type: 'string', format: 'date' },
        },
      },
    ],
    [
      'the same name twice',
      { request: { url: 'https://api.example.com/?tag=a&tag=b' } },
      {
        'query tag': {
          required: true,
          schema: {
            type: 'array',
            items: {
              anyOf: [
                { type: 'string', const: 'a' },
                { type: 'string', const: 'b' },
              ],
            },
          },
        },
      },
    ],
    [
      'an object, as JSON',
      { parameters: { type: 'object', properties: { filter: { type: 'object' } } } },
      { 'query filter': { content: { 'application/json': { schema: { type: 'object' } } } } },
    ],
    [
      'arguments nobody declared',
      { parameters: { type: 'object', properties: {}, additionalProperties: true } },
      {
        'query arguments': {
          description: expect.any(String),
          style: 'form',
          explode: true,
          schema: { type: 'object', additionalProperties: true },
        },
      },
    ],
  ])('have %s as a parameter', (_name, overrides, expected) => {
    expect(parametersOf(overrides)).toEqual(expected);
  });

  it('say of a secret that a template names what it is called', () => {
    const query = [{ name: 'key', value: '{{CRM_API_KEY}}' }];
    const headers = [{ name: 'X-Login', value: 'ada {{CRM_API_KEY}}' }];

    expect(parametersOf({ request: { query, headers } })).toEqual({
      'query key': { description: 'The secret `CRM_API_KEY`', required: true, schema: { type: 'string' } },
      'header X-Login': {
        ...{ description: 'Text made of `CRM_API_KEY`', required: true, schema: { type: 'string' } },
      },
    });
  });

  it('do not list headers that OpenAPI keeps for itself', () => {
    const headers = ['Accept', 'content-type', 'Authorization', 'X-Mine'].map((name) => ({
      name,
      value: 'x',
    }));

    expect(Object.keys(parametersOf({ request: { headers } }))).toEqual(['header X-Mine']);
  });

  it.each<[string, Parameters<typeof toolDefinition>[0], unknown]>([
    ['nothing', {}, undefined],
    ['nothing, on purpose', { parameters: strings('a'), request: { body: { type: 'none' } } }, undefined],
    [
      'arguments that have no other place',
      { parameters: strings('a', 'b?') },
      {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: { a: { type: 'string' }, b: { type: 'string' } },
              required: ['a'],
            },
          },
        },
      },
    ],
    [
      'optional arguments alone, which may be none',
      { parameters: strings('b?') },
      {
        required: false,
        content: {
          'application/json': { schema: { type: 'object', properties: { b: { type: 'string' } } } },
        },
      },
    ],
    [
      'arguments nobody declared',
      { parameters: { type: 'object', properties: {}, additionalProperties: { type: 'string' } } },
      {
        required: false,
        content: {
          'application/json': {
            schema: { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
          },
        },
      },
    ],
    [
      'text whose content type only the call knows',
      {
        parameters: strings('kind'),
        request: {
          headers: [{ name: 'Content-Type', value: '{{kind}}' }],
          body: { type: 'text', template: '{{kind}}' },
        },
      },
      { required: true, content: { 'text/plain': { schema: { type: 'string' } } } },
    ],
    [
      'a JSON template',
      {
        parameters: strings('name', 'note?'),
        request: {
          body: {
            type: 'json',
            template: {
              who: { name: '{{name}}', note: '{{note}}' },
              tags: ['new', 1],
              urgent: false,
              none: null,
            },
          },
        },
      },
      {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: {
                who: {
                  type: 'object',
                  properties: { name: { type: 'string' }, note: { type: 'string' } },
                  required: ['name'],
                },
                tags: { type: 'array', items: { anyOf: [{ type: 'string', const: 'new' }, { const: 1 }] } },
                urgent: { const: false },
                none: { const: null },
              },
              required: ['who', 'tags', 'urgent', 'none'],
            },
          },
        },
      },
    ],
    [
      'a form, with the content type of the tool',
      {
        parameters: strings('a'),
        request: {
          headers: [{ name: 'Content-Type', value: 'application/x-www-form-urlencoded; charset=utf-8' }],
          body: { type: 'form', template: { a: '{{a}}' } },
        },
      },
      {
        required: true,
        content: {
          'application/x-www-form-urlencoded; charset=utf-8': {
            schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          },
        },
      },
    ],
    [
      'parts, a file among them',
      {
        parameters: strings('a'),
        request: {
          body: {
            type: 'multipart',
            template: [{ name: 'f', value: '{{a}}', fileName: 'a.csv', contentType: 'text/csv' }],
          },
        },
      },
      {
        required: true,
        content: {
          'multipart/form-data': {
            schema: { type: 'object', properties: { f: { type: 'string' } }, required: ['f'] },
            encoding: { f: { contentType: 'text/csv' } },
          },
        },
      },
    ],
    [
      'XML',
      { parameters: strings('a'), request: { body: { type: 'xml', template: '<r>{{a}}</r>' } } },
      {
        required: true,
        content: { 'application/xml': { schema: { type: 'string', description: 'Text made of `a`' } } },
      },
    ],
  ])('have %s as the body', (_name, overrides, expected) => {
    expect(bodyOf(overrides)).toEqual(expected);
  });

  it.each<[string, CredentialSlot['use'], Json]>([
    ['bearer', { type: 'bearer' }, { Shop_API: { type: 'http', scheme: 'bearer' } }],
    ['basic', { type: 'basic' }, { Shop_API: { type: 'http', scheme: 'basic' } }],
    [
      'api_key in a header',
      { type: 'api_key', in: 'header', parameter: 'X-Key' },
      { Shop_API: { type: 'apiKey', in: 'header', name: 'X-Key' } },
    ],
    [
      'api_key in the query',
      { type: 'api_key', in: 'query', parameter: 'key' },
      { Shop_API: { type: 'apiKey', in: 'query', name: 'key' } },
    ],
    [
      'headers',
      { type: 'headers', names: ['X-Id', 'X-Key'] },
      {
        Shop_API: { type: 'apiKey', in: 'header', name: 'X-Id' },
        Shop_API_2: { type: 'apiKey', in: 'header', name: 'X-Key' },
      },
    ],
    [
      'hmac',
      { type: 'hmac', header: 'X-Signature' },
      { Shop_API: { type: 'apiKey', in: 'header', name: 'X-Signature' } },
    ],
    [
      'aws_sigv4',
      { type: 'aws_sigv4' },
      { Shop_API: { type: 'apiKey', in: 'header', name: 'Authorization' } },
    ],
    [
      'oauth2',
      { type: 'oauth2', tokenUrl: 'https://id.example.com/token?secret=1', scopes: [] },
      {
        Shop_API: {
          type: 'oauth2',
          flows: { clientCredentials: { tokenUrl: 'https://id.example.com/token', scopes: {} } },
        },
      },
    ],
    [
      'oauth2, of an account',
      {
        ...{ type: 'oauth2', scopes: [], tokenUrl: 'https://id.example.com/token' },
        authorizationUrl: 'https://id.example.com/authorize?tenant=1',
      },
      {
        Shop_API: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: 'https://id.example.com/authorize',
              tokenUrl: 'https://id.example.com/token',
              scopes: {},
            },
          },
        },
      },
    ],
    ['mtls', { type: 'mtls' }, { Shop_API: { type: 'mutualTLS' } }],
  ])(
    'have a credential of type %s as security schemes of its name, all needed at once',
    async (_name, use, schemes) => {
      const [, { security }, document] = operationOf(
        { request: { credentialId: CREDENTIAL } },
        { name: 'Shop API!', use },
      );

      expect(document.components).toMatchObject({ securitySchemes: schemes });
      expect(security).toEqual([Object.fromEntries(Object.keys(schemes).map((name) => [name, []]))]);
      await expectValid(document);
    },
  );

  it('have the scopes that an access token needs', () => {
    const use = {
      type: 'oauth2',
      tokenUrl: 'https://id.example.com/token',
      scopes: ['read', 'write'],
    } as const;
    const [, { security }, document] = operationOf(
      { request: { credentialId: CREDENTIAL } },
      { name: 'id', use },
    );

    expect(security).toEqual([{ id: ['read', 'write'] }]);
    expect(document.components).toMatchObject({
      securitySchemes: { id: { flows: { clientCredentials: { scopes: { read: '', write: '' } } } } },
    });
  });

  it('share the scheme of a credential, and keep those of others apart', () => {
    const other = '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a12';
    const tools = [CREDENTIAL, CREDENTIAL, other].map((credentialId, index) =>
      toolDefinition({
        key: `t${index}`,
        request: { url: `https://api.example.com/${index}`, credentialId },
      }),
    );
    const slot: CredentialSlot = { name: 'crm', use: { type: 'bearer' } };
    const document = openApiDocument(
      tools,
      new Map([
        [CREDENTIAL, slot],
        [other, slot],
      ]),
    );
    const security = Object.values(document.paths as Paths).map(({ get }) => get?.security);

    expect(security).toEqual([[{ crm: [] }], [{ crm: [] }], [{ crm_2: [] }]]);
  });

  it.each<[string, Parameters<typeof toolDefinition>[0], Json | undefined]>([
    [
      'beside the arguments',
      { parameters: strings('a'), request: { method: 'POST' } },
      {
        properties: { a: {}, pin: { type: 'string', description: 'The credential “crm”' } },
        required: ['a', 'pin'],
      },
    ],
    ['alone', { request: { method: 'POST' } }, { properties: { pin: {} }, required: ['pin'] }],
    [
      'in place of what the tool has there',
      { request: { method: 'POST', body: { type: 'json', template: { pin: 'x', kind: 'y' } } } },
      { properties: { pin: { description: 'The credential “crm”' } }, required: ['kind', 'pin'] },
    ],
    ['nowhere in a GET', {}, undefined],
  ])('have a credential for the body %s', (_name, { request, ...overrides } = {}, expected) => {
    const use = { type: 'api_key', in: 'body', parameter: 'pin' } as const;
    const [, { requestBody, security }] = operationOf(
      { ...overrides, request: { ...request, credentialId: CREDENTIAL } },
      { name: 'crm', use },
    );

    expect(security).toEqual([]);
    if (expected) expect(requestBody?.content['application/json']?.schema).toMatchObject(expected);
    else expect(requestBody).toBeUndefined();
  });

  it('have a credential for the body nowhere in text, and another never in the body', () => {
    const use = { type: 'api_key', in: 'body', parameter: 'pin' } as const;
    const text = {
      method: 'POST',
      credentialId: CREDENTIAL,
      body: { type: 'text', template: '{{call_id}}' },
    } as const;
    const inText = operationOf({ request: text }, { name: 'crm', use })[1];
    const inHeader = operationOf({ request: text }, { name: 'crm', use: { ...use, in: 'header' } })[1];
    const content = { 'text/plain': { schema: { type: 'string', description: 'From the call: `call_id`' } } };

    expect([inText.requestBody?.content, inHeader.requestBody?.content]).toEqual([content, content]);
    const bare = { method: 'POST', credentialId: CREDENTIAL } as const;
    expect(
      operationOf({ request: bare }, { name: 'crm', use: { ...use, in: 'header' } })[1].requestBody,
    ).toBeUndefined();
  });

  it('say of a status what the first rule for it says', () => {
    const outcomes = ['first', 'second'].map((outcome) => ({ when: '404', outcome }));

    expect(operationOf({ response: { outcomes } })[1].responses).toMatchObject({
      '404': { description: 'first' },
    });
  });

  it('name no scheme for a credential that is not there', () => {
    expect(operationOf({ request: { credentialId: CREDENTIAL } })[1].security).toEqual([]);
  });

  it('that call one path by one method are told apart by what is never sent', async () => {
    const url = 'https://api.example.com/orders/';
    const tools = [
      toolDefinition({ key: 'first', parameters: strings('id'), request: { url: `${url}{id}` } }),
      toolDefinition({ key: 'second', parameters: strings('number'), request: { url: `${url}{number}` } }),
      toolDefinition({
        key: 'third',
        parameters: strings('id'),
        request: { url: `${url}{id}`, method: 'DELETE' },
      }),
    ];
    const document = openApiDocument(tools);
    const paths = Object.entries(document.paths as Paths).map(([path, methods]) => [
      path,
      Object.keys(methods),
    ]);

    expect(paths).toEqual([
      ['/orders/{id}', ['get', 'delete']],
      ['/orders/{number}#second', ['get']],
    ]);
    await expectValid(document);
  });

  it('tell nothing secret that a tool has written into its request', () => {
    const secret = 'correct-horse-1';
    const shaped = 'sk_live_1a2b3c4d5e';
    const document = openApiDocument([
      toolDefinition({
        request: {
          method: 'POST',
          url: `https://api.example.com/?api_key=${secret}`,
          headers: [
            { name: 'Authorization', value: `Bearer ${secret}` },
            { name: 'X-Auth-Token', value: secret },
            { name: 'X-Shop-Key', value: secret },
          ],
          query: [{ name: 'signature', value: `${secret}{{call_id}}` }],
          body: { type: 'json', template: { password: secret, nested: { pin: 1234567 }, kind: 'shown' } },
        },
      }),
      toolDefinition({
        key: 'soap',
        request: { method: 'POST', body: { type: 'xml', template: `<k>${secret}</k>` } },
      }),
      toolDefinition({
        key: 'mixed',
        request: { method: 'PUT', body: { type: 'text', template: `${secret} for {{call_id}}` } },
      }),
    ]);
    const elsewhere = openApiDocument([
      toolDefinition({
        request: {
          url: `https://api.example.com/hooks/${shaped}/{{call_id}}/:hook`,
          pathParameters: [{ name: 'hook', value: shaped }],
          query: [{ name: 'plain', value: shaped }],
        },
      }),
    ]);
    const text = JSON.stringify([document, elsewhere]);

    expect(Object.keys(elsewhere.paths as Paths)).toEqual(['/hooks/{secret}/{call_id}/{secret_2}']);
    for (const one of [secret, shaped]) expect(text).not.toContain(one);
    expect(text).not.toContain('1234567');
    expect(text).toContain('shown');
  });

  it('read back by the import, are a tool each again', () => {
    const demo = demoTools('https://api.example.com').map(({ definition }) =>
      normalizeDefinition(definition),
    );
    const tools = [...demo, { ...demo[0]!, key: 'the_same_path' }];
    const imported = importTools({ format: 'auto', source: openApiDocument(tools) });

    expect(imported).toMatchObject({ ok: true, format: 'openapi', dropped: [] });
    const read = imported.ok ? imported.tools : [];
    expect(read.flatMap(({ problems }) => problems)).toEqual([]);
    expect(read.map(({ definition }) => [definition.key, definition.request.method])).toEqual(
      expect.arrayContaining(tools.map(({ key, request }) => [key, request.method])),
    );
    expect(read.at(-1)?.definition.request.url).toBe('https://api.example.com/orders/{{orderId}}');
  });

  it('are a valid document: the demo’s', async () => {
    const tools = demoTools('https://api.example.com').map(({ definition }) =>
      normalizeDefinition(definition),
    );
    const document = openApiDocument(tools);

    expect(Object.keys(document.paths as Paths)).toHaveLength(tools.length);
    await expectValid(document);
  });

  it('are a valid document, whatever the tools', async () => {
    const generated = fc.gen().map((g) => generateDefinition(g));
    const definitions = fc
      .sample(generated, { numRuns: 150, seed: 7 })
      .filter((definition) => checkDefinition(definition).length === 0)
      .map((definition, index) => ({ ...definition, key: `tool_${index}` }));

    expect(definitions.length).toBeGreaterThan(20);
    await expectValid(openApiDocument(definitions));
  });

  it('are described as they are sent', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const definition = generateDefinition(g);
        if (checkDefinition(definition).length > 0) return;
        const tool = compileTool(definition);
        const coerced = tool.coerce(
          generateArguments(g, definition.parameters, () => 'some text'),
          frame,
        );
        const prepared = coerced.ok ? tool.prepare(frame, coerced.arguments) : coerced;
        if (!prepared.ok) return;
        count += 1;
        expectDescribed(prepared.request, definition);
      }),
      { numRuns: 300 },
    );
    expect(count).toBeGreaterThan(20);
  });
});

function expectDescribed(
  { method, origin, path, query, headers, body }: RenderedRequest,
  definition: ToolDefinition,
) {
  const [[template, methods]] = Object.entries(openApiDocument([definition]).paths as Paths) as [
    [string, Record<string, Operation>],
  ];
  const { parameters = [], requestBody, servers } = methods[method.toLowerCase()]!;
  const named = (place: string) => parameters.filter((one) => one.in === place);
  const isOpen = named('query').some(({ name }) => name.endsWith('arguments'));
  const inQuery = new Set(query.map(([name]) => name));
  const inHeaders = new Set(headers.map(([name]) => name));

  expect(servers).toEqual([{ url: origin }]);
  const literal = template.split(/\{[^}]*\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  expect(path).toMatch(new RegExp(`^${literal.join('[^/]+')}$`));
  if (!isOpen) expect(named('query').map(({ name }) => name)).toEqual(expect.arrayContaining([...inQuery]));
  expect(named('header').map(({ name }) => name)).toEqual(expect.arrayContaining([...inHeaders]));
  for (const { name } of named('query').filter(({ required }) => required))
    expect([name, [...inQuery]]).toEqual([name, expect.arrayContaining([name])]);
  for (const { name } of named('header').filter(({ required }) => required))
    expect([...inHeaders]).toContain(name);
  if (requestBody?.required) expect(body).toBeDefined();
  if (body) expect(requestBody).toBeDefined();
  if (body?.type !== 'json') return;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const { schema } = requestBody!.content['application/json']!;
  expect([ajv.validate(schema, body.value), ajv.errors, body.value, schema]).toEqual([
    true,
    null,
    body.value,
    schema,
  ]);
}
