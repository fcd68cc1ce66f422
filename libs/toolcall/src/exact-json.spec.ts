import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { integerOf, isRawInteger, parseExactly } from './exact-json.js';

describe('parseExactly', () => {
  it.each([
    '{"id":12345678901234567890}',
    '{"id":-9007199254740993,"a":[1,{"b":123456789012345678901234567890}]}',
    '[9007199254740993,"\\udbff123",12345678901234567]', // a text that looks like what stands for a number
    '{"12345678901234567":"12345678901234567","a":"\\"12345678901234567"}',
    '{"id":9007199254740993,"text":": 12345678901234567"}',
    String.raw`{"a":"\"","b":"\\","c":12345678901234567890}`,
  ])('keeps every digit of %s', (text) => {
    expect(JSON.stringify(parseExactly(text))).toBe(text);
  });

  it('makes raw integers of those only that a number would change', () => {
    const [exact, even, raw, fraction] = parseExactly(
      '[9007199254740991,9007199254740992,9007199254740993,0.12345678901234567]',
    ) as unknown[];

    expect([exact, even, fraction]).toEqual([9007199254740991, 9007199254740992, 0.12345678901234567]);
    expect(isRawInteger(raw)).toBe(true);
  });

  it.each(['{"a":01234567890123456789}', '[12345678901234567-1]', '{"a":12345678901234567', '[-]', ''])(
    'refuses what is not JSON: %s',
    (text) => {
      expect(() => parseExactly(text)).toThrow(SyntaxError);
    },
  );

  it('reads everything else as JSON.parse does', () => {
    const integer = fc.bigInt().map((value) => String(value));
    const text = fc
      .tuple(fc.json(), fc.array(integer), fc.json())
      .map(([before, integers, after]) => `[${before},{"i":[${integers.join(', ')}]},${after}]`);

    fc.assert(
      fc.property(text, (json) => {
        const value = parseExactly(json);
        expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(json));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads text that is nested very deep', () => {
    const text = `${'['.repeat(5000)}12345678901234567890${']'.repeat(5000)}`;

    expect(() => parseExactly(text)).not.toThrow();
  });

  it('makes an integer of digits, a raw one of many', () => {
    expect(integerOf('-42')).toBe(-42);
    expect(JSON.stringify(integerOf('-90071992547409931'))).toBe('-90071992547409931');
  });
});
