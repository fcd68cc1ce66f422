import { ServiceError } from '#contracts/errors';
import type { GetRotation, Rotation, StartRotation } from '#contracts/vault-rotation.contract';
import { acrossOrganizations, queryAcrossOrganizations } from '#runtime/organizations';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { KEY_PROVIDER, KeyProviderError, type KeyProvider } from '../keys/key-provider.js';
import { KeyVersionEntity } from '../keys/key-version.entity.js';
import { KeyVersions } from '../keys/key-versions.service.js';
import { RotationEntity } from './rotation.entity.js';

/** A vault that has not been seen for so long is not running any more, milliseconds. */
export const SEEN_WITHIN_MS = 10_000;

/** Not under the new version: under a key of another one, or under none of the organization's. */
const REMAINING = `
  SELECT count(*)::int AS count FROM vault.credentials c
  LEFT JOIN vault.organization_keys k ON k.org_id = c.org_id AND k.id = c.key_id
  WHERE k.key_version IS DISTINCT FROM $1`;

const WAITING_FOR = `
  SELECT count(*)::int AS count FROM vault.instances
  WHERE seen_at > now() - $2 * interval '1 millisecond' AND NOT key_versions @> ARRAY[$1]`;

/** Rotations as their operator sees them: begun, and looked at. */
@Injectable()
export class RotationService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(KEY_PROVIDER) private readonly provider: KeyProvider,
    @Inject(KeyVersions) private readonly versions: KeyVersions,
  ) {}

  /** @throws ServiceError `precondition_failed` when there is no key to change to, or a rotation is under way */
  async start({ keyId }: StartRotation): Promise<Rotation> {
    const open = await this.dataSource.manager.findOneBy(RotationEntity, { isOpen: true });
    if (open) throw refused(`A rotation is under way: ${open.id}, to key \`${open.toKey}\``);
    const toKey = keyId ?? (await this.nextKey());
    await this.checkNew(toKey);
    const version = await this.introduce(toKey);
    const rotation = await acrossOrganizations(this.dataSource, 'key rotation', (transaction) =>
      begin(transaction, version),
    );
    return this.describe(rotation);
  }

  async get({ rotationId }: GetRotation): Promise<Rotation> {
    const [rotation] = await this.dataSource.manager.find(RotationEntity, {
      where: rotationId === undefined ? {} : { id: rotationId },
      order: { id: 'DESC' },
      take: 1,
    });
    if (!rotation) throw new ServiceError('not_found', 'There is no such rotation');
    return this.describe(rotation);
  }

  /** How many credentials are not under the key version yet. */
  async remaining(keyVersion: string): Promise<number> {
    return this.count(REMAINING, [keyVersion]);
  }

  /** How many running vaults cannot use it yet. */
  async waitingFor(keyVersion: string): Promise<number> {
    return this.count(WAITING_FOR, [keyVersion, SEEN_WITHIN_MS]);
  }

  private async count(statement: string, values: unknown[]): Promise<number> {
    const { rows } = await queryAcrossOrganizations<{ count: number }>(this.dataSource, 'key rotation', {
      text: statement,
      values,
    });
    return rows[0]?.count ?? 0;
  }

  /** The provider's newest when it is new to us, or one that it makes. */
  private async nextKey(): Promise<string> {
    const newest = await this.provider.newest();
    if (newest !== undefined && !(await this.isKnown(newest))) return newest;
    const made = await this.provider.makeVersion?.();
    if (made !== undefined) return made;
    throw refused('There is no new key to change to: give the vaults one more first');
  }

  private isKnown(id: string): Promise<boolean> {
    return this.dataSource.manager.existsBy(KeyVersionEntity, { id });
  }

  private async checkNew(id: string): Promise<void> {
    if (await this.isKnown(id)) throw refused(`Key \`${id}\` is, or was, in use: a key is not used twice`);
    if (!(await this.provider.knows(id))) throw refused(`This vault has no key \`${id}\``);
  }

  private async introduce(id: string): Promise<KeyVersionEntity> {
    try {
      return await this.versions.introduce(id);
    } catch (error) {
      if (!(error instanceof KeyProviderError)) throw error;
      throw refused(`Key \`${id}\` cannot be used: ${error.message}`);
    }
  }

  private async describe(rotation: RotationEntity): Promise<Rotation> {
    const { id, state, fromKey, toKey, total, startedAt, finishedAt } = rotation;
    const isOpen = state !== 'finished';
    return {
      ...{ id, state, fromKey, toKey, total },
      remaining: isOpen ? await this.remaining(toKey) : 0,
      waitingFor: state === 'introducing' ? await this.waitingFor(toKey) : 0,
      startedAt: startedAt.toISOString(),
      ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
    };
  }
}

async function begin(transaction: EntityManager, version: KeyVersionEntity): Promise<RotationEntity> {
  const current = await transaction.findOneByOrFail(KeyVersionEntity, { state: 'current' });
  const counted: { total: number }[] = await transaction.query(
    'SELECT count(*)::int AS total FROM vault.credentials',
  );
  const rotation: RotationEntity = {
    id: uuidv7(),
    state: 'introducing',
    isOpen: true,
    fromKey: current.id,
    toKey: version.id,
    total: counted[0]?.total ?? 0,
    startedAt: new Date(),
    finishedAt: null,
  };
  const inserted = await transaction
    .createQueryBuilder()
    .insert()
    .into(RotationEntity)
    .values(rotation)
    .orIgnore()
    .returning('id')
    .execute();
  if ((inserted.raw as unknown[]).length === 0) throw refused('A rotation has just begun');
  await transaction.insert(KeyVersionEntity, version);
  return rotation;
}

function refused(message: string): ServiceError {
  return new ServiceError('precondition_failed', message);
}
