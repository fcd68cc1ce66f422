import { decodeCursor, encodeCursor } from '#contracts/cursor';
import { ServiceError } from '#contracts/errors';
import {
  credentialChanged,
  type AccessAction,
  type Actor,
  type Credential,
  type CredentialEdit,
  type CredentialInput,
  type CredentialPage,
  type DeleteCredential,
  type GetCredential,
  type GetSecret,
  type ListCredentials,
  type ReplaceCredential,
} from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, readForOrganization } from '#runtime/organizations';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { NIL, v7 as uuidv7, validate as isUuid } from 'uuid';
import { AccessLog } from '../accesses/access-log.service.js';
import { usesAccounts } from '../connections/account-credentials.service.js';
import { Revocations, type Forgotten } from '../connections/revocations.service.js';
import type { NamedKey } from '../crypto/keyring.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';
import { TokenEndpoint } from '../tokens/token-endpoint.js';
import { TokenStore } from '../tokens/token-store.service.js';
import { newTokenKey } from '../tokens/token-box.js';
import { healthOf } from '../tokens/token-terms.js';
import type { TokenEntity } from '../tokens/token.entity.js';
import { endpointOriginsOf, isSameAgreement } from './check-oauth.js';
import { certificateHealth, summaryOf } from './client-certificate.js';
import { CredentialEntity } from './credential.entity.js';
import { isTokenCredential, mapSecrets, tokensVersionOf, type Typed } from './credential-fields.js';
import { readForm } from './credential-form.js';
import { CredentialSealer } from './credential.sealer.js';
import { notFound, secretNotFound } from './not-found.js';
import { refuseTakenReference } from './reference-taken.js';
import { StoredCredentials } from './stored-credentials.queries.js';

const DEFAULT_PAGE = 50;

/** Credentials as their owners see them: entered, listed, edited, deleted; every secret masked. */
@Injectable()
export class CredentialsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(RpcClient) private readonly rpc: RpcClient,
    @Inject(AccessLog) private readonly accesses: AccessLog,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @Inject(TokenEndpoint) private readonly endpoint: TokenEndpoint,
    @Inject(TokenStore) private readonly tokens: TokenStore,
    @Inject(Revocations) private readonly revocations: Revocations,
    @Inject(StoredCredentials) private readonly stored: StoredCredentials,
  ) {}

  async create(orgId: string, entered: CredentialInput, actor: Actor): Promise<Credential> {
    const now = new Date();
    const identity = { orgId: orgId.toLowerCase(), id: uuidv7(), version: 1 };
    const form = readForm(entered, undefined, (url) => this.endpoint.refusal(orgId, url));
    const created = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const key = await this.keys.forSealing(transaction, identity.orgId);
      const sealed = {
        ...this.sealed(withTokenKey(form, identity), identity, key),
        createdAt: now,
        updatedAt: now,
      };
      await transaction.insert(CredentialEntity, sealed).catch(refuseTakenReference);
      await this.record(transaction, 'create', sealed, actor);
      return sealed;
    });
    return toCredential(created);
  }

  async get({ orgId, credentialId }: GetCredential): Promise<Credential> {
    return readForOrganization(this.dataSource, orgId, async (manager) => {
      const credential = await manager.findOneBy(CredentialEntity, { orgId, id: credentialId });
      if (!credential) throw notFound(credentialId);
      const tokens = await this.tokens.findAll(manager, orgId, [credential.id]);
      return toCredential(credential, tokens.get(credential.id));
    });
  }

  async getSecret({ orgId, reference }: GetSecret): Promise<Credential> {
    const secret = await this.stored.findSecret(orgId, reference);
    if (!secret) throw secretNotFound(reference);
    return toCredential(secret);
  }

  /** Oldest first. */
  async list({ orgId, limit = DEFAULT_PAGE, cursor }: ListCredentials): Promise<CredentialPage> {
    const after = cursor === undefined ? undefined : readCursor(cursor);
    return readForOrganization(this.dataSource, orgId, async (manager) => {
      const found = await manager.find(CredentialEntity, {
        where: { orgId, ...(after && { id: MoreThan(after) }) },
        order: { id: 'ASC' },
        take: limit + 1,
      });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      const buyers = page.filter(({ content }) => isTokenCredential(content)).map(({ id }) => id);
      const tokens = await this.tokens.findAll(manager, orgId, buyers);
      const items = page.map((credential) => toCredential(credential, tokens.get(credential.id)));
      return { items, ...(last && { nextCursor: encodeCursor(last.id) }) };
    });
  }

  async replace(
    { orgId, credentialId, ifVersion }: Omit<ReplaceCredential, 'sealed' | 'actor'>,
    edit: CredentialEdit,
    actor: Actor,
  ): Promise<Credential> {
    const { credential, forgotten } = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const stored = await transaction.findOne(CredentialEntity, {
        where: { orgId, id: credentialId },
        lock: { mode: 'pessimistic_write' }, // two edits at once: the second sees the first one's version
      });
      if (!stored) throw notFound(credentialId);
      if (ifVersion !== undefined && ifVersion !== stored.version) throw changedMeanwhile(stored);
      const opening = await this.keys.forOpening(transaction, stored);
      const secretOf = (fieldId: string) => this.sealer.openOne(stored, fieldId, opening);
      const endpoints = endpointOriginsOf(stored.content);
      const kept = { origins: stored.origins, endpoints, secretOf };
      const form = readForm(edit, kept, (url) => this.endpoint.refusal(orgId, url));
      const { orgId: owner, id, version, createdAt } = stored;
      const key = await this.keys.forSealing(transaction, owner);
      const identity = { orgId: owner, id, version: version + 1 };
      const isSame = isSameAgreement({ ...stored.content, origins: stored.origins }, form);
      const forTokens = isSame ? withSameTokens(form, stored, secretOf) : withTokenKey(form, identity);
      const dropped = isSame ? undefined : await this.forgetAccounts(transaction, stored);
      const sealed = this.sealed(forTokens, identity, key);
      const next = { ...sealed, createdAt, updatedAt: new Date() };
      await transaction.update(CredentialEntity, { orgId: owner, id }, next).catch(refuseTakenReference);
      await this.record(transaction, 'replace', next, actor);
      const tokens = await this.tokens.findAll(transaction, owner, [id]);
      return { credential: toCredential(next, tokens.get(id)), forgotten: dropped };
    });
    this.announceChange({ orgId, id: credentialId });
    forgotten?.tell();
    return credential;
  }

  async delete(
    { orgId, credentialId, ifVersion }: Omit<DeleteCredential, 'actor'>,
    actor: Actor,
  ): Promise<{ done: true }> {
    const forgotten = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const named = { orgId, id: credentialId };
      const stored = await transaction.findOne(CredentialEntity, {
        where: named,
        lock: { mode: 'pessimistic_write' },
      });
      if (!stored) throw notFound(credentialId);
      if (ifVersion !== undefined && ifVersion !== stored.version) throw changedMeanwhile(stored);
      const dropped = await this.forgetAccounts(transaction, stored);
      await transaction.delete(CredentialEntity, named);
      await this.tokens.forget(transaction, named);
      await this.record(transaction, 'delete', stored, actor);
      return dropped;
    });
    this.announceChange({ orgId, id: credentialId });
    forgotten?.tell();
    return { done: true };
  }

  private async forgetAccounts(
    transaction: EntityManager,
    stored: CredentialEntity,
  ): Promise<Forgotten | undefined> {
    return usesAccounts(stored) ? this.revocations.forget(transaction, stored) : undefined;
  }

  private record(
    transaction: EntityManager,
    action: AccessAction,
    { orgId, id, version, keyId }: Pick<CredentialEntity, 'orgId' | 'id' | 'version' | 'keyId'>,
    actor: Actor,
  ): Promise<void> {
    const access = {
      action,
      actor,
      orgId,
      credentialId: id,
      credentialVersion: version,
      keyId: keyId ?? undefined,
    };
    return this.accesses.append(transaction, access);
  }

  /** Every secret is sealed anew for each version, kept ones too: version and origins are bound to it. */
  private sealed(
    form: CredentialInput,
    identity: Pick<CredentialEntity, 'orgId' | 'id' | 'version'>,
    key: NamedKey,
  ) {
    const { name, origins } = form;
    return {
      ...identity,
      name,
      origins,
      content: this.sealer.seal(form, identity, key),
      keyId: key.id,
    };
  }

  private announceChange({ orgId, id }: Pick<CredentialEntity, 'orgId' | 'id'>): void {
    this.rpc.announce(credentialChanged, {
      orgId: orgId.toLowerCase(),
      credentialId: id.toLowerCase(),
    });
  }
}

