import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { Keyring, KeyringError } from './keyring.js';

const [first, second, third] = [1, 2, 3].map(() => randomBytes(32).toString('base64')) as [
  string,
  string,
  string,
];

describe('the keyring', () => {
  it('takes the last key for the newest', () => {
    expect(Keyring.parse(`k1:${first},k2:${second}`).current.id).toBe('k2');
  });

  it('finds every key by its id, and no other', () => {
    const keyring = Keyring.parse(`k1:${first},k2:${second}`);

    expect(keyring.find('k1')?.export().toString('base64')).toBe(first);
    expect(keyring.find('k2')?.export().toString('base64')).toBe(second);
    expect(keyring.find('k3')).toBeUndefined();
    expect(keyring.current.key).toBe(keyring.find('k2'));
  });

  it('reads a file of one key per line', () => {
    expect(Keyring.parse(`k1:${first}\nk2:${second},\r\n\n  k3:${third}\n`).current.id).toBe('k3');
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'there is no key'],
    ['separators alone', ' ,\n', 'there is no key'],
    ['a key without an id', `k1:${first},${second}`, 'entry 2 must begin with a key id'],
    ['an id in upper case', `K1:${first}`, 'entry 1 must begin with a key id'],
    ['an id with a dot', `k.1:${first}`, 'entry 1 must begin with a key id'],
    ['a key that is too short', `k1:${first.slice(4)}`, 'key `k1` must be 32 bytes'],
    ['a key in hexadecimal', `k1:${'ab'.repeat(32)}`, 'key `k1` must be 32 bytes'],
    ['an id without a key', 'k1:', 'key `k1` must be 32 bytes'],
    ['an id twice', `k1:${first},k1:${second}`, 'key `k1` is there twice'],
  ])('refuses %s, and shows no key', (_what, text, message) => {
    let refusal: unknown;
    try {
      Keyring.parse(text);
    } catch (error) {
      refusal = error;
    }

    expect(refusal).toBeInstanceOf(KeyringError);
    expect((refusal as Error).message).toContain(message);
    for (const key of [first, second, first.slice(4), 'abab']) expect(inspect(refusal)).not.toContain(key);
  });

  it('shows no key when printed', () => {
    const keyring = Keyring.parse(`k1:${first}`);
    const printed = inspect(keyring, { depth: 9, showHidden: true }) + JSON.stringify(keyring);

    for (const encoding of ['base64', 'base64url', 'hex'] as const) {
      expect(printed).not.toContain(Buffer.from(first, 'base64').toString(encoding));
    }
    expect(printed).not.toMatch(/<Buffer/);
  });
});
