import { ServiceError } from '#contracts/errors';
import type { CredentialInput, CredentialSecret } from '#contracts/vault.contract';
import { Injectable, Logger } from '@nestjs/common';
import { EnvelopeError } from '../crypto/box.js';
import { keyIdOf, openSecret, sealSecret, type KeyFinder, type SecretOwner } from '../crypto/envelope.js';
import type { NamedKey } from '../crypto/keyring.js';
import { HIDDEN, maskSecret } from '../crypto/mask.js';
import type { CredentialEntity, StoredSecret } from './credential.entity.js';
import { mapSecrets, secretsById, type Typed } from './credential-fields.js';

type Identity = Pick<CredentialEntity, 'orgId' | 'id' | 'version'>;

/** Turns what was entered into what is stored, and back. Plaintext goes no further than this and its callers. */
@Injectable()
export class CredentialSealer {
  private readonly log = new Logger('CredentialSealer');

  seal(credential: CredentialInput, identity: Identity, key: NamedKey): Typed<StoredSecret> {
    const terms = termsOf(credential.origins, credential);
    return mapSecrets(credential, (secret, { id }) => {
      const plaintext = Buffer.from(secret);
      const sealed = sealSecret(plaintext, key, ownerOf(identity, id, terms));
      plaintext.fill(0);
      return { sealed, masked: neverShown(credential, id) ? HIDDEN : maskSecret(secret) };
    });
  }

  /** @throws ServiceError `credential_unreadable` */
  open(credential: CredentialEntity, keys: KeyFinder): CredentialSecret {
    const terms = termsOf(credential.origins, credential.content);
    return mapSecrets(credential.content, ({ sealed }, { id }) => {
      return this.openField(sealed, keys, ownerOf(credential, id, terms));
    });
  }

  /**
   * One secret; undefined when the credential has no such field.
   * @throws ServiceError `credential_unreadable`
   */
  openOne(credential: CredentialEntity, fieldId: string, keys: KeyFinder): string | undefined {
    const stored = secretsById(credential.content).get(fieldId);
    if (!stored) return undefined;
    const terms = termsOf(credential.origins, credential.content);
    return this.openField(stored.sealed, keys, ownerOf(credential, fieldId, terms));
  }

  /**
   * The same secrets and masks sealed anew, under another key: nothing else of the credential changes.
   * @throws ServiceError `credential_unreadable`
   */
  reseal(credential: CredentialEntity, keys: KeyFinder, key: NamedKey): Typed<StoredSecret> {
    const terms = termsOf(credential.origins, credential.content);
    return mapSecrets(credential.content, ({ sealed, masked }, { id }) => {
      const owner = ownerOf(credential, id, terms);
      const plaintext = Buffer.from(this.openField(sealed, keys, owner));
      const resealed = sealSecret(plaintext, key, owner);
      plaintext.fill(0);
      return { sealed: resealed, masked };
    });
  }

  /** The key that a credential's secrets are sealed under; undefined when it has none. */
  keyIdOf(content: Typed<StoredSecret>): string | undefined {
    const [stored] = secretsById(content).values();
    return stored && keyIdOf(stored.sealed);
  }

  private openField(sealed: string, keys: KeyFinder, owner: SecretOwner): string {
    try {
      const plaintext = openSecret(sealed, keys, owner);
      const secret = plaintext.toString();
      plaintext.fill(0);
      return secret;
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      const { orgId, credentialId, field } = owner;
      const what = `\`${field}\` of credential ${credentialId} of organization ${orgId}`;
      this.log.error(`${what}, key \`${keyIdOf(sealed) ?? '?'}\`, does not open: ${error.message}`);
      throw new ServiceError(
        'credential_unreadable',
        `Credential ${credentialId} cannot be read; enter its secret again`,
      );
    }
  }
}

/** A person's password is shorter on surprise than on characters; the ends of a PEM say nothing. */
function neverShown({ type }: Typed<unknown>, field: string): boolean {
  return type === 'basic' || field === 'passphrase' || field === 'privateKey' || field === 'tokenKey';
}

/**
 * What a secret was entered for: bound to it, so that nobody who can write to the database, but has no key, sends it
 * elsewhere by editing the origins beside it. The order of the fields is that of {@link mapSecrets}.
 */
function termsOf(origins: readonly string[], credential: Typed<unknown>): string {
  return JSON.stringify([origins, mapSecrets(credential, () => null)]);
}

function ownerOf({ orgId, id, version }: Identity, field: string, terms: string): SecretOwner {
  return { orgId, credentialId: id, version, field, terms };
}
