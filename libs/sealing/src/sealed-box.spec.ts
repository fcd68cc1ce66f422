import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { credentialContext } from './credential-context.js';
import { openSealed, rawPublicKey, SealingError, sealTo } from './sealed-box.js';

const executorKey = randomBytes(32);
const context = 'organization 1, credential 2, version 3';
const plaintext = Buffer.from('{"type":"bearer","token":"sk_live_4242"}');

function recipient() {
  const pair = generateKeyPairSync('x25519');
  return { pair, publicKey: rawPublicKey(pair.publicKey).toString('base64url') };
}

const { pair, publicKey } = recipient();
const seal = () => sealTo(publicKey, executorKey, plaintext, context);
const open = (sealed: string) => openSealed(pair, executorKey, sealed, context);

/** Every text that differs in one bit, and every text whose decoded parts differ in one bit. */
function* oneBitOff(sealed: string): Generator<string> {
  const text = Buffer.from(sealed, 'latin1');
  yield* flips(text, (flipped) => flipped.toString('latin1'));
  const parts = sealed.split('.');
  for (const [index, part] of parts.entries()) {
    if (index === 0) continue;
    yield* flips(Buffer.from(part, 'base64url'), (flipped) =>
      parts.with(index, flipped.toString('base64url')).join('.'),
    );
  }
}

function* flips(bytes: Buffer, write: (flipped: Buffer) => string): Generator<string> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield write(flipped);
  }
}

describe('a sealed box', () => {
  it('opens to what was sealed, whatever the bytes and the context', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string({ unit: 'grapheme' }), (bytes, name) => {
        const sealed = sealTo(publicKey, executorKey, Buffer.from(bytes), name);
        expect(openSealed(pair, executorKey, sealed, name)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('holds nothing and 64 KiB alike', () => {
    for (const bytes of [Buffer.alloc(0), randomBytes(65_536)]) {
      expect(open(sealTo(publicKey, executorKey, bytes, context))).toEqual(bytes);
    }
  });

  it('never looks the same twice', () => {
    const parts = Array.from({ length: 500 }, () => seal().split('.').slice(1)).flat();

    expect(new Set(parts).size).toBe(parts.length);
  });

  it('shows nothing of the plaintext', () => {
    const sealed = seal();
    const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url');

    expect(sealed).not.toContain(plaintext.toString('base64url').slice(0, 8));
    expect(bytes.includes('sk_live')).toBe(false);
  });

  it('does not open when any one bit of it differs', () => {
    const opened = [...oneBitOff(seal())].filter((altered) => {
      try {
        open(altered);
        return true;
      } catch (error) {
        return !(error instanceof SealingError);
      }
    });

    expect(opened).toEqual([]);
  });

  it('does not open when its end is missing, nor when something follows', () => {
    const sealed = seal();
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => open(sealed.slice(0, length))).toThrow(SealingError);
    }
    for (const more of ['A', '.', '.AAAA', '=', '\n', ' ']) {
      expect(() => open(sealed + more)).toThrow(SealingError);
    }
  });

  it.each([0, 4, 8, 12, 13, 14, 15])('does not open with the first %i bytes of its tag', (length) => {
    const parts = seal().split('.');
    const tag = Buffer.from(parts[3]!, 'base64url').subarray(0, length).toString('base64url');

    expect(() => open(parts.with(3, tag).join('.'))).toThrow(SealingError);
  });

  it.each(['s0', 's2', 'S1', '', 'v1'])('does not open as format "%s"', (format) => {
    expect(() => open(seal().split('.').with(0, format).join('.'))).toThrow('Not in the format s1');
  });

  it('does not open for somebody else', () => {
    expect(() => openSealed(recipient().pair, executorKey, seal(), context)).toThrow(SealingError);
  });

  it('does not open when somebody without the executors’ key made it', () => {
    const forged = sealTo(publicKey, randomBytes(32), plaintext, context);

    expect(() => open(forged)).toThrow(SealingError);
  });

  it('does not open in another context', () => {
    for (const other of ['', `${context} `, context.toUpperCase()]) {
      expect(() => openSealed(pair, executorKey, seal(), other)).toThrow(SealingError);
    }
  });

  it('takes no part of another box', () => {
    const [one, other] = [seal().split('.'), seal().split('.')];
    for (const index of [1, 2, 3]) {
      expect(() => open(one.with(index, other[index]!).join('.'))).toThrow(SealingError);
    }
  });

  it.each([
    ['zero', '00'.repeat(32)],
    ['one', `01${'00'.repeat(31)}`],
    ['of order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
    ['of order 8 too', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
    ['p - 1', `ec${'ff'.repeat(30)}7f`],
    ['p', `ed${'ff'.repeat(30)}7f`],
    ['p + 1', `ee${'ff'.repeat(30)}7f`],
  ])('is not sealed to, nor opened from, the public key %s, which agrees with everybody', (_name, hex) => {
    const weak = Buffer.from(hex, 'hex').toString('base64url');

    expect(() => sealTo(weak, executorKey, plaintext, context)).toThrow('of low order');
    expect(() => open(seal().split('.').with(1, weak).join('.'))).toThrow('of low order');
  });

  it.each([
    ['empty', ''],
    ['31 bytes', Buffer.alloc(31, 9).toString('base64url')],
    ['33 bytes', Buffer.alloc(33, 9).toString('base64url')],
    ['padded', `${Buffer.alloc(32, 9).toString('base64url')}=`],
  ])('is not sealed to a public key that is %s', (_what, key) => {
    expect(() => sealTo(key, executorKey, plaintext, context)).toThrow('not 32 bytes');
  });
});

describe('the context of a credential', () => {
  const one = { orgId: 'a', credentialId: 'b', version: 1 };

  it('differs with organization, credential and version', () => {
    const others = [{ orgId: 'b' }, { credentialId: 'a' }, { version: 11 }];
    const contexts = [one, ...others.map((other) => ({ ...one, ...other }))].map(credentialContext);

    expect(new Set(contexts).size).toBe(4);
  });

  it('is the same however the ids are spelled', () => {
    expect(credentialContext({ ...one, orgId: 'A', credentialId: 'B' })).toBe(credentialContext(one));
  });
});
