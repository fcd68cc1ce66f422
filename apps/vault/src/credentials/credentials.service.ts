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
import type { NamedKey } from '../crypto/keyring.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';
import { TokenEndpoint } from '../tokens/token-endpoint.js';
import { TokenStore } from '../tokens/token-store.service.js';
import { newTokenKey } from '../tokens/token-box.js';
import { healthOf } from '../tokens/token-terms.js';
import type { TokenEntity } from '../tokens/token.entity.js';
import { tokenOriginOf } from './check-oauth.js';
import { certificateHealth, summaryOf } from './client-certificate.js';
import { CredentialEntity } from './credential.entity.js';
import { isTokenCredential, mapSecrets, type Typed } from './credential-fields.js';
import { readForm } from './credential-form.js';
import { CredentialSealer } from './credential.sealer.js';

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
  ) {}

  async create(orgId: string, entered: CredentialInput, actor: Actor): Promise<Credential> {
    const now = new Date();
    const identity = { orgId: orgId.toLowerCase(), id: uuidv7(), version: 1 };
    const form = readForm(entered, undefined, (url) => this.endpoint.refusal(orgId, url));
    const created = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const key = await this.keys.forSealing(transaction, identity.orgId);
      const sealed = { ...this.sealed(form, identity, key), createdAt: now, updatedAt: now };
      await transaction.insert(CredentialEntity, sealed);
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
    const replaced = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const stored = await transaction.findOne(CredentialEntity, {
        where: { orgId, id: credentialId },
        lock: { mode: 'pessimistic_write' }, // two edits at once: the second sees the first one's version
      });
      if (!stored) throw notFound(credentialId);
      if (ifVersion !== undefined && ifVersion !== stored.version) throw changedMeanwhile(stored);
      const opening = await this.keys.forOpening(transaction, stored);
      const secretOf = (fieldId: string) => this.sealer.openOne(stored, fieldId, opening);
      const tokenOrigin = tokenOriginOf(stored.content);
      const kept = { origins: stored.origins, tokenOrigin, secretOf };
      const form = readForm(edit, kept, (url) => this.endpoint.refusal(orgId, url));
      const { orgId: owner, id, version, createdAt } = stored;
      const key = await this.keys.forSealing(transaction, owner);
      const sealed = this.sealed(form, { orgId: owner, id, version: version + 1 }, key);
      const next = { ...sealed, createdAt, updatedAt: new Date() };
      await transaction.update(CredentialEntity, { orgId: owner, id }, next);
      await this.record(transaction, 'replace', next, actor);
      return next;
    });
    this.announceChange(replaced);
    return toCredential(replaced);
  }

  async delete(
    { orgId, credentialId, ifVersion }: Omit<DeleteCredential, 'actor'>,
    actor: Actor,
  ): Promise<{ done: true }> {
    await forOrganization(this.dataSource, orgId, async (transaction) => {
      const named = { orgId, id: credentialId };
      const stored = await transaction.findOne(CredentialEntity, {
        where: named,
        lock: { mode: 'pessimistic_write' },
      });
      if (!stored) throw notFound(credentialId);
      if (ifVersion !== undefined && ifVersion !== stored.version) throw changedMeanwhile(stored);
      await transaction.delete(CredentialEntity, named);
      await this.tokens.forget(transaction, named);
      await this.record(transaction, 'delete', stored, actor);
    });
    this.announceChange({ orgId, id: credentialId });
    return { done: true };
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
      content: this.sealer.seal(withTokenKey(form), identity, key),
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

/** The same whether it never was, is gone, or is somebody else's. */
export function notFound(credentialId: string): ServiceError {
  return new ServiceError('credential_not_found', `There is no credential ${credentialId}`);
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
  return masked;
}

function withTokenKey(form: CredentialInput): CredentialInput {
  return isTokenCredential(form) ? { ...form, tokenKey: newTokenKey() } : form;
}

function summary(
  { content, version }: CredentialEntity,
  token: TokenEntity | undefined,
): Pick<Credential, 'certificateSummary' | 'health'> {
  const certificateSummary = content.type === 'mtls' ? summaryOf(content.certificate) : undefined;
  if (certificateSummary)
    return { certificateSummary, health: certificateHealth(certificateSummary, Date.now()) };
  return token?.credentialVersion === version ? { health: healthOf(token, Date.now()) } : {};
}

function readCursor(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  return isUuid(id) ? id : NIL;
}