function changedMeanwhile({ id, version }: CredentialEntity): ServiceError {
  return new ServiceError(
    'precondition_failed',
    `Credential ${id} has changed; it is at version ${version} now`,
  );
}

function toCredential(credential: CredentialEntity, token?: TokenEntity): Credential {
  const { id, version, name, origins, createdAt, updatedAt } = credential;
  return {
    id,
    version,
    name,
    origins,
    ...shown(credential.content),
    ...summary(credential, token),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** All but the vault's own. */
function shown(content: CredentialEntity['content']): Typed<{ masked: string }> {
  const masked = mapSecrets(content, (secret) => ({ masked: secret.masked }));
  if (isTokenCredential(masked)) delete masked.tokenKey;
  if (masked.type === 'oauth2_authorization_code') delete masked.agreedVersion;
  return masked;
}

function withTokenKey(form: CredentialInput, { version }: { version: number }): CredentialInput {
  if (!isTokenCredential(form)) return form;
  const tokenKey = newTokenKey();
  if (form.type !== 'oauth2_authorization_code') return { ...form, tokenKey };
  return { ...form, tokenKey, agreedVersion: version };
}

/** What was connected before goes on. */
function withSameTokens(
  form: CredentialInput,
  stored: CredentialEntity,
  secretOf: (fieldId: string) => string | undefined,
): CredentialInput {
  if (form.type !== 'oauth2_authorization_code') return form;
  const tokenKey = secretOf('tokenKey');
  return { ...form, ...(tokenKey !== undefined && { tokenKey }), agreedVersion: tokensVersionOf(stored) };
}

function summary(
  { content, version }: CredentialEntity,
  token: TokenEntity | undefined,
): Pick<Credential, 'certificateSummary' | 'health'> {
  const certificateSummary = content.type === 'mtls' ? summaryOf(content.certificate) : undefined;
  if (certificateSummary)
    return { certificateSummary, health: certificateHealth(certificateSummary, Date.now()) };
  if (token?.credentialVersion === tokensVersionOf({ content, version })) {
    return { health: healthOf(token, Date.now()) };
  }
  const isAwaited = content.type === 'oauth2_authorization_code' && content.connectedBy === 'organization';
  return isAwaited ? { health: { status: 'not_connected' } } : {};
}

function readCursor(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  return isUuid(id) ? id : NIL;
}
