import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type { CredentialSecret, OpenCredential, OpenedCredential } from '#contracts/vault.contract';
import { readForOrganization } from '#runtime/organizations';
import { credentialContext } from '#sealing/credential-context';
import { GrantKey } from '#sealing/credential-grant';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { KeyFinder } from '../crypto/envelope.js';
import { ExecutorKey } from '../crypto/executor-key.js';
import { KeyVersionEntity } from '../keys/key-version.entity.js';
import { OrganizationKeyEntity } from '../keys/organization-key.entity.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';
import { AccessTokens } from '../tokens/access-tokens.service.js';
import { canonicalOrigin } from './canonical-origin.js';
import { grantProblem } from './check-grant.js';
import { AccessLog, EXECUTOR, type NewAccess } from '../accesses/access-log.service.js';
import { CredentialEntity } from './credential.entity.js';
import { isTokenCredential, tokensVersionOf } from './credential-fields.js';
import { CredentialSealer } from './credential.sealer.js';
import { notFound } from './not-found.js';

const opensTotal = new Counter({
  name: 'patchbay_vault_credential_opens_total',
  help: 'Requests to open a credential, by `ok` or the error code',
  labelNames: ['result'],
  registers: [registry],
});

interface CredentialWithKey extends CredentialEntity {
  readonly key?: OrganizationKeyEntity | null;
  readonly keyVersion?: KeyVersionEntity | null;
}

/** The one way a secret leaves the vault: sealed to an executor, for a tool that uses it, to an origin it was entered for. */
@Injectable()
export class OpeningService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(ExecutorKey) private readonly executorKey: ExecutorKey,
    @Inject(GrantKey) private readonly grantKey: GrantKey,
    @Inject(AccessLog) private readonly accesses: AccessLog,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @Inject(AccessTokens) private readonly tokens: AccessTokens,
  ) {}

  /** Nothing is handed out before it is on record for whom; what was refused is on record too. */
  async open(request: OpenCredential): Promise<OpenedCredential> {
    const access = accessOf(request);
    try {
      const opened = await this.accesses.noteFailure(access, () => this.openFor(request, access));
      opensTotal.inc({ result: 'ok' });
      return opened;
    } catch (error) {
      opensTotal.inc({ result: error instanceof ServiceError ? error.code : 'internal' });
      throw error;
    }
  }

  private async openFor(request: OpenCredential, access: NewAccess): Promise<OpenedCredential> {
    const { orgId, credentialId, origin, session, refresh, endUser } = request;
    if (!this.executorKey.isProvenBy(session)) {
      throw new ServiceError('forbidden', 'The session key is not proven to be that of an executor');
    }
    this.checkGrant(request);
    const destination = readOrigin(origin);
    const credential = await this.find(orgId, credentialId);
    if (!credential) throw notFound(credentialId);
    const { name, version, origins } = credential;
    if (!origins.includes(destination)) {
      const message = `Credential ${credential.id} was not entered for ${destination}`;
      throw new ServiceError('credential_origin_mismatch', message);
    }
    const perEndUser = isPerEndUser(credential) && ({ perEndUser: true } as const);
    if (perEndUser && endUser === undefined) return { ...perEndUser, version, name };
    const keys = await this.keysOf(credential);
    const opened = this.sealer.open(credential, keys);
    const { secret, token } = await this.toUse(credential, opened, perEndUser ? endUser : '', refresh);
    const plaintext = Buffer.from(JSON.stringify(secret));
    const context = credentialContext({ orgId: credential.orgId, credentialId: credential.id, version });
    const sealed = this.executorKey.sealTo(session, plaintext, context);
    plaintext.fill(0);
    const keyId = credential.keyId ?? this.sealer.keyIdOf(credential.content);
    await this.accesses.note({ ...access, credentialVersion: version, keyId });
    return { sealed, version, name, ...perEndUser, ...(token && { token }) };
  }

  /** Executors are trusted with what the tools they run use, not with all there is. */
  private checkGrant(request: OpenCredential): void {
    const { grant = '', credentialId } = request;
    const problem = grantProblem(this.grantKey.read(grant), request, new Date());
    if (problem === undefined) return;
    throw new ServiceError('credential_not_granted', `Credential ${credentialId} is not opened: ${problem}`);
  }

  /** The secret itself, or the access token that it buys: then it stays here. */
  private async toUse(
    credential: CredentialEntity,
    secret: CredentialSecret,
    endUser = '',
    refused?: number,
  ): Promise<{ secret: CredentialSecret; token?: OpenedCredential['token'] }> {
    if (!isTokenCredential(secret)) return { secret };
    const { orgId, id } = credential;
    const holder = { orgId, id, version: tokensVersionOf(credential), endUser };
    const { token, ...terms } = await this.tokens.get({ ...holder, secret }, refused);
    const { expiredWhen } = secret;
    return {
      secret: { type: 'bearer', token },
      token: { ...terms, ...(expiredWhen !== undefined && { expiredWhen }) },
    };
  }

  /** In one statement, so that record and key belong together while keys are rotated. */
  private async find(orgId: string, credentialId: string): Promise<CredentialWithKey | undefined> {
    const found = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager
        .createQueryBuilder(CredentialEntity, 'c')
        .leftJoinAndMapOne('c.key', OrganizationKeyEntity, 'k', 'k.org_id = c.org_id AND k.id = c.key_id')
        .leftJoinAndMapOne('c.keyVersion', KeyVersionEntity, 'v', 'v.id = k.key_version')
        .where({ orgId, id: credentialId })
        .getOne(),
    );
    return found as CredentialWithKey | undefined;
  }

  private keysOf({ keyId, key, keyVersion }: CredentialWithKey): Promise<KeyFinder> {
    if (keyId === null) return this.keys.oldKeys(this.dataSource.manager);
    if (!key || !keyVersion) return this.keys.finderOf(undefined);
    const { orgId, id, wrapped } = key;
    return this.keys.finderOf({ orgId, id, keyVersion: keyVersion.id, wrapped, state: keyVersion.state });
  }
}

function isPerEndUser({ content }: CredentialEntity): boolean {
  return content.type === 'oauth2_authorization_code' && content.connectedBy === 'end_user';
}

/** An origin that is none is not noted: it may be anything, a secret in a URL too. */
function accessOf({ orgId, credentialId, origin, purpose }: OpenCredential): NewAccess {
  const canonical = canonicalOrigin(origin);
  const destination = canonical.ok ? canonical.origin : undefined;
  return { action: 'open', actor: EXECUTOR, orgId, credentialId, origin: destination, purpose };
}

function readOrigin(text: string): string {
  const canonical = canonicalOrigin(text);
  if (canonical.ok) return canonical.origin;
  throw invalidRequest([{ pointer: '/origin', code: 'wrong_format', message: canonical.message }]);
}
