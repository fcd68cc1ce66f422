import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { IntakeKey, intakeContext, sealForVault } from './intake-key.js';
import { SealingError } from './sealed-box.js';
import { SessionKeyPair } from './session-key.js';

const privateKey = randomBytes(32);
const key = new IntakeKey(privateKey);
const context = intakeContext('6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a11');
const plaintext = Buffer.from('{"token":"sk_live_canary"}');

describe('what is sealed for the vault', () => {
  it('is read by every vault that has the key, and does not show what is in it', () => {
    const sealed = sealForVault(key.publicKey, plaintext, context);

    expect(sealed).not.toContain('canary');
    expect(new IntakeKey(privateKey).open(sealed, context)).toEqual(plaintext);
    expect(sealForVault(key.publicKey, plaintext, context)).not.toBe(sealed);
  });

  it('is not read with another key, for another organization, or where a session key was meant', () => {
    const sealed = sealForVault(key.publicKey, plaintext, context);
    const other = intakeContext('00000000-6a0f-4b8e-9c39-6f6b7a9f0a11');

    expect(() => new IntakeKey(randomBytes(32)).open(sealed, context)).toThrow(SealingError);
    expect(() => key.open(sealed, other)).toThrow(SealingError);
    const executor = SessionKeyPair.create(randomBytes(32));
    const toSession = sealForVault(executor.session.publicKey, plaintext, context);
    expect(() => executor.open(toSession, context)).toThrow(SealingError);
  });

  it('takes a public key that is one', () => {
    expect(() => sealForVault('AAAA', plaintext, context)).toThrow(SealingError);
    expect(() => sealForVault(Buffer.alloc(32).toString('base64url'), plaintext, context)).toThrow(
      SealingError,
    );
  });

  it('has a key whose private half cannot be printed', () => {
    const shown = `${inspect(key, { depth: 5, showHidden: true })} ${JSON.stringify(key)}`;

    expect(shown).toContain(key.publicKey);
    expect(shown).not.toContain(privateKey.toString('base64'));
    expect(shown).not.toContain(privateKey.toString('hex'));
  });
});
