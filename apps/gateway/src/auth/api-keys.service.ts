import { decodeCursor, encodeCursor } from '#contracts/cursor';
import { ServiceError } from '#contracts/errors';
import { forOrganization, readAcrossOrganizations, readForOrganization } from '#runtime/organizations';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { NIL, v7 as uuidv7, validate as isUuid } from 'uuid';
import type { ApiKey, ApiKeyPage, CreatedApiKey, NewApiKey } from '../documents.js';
import { ApiKeyEntity } from './api-key.entity.js';
import type { Caller } from './caller.js';
import { digestOf, isSameDigest, looksLikeKey, makeKey } from './key-secret.js';
import { OrganizationEntity } from './organization.entity.js';
import { ShortMemory } from './short-memory.js';

/** The longest a deleted key may still be taken by a gateway that has just seen it. */
const REMEMBERED_MS = 5000;
const REMEMBERED_KEYS = 10_000;
const USE_NOTED_EVERY_MS = 60_000;

interface PageRequest {
  readonly limit?: number;
  readonly cursor?: string;
}

@Injectable()
export class ApiKeysService {
  private readonly log = new Logger('ApiKeys');
  private readonly callers = new ShortMemory<Caller>(REMEMBERED_MS, REMEMBERED_KEYS);

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Whose key this is; undefined when it is nobody's. */
  async authenticate(key: string): Promise<Caller | undefined> {
    if (!looksLikeKey(key)) return undefined;
    const digest = digestOf(key);
    return this.callers.get(digest.toString('hex'), () => this.lookUp(digest));
  }

  async create(orgId: string, { name, role }: NewApiKey): Promise<CreatedApiKey> {
    const { entity, key } = await forOrganization(this.dataSource, orgId, (manager) =>
      insertKey(manager, { orgId, name, role }),
    );
    return { ...toDocument(entity), key };
  }

  /** Oldest first. */
  async list(orgId: string, { limit = 50, cursor }: PageRequest): Promise<ApiKeyPage> {
    const found = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.find(ApiKeyEntity, {
        where: { orgId, ...(cursor && { id: MoreThan(positionOf(cursor)) }) },
        order: { id: 'ASC' },
        take: limit + 1,
      }),
    );
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return { items: items.map(toDocument), ...(last && { nextCursor: encodeCursor(last.id) }) };
  }

  async get(orgId: string, keyId: string): Promise<ApiKey> {
    const entity = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findOneBy(ApiKeyEntity, { orgId, id: keyId }),
    );
    if (!entity) throw notFound();
    return toDocument(entity);
  }

  /** @throws ServiceError `precondition_failed` for the organization's last admin key: nobody could make another */
  async remove(orgId: string, keyId: string): Promise<void> {
    const removed = await forOrganization(this.dataSource, orgId, async (manager) => {
      // One removal at a time in an organization: two admins could otherwise remove each other.
      await manager.findOneOrFail(OrganizationEntity, {
        where: { id: orgId },
        lock: { mode: 'pessimistic_write' },
      });
      const entity = await manager.findOneBy(ApiKeyEntity, { orgId, id: keyId });
      if (!entity) throw notFound();
      if (entity.role === 'admin' && (await manager.countBy(ApiKeyEntity, { orgId, role: 'admin' })) === 1) {
        throw new ServiceError('precondition_failed', 'This is the last admin key; make another one first');
      }
      await manager.delete(ApiKeyEntity, { orgId, id: keyId });
      return entity;
    });
    this.callers.forget(removed.digest.toString('hex'));
  }

  private async lookUp(digest: Buffer): Promise<Caller | undefined> {
    const entity = await this.find(digest);
    if (!entity?.organization || !isSameDigest(entity.digest, digest)) return undefined;
    await this.noteUse(entity);
    return {
      orgId: entity.orgId,
      organizationName: entity.organization.name,
      role: entity.role,
      keyId: entity.id,
      keyName: entity.name,
    };
  }

  private async find(digest: Buffer): Promise<ApiKeyEntity | null> {
    try {
      return await readAcrossOrganizations(this.dataSource, 'whose api key', (manager) =>
        manager.findOne(ApiKeyEntity, { where: { digest }, relations: { organization: true } }),
      );
    } catch (error) {
      this.log.error('API keys cannot be looked up', error instanceof Error ? error.stack : String(error));
      throw new ServiceError('service_unavailable', 'API keys cannot be checked at the moment');
    }
  }

  private async noteUse({ orgId, id, lastUsedAt }: ApiKeyEntity): Promise<void> {
    if (lastUsedAt && Date.now() - lastUsedAt.getTime() < USE_NOTED_EVERY_MS) return;
    await forOrganization(this.dataSource, orgId, (manager) =>
      manager.update(ApiKeyEntity, { orgId, id }, { lastUsedAt: () => 'now()' }),
    ).catch(() => undefined); // nobody is refused because their use could not be noted
  }
}

/** Stores the digest of a new key, and hands out the key itself: the only time it is seen. */
export async function insertKey(
  manager: EntityManager,
  fields: NewApiKey & { orgId: string },
): Promise<{ entity: ApiKeyEntity; key: string }> {
  const key = makeKey();
  const created = { id: uuidv7(), lastUsedAt: null, digest: digestOf(key), ...fields };
  return { key, entity: await manager.save(manager.create(ApiKeyEntity, created)) };
}

function toDocument({ id, name, role, createdAt, lastUsedAt }: ApiKeyEntity): ApiKey {
  return {
    id,
    name,
    role,
    createdAt: createdAt.toISOString(),
    ...(lastUsedAt && { lastUsedAt: toTheMinute(lastUsedAt) }),
  };
}

function toTheMinute(date: Date): string {
  return new Date(date.getTime() - (date.getTime() % USE_NOTED_EVERY_MS)).toISOString();
}

function positionOf(cursor: string): string {
  const [keyId = ''] = decodeCursor(cursor, 1);
  return isUuid(keyId) ? keyId : NIL;
}

function notFound(): ServiceError {
  return new ServiceError('api_key_not_found', 'There is no such API key');
}
