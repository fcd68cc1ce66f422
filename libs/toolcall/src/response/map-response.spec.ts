import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ResponseDefinition } from '../tool-definition.js';
import { compileMapping } from './map-response.js';
import { readBody, type ResponseBody } from './read-body.js';

const seedBody = {
  customer: { id: 'CUST-12345', name: 'John Smith', tier: 'gold', balance: 1250.5 },
  orders: [{ id: 'ORD-11111', status: 'shipped', total: 99.99 }],
};
const noHeaders = () => undefined;
const mapBody = (response: ResponseDefinition | undefined, body: ResponseBody, status = 200) =>
  compileMapping(response)({ status, header: noHeaders, body });
const map = (response: ResponseDefinition | undefined, value: unknown) =>
  mapBody(response, { kind: 'value', format: 'json', value });

describe('the variables of an answer', () => {
  it('are its top-level fields, nested as they are, and the status', () => {
    expect(map(undefined, seedBody).variables).toEqual({ ...seedBody, api_response_status: 200 });
  });

  it.each<[string, unknown, unknown]>([
    ['customer.name', 'John Smith', undefined],
    ['orders[0].status', 'shipped', undefined],
    ['orders[1].status', null, undefined],
    ['orders[1].status', 'none', 'none'],
    ['customer["tier"]', 'gold', undefined],
    ['customer.toString', null, undefined],
    ['orders.length', 1, undefined],
  ])('mapped from %s are %j', (path, expected, fallback) => {
    const { variables } = map({ variables: [{ name: 'v', path, default: fallback }] }, seedBody);

    expect(variables.v).toEqual(path === 'orders.length' ? 1 : expected);
  });

  it.each<[string, unknown]>([
    ['customer.name', 'John Smith'],
    ["orders[?status=='shipped'].total | [0]", 99.99],
    ['orders[*].{id: id, total: total}', [{ id: 'ORD-11111', total: 99.99 }]],
    ['length(orders)', 1],
    ["orders[?status=='lost'] | [0].total", null],
    ['sum(orders[*].total)', 99.99],
  ])('are found by the expression %s', (expression, expected) => {
    expect(map({ variables: [{ name: 'v', expression }] }, seedBody).variables.v).toEqual(expected);
  });

  it('come from headers, too, whatever the body is', () => {
    const mapping = compileMapping({
      variables: [
        { name: 'left', header: 'X-RateLimit-Remaining' },
        { name: 'next', header: 'Link', default: 'none' },
      ],
    });
    const headers: Record<string, string> = { 'x-ratelimit-remaining': '17' };

    expect(mapping({ status: 204, header: (name) => headers[name], body: { kind: 'empty' } })).toMatchObject({
      variables: { left: '17', next: 'none', api_response_status: 204 },
      notFound: [{ name: 'next', source: 'header: Link', value: 'none' }],
    });
  });

  it.each([
    ['[1,2]', 'application/json', { response: [1, 2] }],
    ['7', 'application/json', { response: 7 }],
    ['OK', 'text/plain', { text: 'OK', response: 'OK' }],
    ['a=1&b=2', 'application/x-www-form-urlencoded', { a: '1', b: '2' }],
    [
      '<order id="5"><status>shipped</status></order>',
      'text/xml',
      { order: { '@id': '5', status: 'shipped' } },
    ],
    ['', 'application/json', {}],
    ['{', 'application/json', {}],
  ])('of %s as %s have a name each', (text, type, expected) => {
    expect(mapBody(undefined, readBody(text, type)).variables).toEqual({
      ...expected,
      api_response_status: 200,
    });
  });

  it('are mapped from XML whether there is one element or many', () => {
    const variables = [
      { name: 'first', path: 'orders.order[0].status' },
      { name: 'second', path: 'orders.order[1].status' },
      { name: 'id', path: 'orders.order[0]["@id"]' },
    ];
    const one = '<orders><order id="1"><status>shipped</status></order></orders>';
    const two = one.replace('</orders>', '<order id="2"><status>open</status></order></orders>');

    expect(mapBody({ variables }, readBody(one, 'text/xml')).variables).toMatchObject({
      first: 'shipped',
      second: null,
      id: '1',
    });
    expect(mapBody({ variables }, readBody(two, 'text/xml')).variables).toMatchObject({
      first: 'shipped',
      second: 'open',
      id: '1',
    });
  });

  it('that are not found are null, and told with where they were looked for', () => {
    const { variables, notFound } = map(
      {
        variables: [
          { name: 'tier', path: 'customer.tier' },
          { name: 'tracking', path: 'orders[0].tracking' },
          { name: 'eta', path: 'eta', default: 'unknown' },
          { name: 'total', expression: 'sum(customer)' },
        ],
      },
      { ...seedBody, customer: { tier: null } },
    );

    expect(variables).toMatchObject({ tier: null, tracking: null, eta: 'unknown', total: null });
    expect(notFound).toEqual([
      { name: 'tracking', source: 'orders[0].tracking', value: null },
      { name: 'eta', source: 'eta', value: 'unknown' },
      {
        name: 'total',
        source: 'sum(customer)',
        value: null,
        reason: 'argument 1 of `sum` is object and must be numbers',
      },
    ]);
  });

  it('that are all found are not spoken of', () => {
    expect(map({ variables: [{ name: 'a', path: 'customer' }] }, seedBody).notFound).toBeUndefined();
    expect(map(undefined, {}).notFound).toBeUndefined();
  });

  it('that repeat more of an answer than can be written out in a moment are not found', () => {
    const variables = Array.from({ length: 100 }, (_, index) => ({ name: `v${index}`, path: 'list' }));
    const { notFound = [] } = map({ variables }, { list: Array.from({ length: 20_000 }, () => 1) });

    expect(notFound.length).toBeGreaterThan(90);
    expect(notFound[0]?.reason).toBe('takes too much work on this answer');
  });

  it('are those the tool exposes; its messages may name them all', () => {
    const variables = [{ name: 'name', path: 'customer.name' }];

    expect(map({ variables, expose: 'mapped' }, seedBody)).toMatchObject({
      variables: { name: 'John Smith', api_response_status: 200 },
      result: { name: 'John Smith' },
      spoken: { name: 'John Smith', customer: seedBody.customer, api_response_status: 200 },
    });
    const { variables: exposed, result, spoken } = map({ variables, expose: 'none' }, seedBody);
    expect({ exposed, result }).toEqual({ exposed: { api_response_status: 200 }, result: {} });
    expect(spoken).toMatchObject({ name: 'John Smith' });
  });

  it('have nothing in them that is denied or redacted', () => {
    const { variables, result, spoken } = map(
      {
        deny: ['customer.balance', 'orders[*].total'],
        redact: ['customer.id'],
        variables: [
          { name: 'balance', path: 'customer.balance' },
          { name: 'totals', expression: 'orders[*].total' },
          { name: 'id', path: 'customer.id' },
        ],
      },
      seedBody,
    );

    expect(variables).toEqual({
      customer: { id: '‹redacted›', name: 'John Smith', tier: 'gold' },
      orders: [{ id: 'ORD-11111', status: 'shipped' }],
      balance: null,
      totals: [],
      id: '‹redacted›',
      api_response_status: 200,
    });
    expect(JSON.stringify([result, spoken])).not.toMatch(/1250\.5|99\.99|CUST-12345/);
    expect(seedBody.customer.balance).toBe(1250.5);
  });

  it('are what is allowed, and what is mapped', () => {
    const { variables } = map(
      { allow: ['customer.name', 'orders[*].id'], variables: [{ name: 'tier', path: 'customer.tier' }] },
      seedBody,
    );

    expect(variables).toEqual({
      customer: { name: 'John Smith' },
      orders: [{ id: 'ORD-11111' }],
      tier: 'gold',
      api_response_status: 200,
    });
  });

  it('cannot reach or change a prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const response: ResponseDefinition = {
          variables: [
            { name: 'a', path: 'a.b' },
            { name: 'b', expression: 'a.b' },
          ],
          redact: ['a.b', 'x[0]', '[*].a'],
          deny: ['b'],
        };
        map(response, value);
        map(
          response,
          JSON.parse(
            `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"v":${JSON.stringify(value)}}`,
          ),
        );
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

describe('the result a model reads', () => {
  it('is cut and says so', () => {
    const { result } = map(undefined, {
      long: 'x'.repeat(10_000),
      list: Array.from({ length: 1000 }, (_, i) => i),
    });

    expect(result.long).toMatch(/… \[truncated: 10000 characters in all\]$/);
    expect(result.list).toHaveLength(201);
    expect((result.list as unknown[])[200]).toBe('[truncated: 1000 items in all]');
  });

  it('is cut where the tool wants it cut; the variables are not', () => {
    const { result, variables } = map(
      { maxArrayItems: 2, maxStringLength: 5 },
      { text: 'abcdefgh', short: 'abcde', list: [1, 2, 3], pair: [1, 2] },
    );

    expect(result).toEqual({
      text: 'abcde… [truncated: 8 characters in all]',
      short: 'abcde',
      list: [1, 2, '[truncated: 3 items in all]'],
      pair: [1, 2],
    });
    expect(variables).toMatchObject({ text: 'abcdefgh', list: [1, 2, 3] });
  });

  it('has at most about 32 KiB, whatever came', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 500, maxLength: 2000 }), { maxLength: 100 }), (items) => {
        expect(JSON.stringify(map(undefined, { items, more: items }).result).length).toBeLessThan(300_000);
      }),
      { numRuns: 30 },
    );
    const { result } = map(undefined, { items: Array.from({ length: 150 }, () => 'y'.repeat(4000)) });
    expect(JSON.stringify(result).length).toBeLessThan(60_000);
  });

  it('has no control or bidirectional characters', () => {
    expect(map(undefined, { note: 'a\u202eb\u0007c\nd' }).result).toEqual({ note: 'abc\nd' });
  });
});
