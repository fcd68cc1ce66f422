import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { importTools } from './import-tools.js';
import type { ImportResult } from './imported.js';

const shop = readFileSync(new URL('./fixtures/shop.postman.json', import.meta.url), 'utf8');

type Imported = Extract<ImportResult, { ok: true }>;

function read(source: unknown, more: object = {}): Imported {
  const result = importTools({ format: 'auto', source, ...more });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.format).toBe('postman');
  return result;
}

const toolOf = (result: Imported, key: string) =>
  result.tools.find(({ definition }) => definition.key === key);
const collection = (...item: object[]) => ({ info: { name: 'C' }, item });

describe('a Postman collection', () => {
  const result = read(shop);

  it('makes a tool of each request, in folders or not', () => {
    expect(result.tools.map(({ where, definition }) => [where, definition.key, definition.name])).toEqual([
      ['/item/0/item/0', 'get_order', 'Get order'],
      ['/item/0/item/1', 'cancel_order', 'Cancel order'],
      ['/item/0/item/2', 'place_order', 'Place order'],
      ['/item/1', 'sign_in', 'Sign in'],
      ['/item/2', 'search', 'Search'],
      ['/item/3', 'send_report', 'Send report'],
      ['/item/4', 'send_picture', 'Send picture'],
      ['/item/5', 'elsewhere', 'Elsewhere'],
    ]);
  });

  it('has its variables put into the host, and asked for elsewhere with their values as examples', () => {
    expect(toolOf(result, 'get_order')).toMatchObject({
      definition: {
        description: 'Looks up an order by its number.',
        parameters: {
          type: 'object',
          properties: {
            id: { type: 'string', description: 'Number of the order', examples: ['ORD-7'] },
            customerId: { type: 'string' },
          },
          required: ['id', 'customerId'],
        },
        request: {
          method: 'GET',
          url: 'https://shop.example.com/api/orders/{{id}}',
          headers: [{ name: 'Accept', value: 'application/json' }],
          query: [
            { name: 'expand', value: 'items' },
            { name: 'customer', value: '{{customerId}}' },
          ],
        },
      },
      problems: [],
    });
    expect(toolOf(result, 'cancel_order')?.definition).toMatchObject({
      parameters: { properties: { orderId: { type: 'string', examples: ['ORD-1'] } } },
      request: { method: 'DELETE', url: 'https://shop.example.com/api/orders/{{orderId}}' },
    });
  });

  it('has bodies of every mode', () => {
    expect(toolOf(result, 'place_order')?.definition).toMatchObject({
      parameters: { properties: { sku: { type: 'string' }, quantity: { type: 'number' } } },
      request: {
        body: { type: 'json', template: { sku: '{{sku}}', quantity: '{{quantity}}', channel: 'phone' } },
      },
    });
    expect(toolOf(result, 'place_order')?.definition.request).not.toHaveProperty('headers');
    expect(toolOf(result, 'sign_in')?.definition.request.body).toEqual({
      type: 'form',
      template: [
        { name: 'grant_type', value: 'password' },
        { name: 'scope', value: '{{scope}}' },
      ],
    });
    expect(toolOf(result, 'search')?.definition.request.body).toEqual({
      type: 'json',
      template: { query: 'query($q: String!) { search(q: $q) { sku } }', variables: { q: '{{term}}' } },
    });
    expect(toolOf(result, 'send_report')?.definition.request.body).toEqual({
      type: 'multipart',
      template: [
        { name: 'title', value: 'Daily' },
        { name: 'rows', value: '{{rows}}', fileName: 'rows.csv' },
      ],
    });
    expect(toolOf(result, 'send_picture')?.problems).toMatchObject([
      { pointer: '/request/body', code: 'not_allowed' },
    ]);
  });

  it('has authentication handed down by folders, and its secrets given to the vault', () => {
    expect(result.credentials.map(({ type, usedBy, found }) => ({ type, usedBy, found }))).toEqual([
      { type: 'api_key', usedBy: ['get_order', 'place_order'], found: true },
      { type: 'basic', usedBy: ['sign_in'], found: true },
      { type: 'bearer', usedBy: ['search', 'send_report', 'send_picture'], found: true },
      { type: 'signature', usedBy: ['elsewhere'], found: false },
    ]);
    expect([...result.secrets.values()]).toEqual([
      { type: 'api_key', in: 'header', parameter: 'X-Shop-Key', value: 'shop-key-98765' },
      { type: 'basic', username: 'ada', password: 'lovelace-1843' },
      { type: 'bearer', token: 'tok-shop-123456' },
    ]);
    expect(JSON.stringify({ ...result, secrets: undefined })).not.toMatch(
      /shop-key-98765|lovelace-1843|tok-shop-123456|aws-secret/,
    );
  });

  it('says what it loses: scripts, what is switched off; and which host is not known', () => {
    expect(result.dropped.map(({ where, what }) => `${where} ${what}`)).toEqual([
      '/event/0 the pre-request script',
      '/item/0/item/0/request/header/1 `X-Debug`',
      '/item/0/item/0/request/url/query/1 `trace`',
      '/item/0/item/1/event/0 the test script',
      '/item/0/item/2 the quotes of `quantity`',
      '/item/1/request/body/urlencoded/2 `debug`',
    ]);
    expect(toolOf(result, 'elsewhere')?.problems).toMatchObject([
      { pointer: '/request/url', code: 'required' },
    ]);
  });

  it('can be narrowed to some requests, by folder and name, by name, or by method and path', () => {
    const operations = ['Orders / Get order', 'search', 'DELETE /orders/:orderId'];

    expect(read(shop, { operations }).tools.map(({ definition }) => definition.key)).toEqual([
      'get_order',
      'cancel_order',
      'search',
    ]);
  });

  it('takes values for its variables, which are then no arguments', () => {
    const given = read(shop, {
      operations: ['Elsewhere', 'Sign in'],
      variables: { unknownHost: 'https://else.example.com', scope: 'read' },
    });

    expect(toolOf(given, 'elsewhere')?.definition.request.url).toBe('https://else.example.com/x');
    expect(toolOf(given, 'elsewhere')?.problems).toEqual([]);
    expect(toolOf(given, 'sign_in')?.definition).toMatchObject({
      parameters: { properties: {} },
      request: { body: { template: [{ name: 'grant_type' }, { name: 'scope', value: 'read' }] } },
    });
  });

  it.each<[string, object, object]>([
    [
      'a URL in parts only',
      { url: { protocol: 'https', host: ['api', 'example', 'com'], port: '8443', path: ['v1', 'x'] } },
      { request: { method: 'GET', url: 'https://api.example.com:8443/v1/x' } },
    ],
    [
      'a request that is a URL',
      { url: 'https://api.example.com/y' },
      { request: { method: 'GET', url: 'https://api.example.com/y' } },
    ],
    [
      'XML by the body’s own setting',
      {
        method: 'PUT',
        url: 'https://api.example.com/z',
        body: { mode: 'raw', raw: '<a>{{b}}</a>', options: { raw: { language: 'xml' } } },
      },
      { request: { body: { type: 'xml', template: '<a>{{b}}</a>' } } },
    ],
    [
      'JSON nobody called so',
      { method: 'POST', url: 'https://api.example.com/z', body: { mode: 'raw', raw: '[1, "{{b}}"]' } },
      { request: { body: { type: 'json', template: [1, '{{b}}'] } } },
    ],
  ])('may have %s', (_name, request, definition) => {
    expect(read(collection({ name: 'One', request })).tools[0]).toMatchObject({ definition, problems: [] });
  });

  it.each<[string, object, object[]]>([
    [
      'an OAuth token that was fetched',
      { type: 'oauth2', oauth2: [{ key: 'accessToken', value: 'oauth-token-77' }] },
      [{ type: 'bearer', token: 'oauth-token-77' }],
    ],
    [
      'a key in the query',
      { type: 'apikey', apikey: { key: 'api_key', value: 'query-key-123', in: 'query' } },
      [{ type: 'api_key', in: 'query', parameter: 'api_key', value: 'query-key-123' }],
    ],
    ['OAuth without a token', { type: 'oauth2', oauth2: [] }, []],
  ])('may authenticate by %s', (_name, auth, secrets) => {
    const imported = read(collection({ name: 'One', request: { url: 'https://api.example.com/y', auth } }));

    expect([...imported.secrets.values()]).toEqual(secrets);
  });

  it('cannot blow itself up by variables within variables', () => {
    const variable = 'abcdefghij'.split('').map((key, index, all) => ({
      key,
      value: index === 9 ? 'x'.repeat(1000) : `{{${all[index + 1] ?? ''}}}`.repeat(20),
    }));

    expect(
      read({ ...collection({ name: 'One', request: { url: 'https://{{a}}/y' } }), variable }).tools,
    ).toHaveLength(1);
  });

  it('is refused without requests', () => {
    expect(importTools({ format: 'postman', source: { info: {} } })).toMatchObject({
      ok: false,
      problems: [{ pointer: '/source/item', code: 'required' }],
    });
  });
});
