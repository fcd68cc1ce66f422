import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyPatch } from 'rfc6902';
import { diffJson } from './diff-json.js';

describe('the difference of two documents', () => {
  it.each<[string, object, object, object[]]>([
    ['nothing', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ['the order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    ['a value', { a: { b: 1 } }, { a: { b: 2 } }, [{ pointer: '/a/b', from: 1, to: 2 }]],
    ['an added field', {}, { a: null }, [{ pointer: '/a', to: null }]],
    ['a removed field', { a: { b: 1 } }, {}, [{ pointer: '/a', from: { b: 1 } }]],
    ['a type', { a: [1] }, { a: { 0: 1 } }, [{ pointer: '/a', from: [1], to: { 0: 1 } }]],
    [
      'items, by their place',
      { a: ['x', { b: 1 }, 'z'] },
      { a: [{ b: 1 }, { b: 2 }] },
      [
        { pointer: '/a/0', from: 'x', to: { b: 1 } },
        { pointer: '/a/1/b', from: 1, to: 2 },
        { pointer: '/a/2', from: 'z' },
      ],
    ],
    ['names with a slash', { 'a/b': { '~': 1 } }, { 'a/b': {} }, [{ pointer: '/a~1b/~0', from: 1 }]],
    ['a name every object has', { toString: 1 }, {}, [{ pointer: '/toString', from: 1 }]],
  ])('says %s', (_what, from, to, changes) => {
    expect(diffJson(from, to)).toEqual(changes);
  });

  it('leads from any document to any other', () => {
    // Without `__proto__`, which the patching side refuses to write.
    const documents = fc.object({ key: fc.constantFrom('a', 'b', '', '/', '~'), withNullPrototype: false });
    const json = documents.map((one) => JSON.parse(JSON.stringify(one)) as object);
    fc.assert(
      fc.property(json, json, (from, to) => {
        const changes = diffJson(from, to);
        const removed = changes.filter((one) => !('to' in one));
        const others = changes.filter((one) => 'to' in one);
        const patched = structuredClone(from);

        applyPatch(patched, [
          ...removed.reverse().map(({ pointer }) => ({ op: 'remove' as const, path: pointer })),
          ...others.map(({ pointer, to: value, ...rest }) => ({
            op: 'from' in rest ? ('replace' as const) : ('add' as const),
            path: pointer,
            value,
          })),
        ]);
        expect(patched).toEqual(to);
      }),
    );
  });

  it('of long lists takes time by their length, not its square', () => {
    const numbers = Array.from({ length: 50_000 }, (_, index) => index);

    expect(diffJson({ a: numbers }, { a: numbers.map((one) => one + 1) })).toHaveLength(50_000);
  });
});
