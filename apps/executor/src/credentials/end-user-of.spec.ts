import { parseExactly } from '#toolcall/exact-json';
import { describe, expect, it } from '@jest/globals';
import { endUserOf } from './end-user-of.js';

describe('whose account a call uses', () => {
  it.each<[string, string | undefined]>([
    ['{"contact":{"id":"c-1"}}', 'c-1'],
    ['{"contact":{"id":4711}}', '4711'],
    ['{"contact":{"id":12345678901234567890}}', '12345678901234567890'],
    ['{"contact":{"id":0}}', '0'],
    ['{"contact":{"id":""}}', undefined],
    ['{"contact":{"id":1.5}}', undefined],
    ['{"contact":{"id":null}}', undefined],
    ['{"contact":{"id":true}}', undefined],
    ['{"contact":{"id":["c-1"]}}', undefined],
    ['{"contact":{"id":{"id":"c-1"}}}', undefined],
    ['{"contact":{"email":"a@b.example"}}', undefined],
    ['{}', undefined],
  ])('with the context %s is that of %s', (context, expected) => {
    expect(endUserOf({ context: parseExactly(context) as object })).toBe(expected);
  });

  it('is nobody’s without a context', () => {
    expect(endUserOf({})).toBeUndefined();
  });
});
