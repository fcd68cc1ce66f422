import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { EnvelopeError } from './box.js';
import { keyIdOf, openSecret, sealSecret, type SecretOwner } from './envelope.js';
import { Keyring } from './keyring.js';

const oldKey = `old:${randomBytes(32).toString('base64')}`;
const newKey = `new:${randomBytes(32).toString('base64')}`;
const keyring = Keyring.parse(`${oldKey},${newKey}`);
const keyringOfOld = Keyring.parse(`${newKey},${oldKey}`);

const owner: SecretOwner = {
  orgId: '11111111-1111-4111-8111-111111111111',
  credentialId: '01998f6a-0000-7000-8000-000000000001',
  version: 1,
  field: 'token',
  terms: '[["https://api.example.com"],{"type":"bearer","token":null}]',
};
const secret = Buffer.from('sk_live_51H8x');
const seal = () => sealSecret(secret, keyring.current, owner);

const dataParts = [2, 3, 4, 5, 6];

/** The texts that some change of the record gives and that are opened, or fail in any other way than expected. */
function accepted(altered: Iterable<string>): string[] {
  return [...altered].filter((text) => {
    try {
      openSecret(text, keyring, owner);
      return true;
    } catch (error) {
      return !(error instanceof EnvelopeError);
    }
  });
}

function* flipEachBit(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
}

function cutPart(record: string, part: number, length: number): string {
  const parts = record.split('.');
  const bytes = Buffer.from(parts[part]!, 'base64url').subarray(0, length);
  return parts.with(part, bytes.toString('base64url')).join('.');
}

