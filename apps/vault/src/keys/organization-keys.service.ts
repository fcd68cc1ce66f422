import { ServiceError } from '#contracts/errors';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { createSecretKey, randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { KEY_BYTES } from '../crypto/box.js';
import type { KeyFinder } from '../crypto/envelope.js';
import type { NamedKey } from '../crypto/keyring.js';
import { KeyMemory } from './key-memory.js';
import { KEY_PROVIDER, KeyProviderError, type KeyProvider } from './key-provider.js';
import type { KeyState } from './key-version.entity.js';
import { KeyVersions } from './key-versions.service.js';

/** An organization's key as it is stored, and how its version stands. */
export interface WrappedKey {
  readonly orgId: string;
  readonly id: string;
  readonly keyVersion: string;
  readonly wrapped: string;
  readonly state: KeyState;
}

const COLUMNS = `k.org_id AS "orgId", k.id, k.key_version AS "keyVersion", k.wrapped, v.state`;

const LOCK_CURRENT = `
  SELECT ${COLUMNS} FROM vault.organization_keys k JOIN vault.key_versions v ON v.id = k.key_version
  WHERE k.org_id = $1 AND k.is_current FOR KEY SHARE OF k`;

const FIND = `
  SELECT ${COLUMNS} FROM vault.organization_keys k JOIN vault.key_versions v ON v.id = k.key_version
  WHERE k.org_id = $1 AND k.id = $2`;

const INSERT = `
  INSERT INTO vault.organization_keys (org_id, id, key_version, wrapped, is_current) VALUES ($1, $2, $3, $4, true)
  ON CONFLICT (org_id) WHERE is_current DO NOTHING`;

/** No key at all: nothing opens. */
export const noKeys: KeyFinder = { find: () => undefined };

/**
 * The keys of organizations: wrapped by a key version, they seal what belongs to the organization. The database is asked
 * each time whether a key is still there and its version not retired; only its unwrapping is remembered.
 */
@Injectable()
export class OrganizationKeys {
  private readonly log = new Logger('OrganizationKeys');
  private readonly memory = new KeyMemory({ keptMs: 5 * 60_000, maxKeys: 10_000 });

  constructor(
    @Inject(KEY_PROVIDER) private readonly provider: KeyProvider,
    @Inject(KeyVersions) private readonly versions: KeyVersions,
  ) {}

  /** The key that seals now, made when there is none. It is not deleted before the transaction ends. */
  async forSealing(transaction: EntityManager, orgId: string): Promise<NamedKey> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const [found]: WrappedKey[] = await transaction.query(LOCK_CURRENT, [orgId]);
      if (found) return this.unwrap(found);
      await this.make(transaction, orgId, await this.versions.lockCurrent(transaction));
    }
    throw new Error(`Organization ${orgId} has no current key`);
  }

  /** Makes a key, unless there is a current one. @returns its id */
  async make(transaction: EntityManager, orgId: string, version: string): Promise<string> {
    const id = uuidv7().replaceAll('-', '');
    const bytes = randomBytes(KEY_BYTES);
    const wrapped = await this.provider.wrap(version, bytes, contextOf(orgId, id));
    const back = await this.provider.unwrap(version, wrapped, contextOf(orgId, id));
    const isSame = back.equals(bytes);
    bytes.fill(0);
    back.fill(0);
    // Damaged on its way, it would be found out when all that it sealed is lost.
    if (!isSame) throw new KeyProviderError(`key \`${version}\` did not wrap what it was given`);
    await transaction.query(INSERT, [orgId, id, version, wrapped]);
    return id;
  }

  /** What opens the secrets of a record: the key that it names, if there still is one. */
  async forOpening(
    manager: EntityManager,
    { orgId, keyId }: { readonly orgId: string; readonly keyId: string | null },
  ): Promise<KeyFinder> {
    if (keyId === null) return this.oldKeys(manager);
    const [found]: WrappedKey[] = await manager.query(FIND, [orgId, keyId]);
    return this.finderOf(found);
  }

  /** The same, of a key that was read along with its record. */
  async finderOf(row: WrappedKey | undefined): Promise<KeyFinder> {
    if (!row) return noKeys;
    const { id, key } = await this.unwrap(row);
    return { find: (wanted) => (wanted === id ? key : undefined) };
  }

  /** Those that sealed secrets themselves, before organizations had keys of their own; not the retired ones. */
  async oldKeys(manager: EntityManager): Promise<KeyFinder> {
    const retired: { id: string }[] = await manager.query(
      `SELECT id FROM vault.key_versions WHERE state = 'retired'`,
    );
    const isRetired = new Set(retired.map(({ id }) => id));
    return { find: (id) => (isRetired.has(id) ? undefined : this.provider.find?.(id)) };
  }

  forget(orgId: string): void {
    this.memory.forget((name) => name.startsWith(`${orgId} `));
  }

  /** @throws ServiceError `credential_unreadable`; `service_unavailable` while the provider is away */
  private async unwrap({ orgId, id, keyVersion, wrapped, state }: WrappedKey): Promise<NamedKey> {
    const context = contextOf(orgId, id);
    try {
      if (state === 'retired') throw new KeyProviderError(`key \`${keyVersion}\` is retired`);
      const key = await this.memory.get(`${orgId} ${id} ${keyVersion} ${wrapped}`, async () => {
        const bytes = await this.provider.unwrap(keyVersion, wrapped, context);
        try {
          return createSecretKey(bytes); // cannot be printed
        } finally {
          bytes.fill(0);
        }
      });
      return { id, key };
    } catch (error) {
      if (!(error instanceof KeyProviderError)) throw error;
      this.log.error(`Key ${id} of organization ${orgId} cannot be used: ${error.message}`);
      if (error.isOutage) {
        throw new ServiceError('service_unavailable', 'The key provider of the vault cannot be reached');
      }
      throw new ServiceError('credential_unreadable', 'The key of the organization cannot be used');
    }
  }
}

function contextOf(orgId: string, id: string) {
  return { purpose: 'organization key', organization: orgId, key: id };
}
