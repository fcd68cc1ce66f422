import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergeVariables, type CallVariables } from './merge-variables.js';

describe('the variables of a call', () => {
  it('are replaced by their namesakes, which are then the latest; null takes one away', () => {
    const known: CallVariables = [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ];

    expect(mergeVariables(known, { d: 4, a: { deep: null }, b: null, x: null }, 1000)).toEqual({
      variables: [
        ['c', 3],
        ['d', 4],
        ['a', { deep: null }],
      ],
      dropped: [],
    });
  });

  it('make room from the oldest on, one that is too large by itself included', () => {
    const size = (text: string) => text.length + '["a","…"],'.length - 1;
    const known: CallVariables = [
      ['a', 'xx'],
      ['b', 'yy'],
    ];

    expect(mergeVariables(known, { c: 'zz' }, 2 * size('xx'))).toEqual({
      variables: [
        ['b', 'yy'],
        ['c', 'zz'],
      ],
      dropped: ['a'],
    });
    expect(mergeVariables(known, { c: 'z'.repeat(100) }, 50)).toEqual({
      variables: [],
      dropped: ['a', 'b', 'c'],
    });
  });

  it('never take more than they may, and lose nothing that fits', () => {
    const values = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 });
    fc.assert(
      fc.property(values, values, fc.nat(300), (first, second, maxBytes) => {
        const known = mergeVariables([], first, 10_000).variables;
        const { variables, dropped } = mergeVariables(known, second, maxBytes);
        const names = variables.map(([name]) => name);
        const expected = [...Object.keys(first), ...Object.keys(second)].filter((name) => {
          const value = Object.hasOwn(second, name) ? second[name] : first[name];
          return value !== null;
        });

        expect(Buffer.byteLength(JSON.stringify(variables))).toBeLessThanOrEqual(maxBytes + 2);
        expect(new Set([...names, ...dropped])).toEqual(new Set(expected));
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