describe('an envelope', () => {
  it('opens to what was sealed, whatever the bytes and the owner', () => {
    const owners = fc.record({
      orgId: fc.uuid(),
      credentialId: fc.uuid(),
      version: fc.nat(),
      field: fc.string({ unit: 'binary' }),
      terms: fc.string({ unit: 'binary' }),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), owners, (bytes, whose) => {
        const sealed = sealSecret(Buffer.from(bytes), keyring.current, whose);
        expect(openSecret(sealed, keyring, whose)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('holds nothing and 64 KiB alike', () => {
    for (const bytes of [Buffer.alloc(0), randomBytes(65_536)]) {
      expect(openSecret(sealSecret(bytes, keyring.current, owner), keyring, owner)).toEqual(bytes);
    }
  });

  it('has the documented format', () => {
    const [format, keyId, ...parts] = seal().split('.');

    expect([format, keyId]).toEqual(['v1', 'new']);
    expect(parts.map((part) => Buffer.from(part, 'base64url').length)).toEqual([12, 48, 12, 13, 16]);
    expect(keyIdOf(seal())).toBe('new');
  });

  it('never uses an IV, a data key or a tag twice, and never looks the same', () => {
    const parts = Array.from({ length: 5000 }, () => seal().split('.').slice(2)).flat();

    expect(new Set(parts).size).toBe(5000 * dataParts.length);
  });

  it('shows nothing of the plaintext', () => {
    const bytes = seal()
      .split('.')
      .map((part) => Buffer.from(part, 'base64url'));

    expect(bytes.some((part) => part.includes('sk_live'))).toBe(false);
  });

  it('opens under an old key while a newer one seals', () => {
    const sealedBefore = sealSecret(secret, keyringOfOld.current, owner);

    expect(keyIdOf(sealedBefore)).toBe('old');
    expect(openSecret(sealedBefore, keyring, owner)).toEqual(secret);
  });

  it('does not open once its key has left the keyring', () => {
    const sealedBefore = sealSecret(secret, keyringOfOld.current, owner);

    expect(() => openSecret(sealedBefore, Keyring.parse(newKey), owner)).toThrow('its key is not there');
  });

  it('does not open under another key of the same id', () => {
    const impostor = Keyring.parse(`new:${randomBytes(32).toString('base64')}`);

    expect(() => openSecret(seal(), impostor, owner)).toThrow(EnvelopeError);
  });

  it('opens for its own owner only: all ordered pairs of organization, credential, version, field, terms', () => {
    const others = {
      orgId: '22222222-2222-4222-8222-222222222222',
      credentialId: '01998f6a-0000-7000-8000-000000000002',
      version: 2,
      field: 'password',
      terms: '[["https://evil.example"],{"type":"bearer","token":null}]',
    };
    const owners: SecretOwner[] = [owner];
    for (const [name, value] of Object.entries(others)) {
      owners.push(...owners.map((one) => ({ ...one, [name]: value })));
    }
    expect(owners).toHaveLength(32);

    for (const sealedFor of owners) {
      const sealed = sealSecret(secret, keyring.current, sealedFor);
      expect(openSecret(sealed, keyring, sealedFor)).toEqual(secret);
      for (const other of owners.filter((one) => one !== sealedFor)) {
        expect(() => openSecret(sealed, keyring, other)).toThrow(EnvelopeError);
      }
    }
  });

  it.each(['', ',', '","', '|', '.', ':', '\0', '\n'])(
    'is not confused by values that run into each other around %j',
    (separator) => {
      const sealed = sealSecret(secret, keyring.current, { ...owner, field: 'a', terms: `b${separator}c` });
      const confused = { ...owner, field: `a${separator}b`, terms: 'c' };

      expect(() => openSecret(sealed, keyring, confused)).toThrow(EnvelopeError);
    },
  );

  it('does not open under another id of the same key', () => {
    const [, key = ''] = newKey.split(':');
    const renamed = Keyring.parse(`alias:${key}`);

    expect(() => openSecret(seal().replace('.new.', '.alias.'), renamed, owner)).toThrow(EnvelopeError);
  });

  it('does not open when it names the other key, in either direction', () => {
    expect(accepted([seal().replace('.new.', '.old.')])).toEqual([]);
    expect(accepted([sealSecret(secret, keyringOfOld.current, owner).replace('.old.', '.new.')])).toEqual([]);
  });

  it('does not open when any one bit of its text differs', () => {
    const flipped = [...flipEachBit(Buffer.from(seal(), 'latin1'))];

    expect(flipped.length).toBeGreaterThan(1000);
    expect(accepted(flipped.map((text) => text.toString('latin1')))).toEqual([]);
  });

  it('does not open when any one bit of its decoded parts differs', () => {
    const parts = seal().split('.');
    const altered = dataParts.flatMap((index) =>
      [...flipEachBit(Buffer.from(parts[index]!, 'base64url'))].map((bytes) =>
        parts.with(index, bytes.toString('base64url')).join('.'),
      ),
    );

    expect(altered).toHaveLength((12 + 48 + 12 + 13 + 16) * 8);
    expect(accepted(altered)).toEqual([]);
  });

  it.each([0, 4, 8, 12, 13, 14, 15])('does not open with the first %i bytes of a tag', (length) => {
    expect(accepted([cutPart(seal(), 6, length), cutPart(seal(), 3, 32 + length)])).toEqual([]);
  });

  it('does not open when its end is missing, nor when something follows', () => {
    const sealed = seal();
    const cut = Array.from({ length: sealed.length }, (_, length) => sealed.slice(0, length));
    const longer = ['A', '=', '.', '.AAAA', '\n', ' '].map((more) => sealed + more);

    expect(accepted([...cut, ...longer])).toEqual([]);
  });

  it.each(['v0', 'v2', 'V1', '', '1'])('does not open as format "%s"', (format) => {
    expect(() => openSecret(seal().split('.').with(0, format).join('.'), keyring, owner)).toThrow(
      'not in format v1',
    );
  });

  it('takes no part of another envelope of the same owner', () => {
    const [one, other] = [seal().split('.'), seal().split('.')];

    expect(accepted(dataParts.map((index) => one.with(index, other[index]!).join('.')))).toEqual([]);
  });
});
