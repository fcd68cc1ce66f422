import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HIDDEN, maskSecret } from './mask.js';

const secrets = fc.string({ unit: 'grapheme', maxLength: 200 });

/** How many characters of the secret a mask gives away. */
function shownBy(mask: string): number {
  return mask === HIDDEN ? 0 : Array.from(mask).length - 1;
}

describe('a mask', () => {
  it.each([
    ['', '••••'],
    ['hunter2', '••••'],
    ['123456789012345', '••••'],
    ['1234567890123456', '12…56'],
    ['12345678901234567890', '12…890'],
    ['sk_live_4242424242424242_abcdef9a2', 'sk_l…f9a2'],
    [`${'🔑'.repeat(15)}ab`, '🔑🔑…ab'],
  ])('of "%s" is "%s"', (secret, mask) => {
    expect(maskSecret(secret)).toBe(mask);
  });

  it('never shows more than a quarter of the secret, nor more than eight characters', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const shown = shownBy(maskSecret(secret));
        expect(shown).toBeLessThanOrEqual(8);
        expect(shown).toBeLessThanOrEqual(Array.from(secret).length / 4);
      }),
    );
  });

  it('shows only the beginning and the end', () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const mask = maskSecret(secret);
        if (mask === HIDDEN) return;
        const shown = shownBy(mask);
        const characters = Array.from(secret);
        const first = characters.slice(0, Math.floor(shown / 2)).join('');
        const last = characters.slice(-Math.ceil(shown / 2)).join('');
        expect(mask).toBe(`${first}…${last}`);
      }),
    );
  });

  it('never holds more than four characters of the secret in a row', () => {
    const distinct = fc
      .uniqueArray(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }), {
        minLength: 1,
        maxLength: 200,
      })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(distinct, (secret) => {
        const mask = maskSecret(secret);
        for (let start = 0; start + 5 <= secret.length; start += 1) {
          expect(mask).not.toContain(secret.slice(start, start + 5));
        }
      }),
    );
  });
});
