import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileMapping, readBody } from './map-response.js';
import type { ResponseDefinition } from './tool-definition.js';

const seedBody = {
  customer: { id: 'CUST-12345', name: 'John Smith', tier: 'gold', balance: 1250.5 },
  orders: [{ id: 'ORD-11111', status: 'shipped', total: 99.99 }],
};
const map = (response: ResponseDefinition | undefined, value: unknown, status = 200) =>
  compileMapping(response)({ kind: 'json', value }, status);

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

  it('called `response` hold an answer that is no object', () => {
    expect(map(undefined, [1, 2]).variables).toEqual({ response: [1, 2], api_response_status: 200 });
    expect(compileMapping(undefined)({ kind: 'text', text: 'OK' }, 200).variables).toEqual({
      response: 'OK',
      api_response_status: 200,
    });
  });

  it('are those the tool exposes', () => {
    const variables = [{ name: 'name', path: 'customer.name' }];

    expect(map({ variables, expose: 'mapped' }, seedBody)).toEqual({
      variables: { name: 'John Smith', api_response_status: 200 },
      result: { name: 'John Smith' },
    });
    expect(map({ variables, expose: 'none' }, seedBody)).toEqual({
      variables: { api_response_status: 200 },
      result: {},
    });
  });

  it('have nothing in them that is redacted', () => {
    const { variables, result } = map(
      { redact: ['customer.balance', 'orders[0]'], variables: [{ name: 'b', path: 'customer.balance' }] },
      seedBody,
    );

    expect(variables).toEqual({
      customer: { id: 'CUST-12345', name: 'John Smith', tier: 'gold' },
      orders: [null],
      b: null,
      api_response_status: 200,
    });
    expect(JSON.stringify(result)).not.toContain('1250.5');
    expect(seedBody.customer.balance).toBe(1250.5);
  });

  it('cannot reach or change a prototype', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        map({ variables: [{ name: 'a', path: 'a.b' }], redact: ['a.b', 'x[0]'] }, value);
        map(
          undefined,
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

describe('a body', () => {
  it.each([
    ['{"a":1}', 'application/json', { kind: 'json', value: { a: 1 } }],
    ['\ufeff{"a":1}', 'application/json; charset=utf-8', { kind: 'json', value: { a: 1 } }],
    ['{"a":1}', 'application/problem+json', { kind: 'json', value: { a: 1 } }],
    ['{"a":1}', undefined, { kind: 'json', value: { a: 1 } }],
    ['{"a":1}', 'text/plain', { kind: 'text', text: '{"a":1}' }],
    ['<html>', 'text/html', { kind: 'text', text: '<html>' }],
    ['  ', 'application/json', { kind: 'empty' }],
    ['{"a":', 'application/json', { kind: 'invalid', message: 'says it is JSON, and is not' }],
    ['{"a":NaN}', 'application/json', { kind: 'invalid', message: 'says it is JSON, and is not' }],
  ])('%j of type %s is read', (text, contentType, expected) => {
    expect(readBody(text, contentType)).toEqual(expected);
  });

  it('nested a hundred thousand levels deep is invalid, not fatal', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

    expect(readBody(deep, 'application/json')).toMatchObject({ kind: 'invalid' });
  });
});
