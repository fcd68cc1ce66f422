import type { AuthorizationCode } from '#contracts/credential-types.contract';
import { invalidRequest } from '#contracts/validate';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { tokensVersionOf } from '../credentials/credential-fields.js';
import { CredentialEntity, type StoredSecret } from '../credentials/credential.entity.js';
import { CredentialSealer } from '../credentials/credential.sealer.js';
import { notFound } from '../credentials/not-found.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';
import type { TokenBuyer } from '../tokens/stored-tokens.js';

export interface AccountCredential extends CredentialEntity {
  readonly content: AuthorizationCode<StoredSecret>;
}

interface Named {
  readonly orgId: string;
  readonly credentialId: string;
}

/** Credentials that people connect accounts to. */
@Injectable()
export class AccountCredentials {
  constructor(
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
  ) {}

  /** @throws ServiceError `credential_not_found`, or `invalid_request` when it is of another type */
  async find(manager: EntityManager, { orgId, credentialId }: Named): Promise<AccountCredential> {
    return asAccountCredential(
      credentialId,
      await manager.findOneBy(CredentialEntity, { orgId, id: credentialId }),
    );
  }

  /** The same; until the transaction ends nobody changes it, and nobody else connects an account to it. */
  async lock(transaction: EntityManager, { orgId, credentialId }: Named): Promise<AccountCredential> {
    const where = { orgId, id: credentialId };
    const lock = { mode: 'pessimistic_write' } as const;
    return asAccountCredential(credentialId, await transaction.findOne(CredentialEntity, { where, lock }));
  }

  /** @throws ServiceError `credential_unreadable`, or `service_unavailable` while the key provider is away */
  async open(manager: EntityManager, credential: AccountCredential, endUser: string): Promise<AccountBuyer> {
    const { orgId, id } = credential;
    const secret = this.sealer.open(credential, await this.keys.forOpening(manager, credential));
    return {
      orgId,
      id,
      version: tokensVersionOf(credential),
      endUser,
      secret: secret as AuthorizationCode<string>,
    };
  }
}

export interface AccountBuyer extends TokenBuyer {
  readonly secret: AuthorizationCode<string>;
}

export function usesAccounts(credential: CredentialEntity): credential is AccountCredential {
  return credential.content.type === 'oauth2_authorization_code';
}

function asAccountCredential(credentialId: string, found: CredentialEntity | null): AccountCredential {
  if (!found) throw notFound(credentialId);
  if (usesAccounts(found)) return found;
  const message = `must be a credential of the type oauth2_authorization_code; it is of the type ${found.content.type}`;
  throw invalidRequest([{ pointer: '/credentialId', code: 'not_allowed', message }]);
}
