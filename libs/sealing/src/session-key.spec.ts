import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { SealingError, sealTo } from './sealed-box.js';
import { SessionKeyPair, verifySession } from './session-key.js';

const executorKey = randomBytes(32);
const context = 'one credential';

function flipBit(text: string, bit: number): string {
  const bytes = Buffer.from(text, 'base64url');
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return bytes.toString('base64url');
}

describe('a session key', () => {
  it('opens what was sealed to its public half', () => {
    const keys = SessionKeyPair.create(executorKey);
    const sealed = sealTo(keys.session.publicKey, executorKey, Buffer.from('hunter2'), context);

    expect(keys.open(sealed, context).toString()).toBe('hunter2');
    expect(() => keys.open(sealed, 'another credential')).toThrow(SealingError);
    expect(() => SessionKeyPair.create(executorKey).open(sealed, context)).toThrow(SealingError);
  });

  it('is another one each time', () => {
    const keys = Array.from({ length: 50 }, () => SessionKeyPair.create(executorKey).session.publicKey);

    expect(new Set(keys).size).toBe(50);
  });

  it('shows its session and nothing else when printed', () => {
    const keys = SessionKeyPair.create(executorKey);

    expect(JSON.parse(JSON.stringify(keys))).toEqual({ session: keys.session });
    expect(inspect(keys, { showHidden: true, depth: 5 })).not.toMatch(/Buffer|KeyObject/);
  });
});

describe('the proof of a session', () => {
  const { session } = SessionKeyPair.create(executorKey);

  it('is accepted under the executors’ key only', () => {
    expect(verifySession(session, executorKey)).toBe(true);
    expect(verifySession(session, randomBytes(32))).toBe(false);
  });

  it('fails with any bit of proof or public key flipped', () => {
    for (let bit = 0; bit < 256; bit += 1) {
      expect(verifySession({ ...session, proof: flipBit(session.proof, bit) }, executorKey)).toBe(false);
      const publicKey = flipBit(session.publicKey, bit);
      expect(verifySession({ ...session, publicKey }, executorKey)).toBe(false);
    }
  });

  it('is good for its own public key only', () => {
    const other = SessionKeyPair.create(executorKey).session;

    expect(verifySession({ publicKey: other.publicKey, proof: session.proof }, executorKey)).toBe(false);
  });

  it.each([
    ['empty', ''],
    ['short', 'AAAA'],
    ['padded', '='],
    ['not base64url', '!'.repeat(43)],
  ])('fails without an exception when it is %s', (_what, proof) => {
    const text = proof === '=' ? `${session.proof}=` : proof;

    expect(verifySession({ ...session, proof: text }, executorKey)).toBe(false);
    expect(verifySession({ ...session, publicKey: text }, executorKey)).toBe(false);
  });
});
