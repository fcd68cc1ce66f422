import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EgressPolicy } from './egress-policy.js';
import { parseEgressAllow } from './policy-entries.js';
import { parseTarget } from './parse-target.js';
import { TargetMemory } from './target-memory.js';

const policy = new EgressPolicy({ allow: parseEgressAllow('http://127.0.0.1:4010') });
const closed = new EgressPolicy();

describe('the memory of the gate', () => {
  const piece = fc.constantFrom(
    ...[
      'https://',
      'http://',
      'api.example.com',
      '127.0.0.1:4010',
      '127.0.0.1',
      '10.0.0.1',
      ':443',
      ':22',
      '/',
      '/a',
    ],
    ...[
      '.',
      '..',
      '%2e',
      '%2E%2e',
      '?',
      'a=b',
      '&',
      '#',
      '\\',
      '@',
      'user:pw@',
      ' ',
      '\t',
      '\n',
      "'",
      '"',
      '%',
      '%zz',
    ],
    ...['[::1]', '0x7f.1', 'localhost', '①', ';', '//', '{', '^', '|', 'é'],
  );
  const url = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 8 }).map((pieces) => `https://api.example.com/${pieces.join('')}`),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );

  it('says what the gate itself would say, of any URL, the first time and later', () => {
    const memory = new TargetMemory();

    fc.assert(
      fc.property(url, (text) => {
        const expected = parseTarget(text, policy);
        for (const found of [memory.find(text, policy), memory.find(text, policy)]) {
          expect(found.target.ok).toBe(expected.ok);
          if (!expected.ok || !found.target.ok) continue;
          expect([found.target.origin, found.target.reach]).toEqual([expected.origin, expected.reach]);
          expect(found.path).toBe(expected.url.pathname + expected.url.search);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('remembers for each policy apart', () => {
    const memory = new TargetMemory();

    expect(memory.find('http://127.0.0.1:4010/x', policy).target.ok).toBe(true);
    expect(memory.find('http://127.0.0.1:4010/x', closed).target.ok).toBe(false);
  });
});
