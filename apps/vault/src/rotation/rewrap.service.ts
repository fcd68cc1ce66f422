import { ServiceError } from '#contracts/errors';
import { acrossOrganizations } from '#runtime/organizations';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { AccessLog, VAULT, type NewAccess } from '../accesses/access-log.service.js';
import { CredentialEntity } from '../credentials/credential.entity.js';
import { CredentialSealer } from '../credentials/credential.sealer.js';
import type { NamedKey } from '../crypto/keyring.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';

const KEYS_AT_ONCE = 20;
const CREDENTIALS_AT_ONCE = 50;

/** Locked ones are in use: their turn comes next time. */
const OLD_CURRENT_KEYS = `
  SELECT org_id AS "orgId", id FROM vault.organization_keys
  WHERE is_current AND key_version <> $1 LIMIT ${KEYS_AT_ONCE} FOR UPDATE SKIP LOCKED`;

const STEP_DOWN = 'UPDATE vault.organization_keys SET is_current = false WHERE org_id = $1 AND id = $2';

const WITHOUT_KEY = `
  SELECT DISTINCT c.org_id AS "orgId" FROM vault.credentials c
  WHERE c.key_id IS NULL
    AND NOT EXISTS (SELECT FROM vault.organization_keys k WHERE k.org_id = c.org_id AND k.is_current)
  LIMIT ${KEYS_AT_ONCE}`;

const OLD_CREDENTIALS = `
  SELECT c.org_id AS "orgId", c.id FROM vault.credentials c
  JOIN vault.organization_keys k ON k.org_id = c.org_id AND k.is_current AND k.key_version = $1
  WHERE c.key_id IS DISTINCT FROM k.id LIMIT ${CREDENTIALS_AT_ONCE} FOR UPDATE OF c SKIP LOCKED`;

const RESEALED = `
  UPDATE vault.credentials c SET content = r.content, key_id = r.key_id
  FROM unnest($1::uuid[], $2::uuid[], $3::jsonb[], $4::text[]) AS r(org_id, id, content, key_id)
  WHERE c.org_id = r.org_id AND c.id = r.id`;

const LOCK_OLD_KEYS = `
  SELECT org_id AS "orgId", id FROM vault.organization_keys WHERE NOT is_current LIMIT 500 FOR UPDATE SKIP LOCKED`;

/** A statement of its own, after the locks: it sees what was committed before they were had. */
const DELETE_UNUSED = `
  DELETE FROM vault.organization_keys k USING unnest($1::uuid[], $2::text[]) AS o(org_id, id)
  WHERE k.org_id = o.org_id AND k.id = o.id
    AND NOT EXISTS (SELECT FROM vault.credentials c WHERE c.org_id = k.org_id AND c.key_id = k.id)`;

interface Named {
  readonly orgId: string;
  readonly id: string;
}

/**
 * Moves what is sealed from old keys to new ones, a few rows per transaction: each batch is done whole or not at all,
 * and whoever comes next, in this vault or another, takes the rows that are left.
 */
@Injectable()
export class RewrapService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @Inject(CredentialSealer) private readonly sealer: CredentialSealer,
    @Inject(AccessLog) private readonly accesses: AccessLog,
  ) {}

  /** Gives organizations a new key under the version. @returns how many */
  renewKeys(toKey: string): Promise<number> {
    return this.across(async (transaction) => {
      const old: Named[] = await transaction.query(OLD_CURRENT_KEYS, [toKey]);
      for (const { orgId, id } of old) {
        await transaction.query(STEP_DOWN, [orgId, id]);
        await this.keys.make(transaction, orgId, toKey);
      }
      const without: { orgId: string }[] = await transaction.query(WITHOUT_KEY);
      for (const { orgId } of without) await this.keys.make(transaction, orgId, toKey);
      return old.length + without.length;
    });
  }

  /** Seals credentials anew under their organization's new key. @returns how many */
  resealCredentials(toKey: string): Promise<number> {
    return this.across(async (transaction) => {
      const locked: Named[] = await transaction.query(OLD_CREDENTIALS, [toKey]);
      const done = [];
      for (const { orgId, id } of locked) {
        const credential = await transaction.findOneByOrFail(CredentialEntity, { orgId, id });
        done.push(await this.reseal(transaction, credential));
      }
      if (done.length === 0) return 0;
      await transaction.query(RESEALED, [
        done.map(({ credential }) => credential.orgId),
        done.map(({ credential }) => credential.id),
        done.map(({ content }) => JSON.stringify(content)),
        done.map(({ key }) => key.id),
      ]);
      await this.accesses.append(transaction, ...done.map(toAccess));
      return done.length;
    });
  }

  /** Deletes organizations' old keys that nothing is sealed under any more. */
  async dropOldKeys(): Promise<void> {
    await this.across(async (transaction) => {
      const old: Named[] = await transaction.query(LOCK_OLD_KEYS);
      await transaction.query(DELETE_UNUSED, [old.map(({ orgId }) => orgId), old.map(({ id }) => id)]);
    });
  }

  private across<Result>(work: (transaction: EntityManager) => Promise<Result>): Promise<Result> {
    return acrossOrganizations(this.dataSource, 'key rotation', work);
  }

  /** What does not open under its old key is lost already: it is moved as it is, noted, and holds up nothing. */
  private async reseal(transaction: EntityManager, credential: CredentialEntity): Promise<Resealed> {
    const { orgId } = credential;
    const key = await this.keys.forSealing(transaction, orgId);
    try {
      const old = await this.keys.forOpening(transaction, credential);
      return { credential, key, content: this.sealer.reseal(credential, old, key), result: 'ok' };
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'credential_unreadable') throw error;
      return { credential, key, content: credential.content, result: error.code };
    }
  }
}

interface Resealed {
  readonly credential: CredentialEntity;
  readonly key: NamedKey;
  readonly content: CredentialEntity['content'];
  readonly result: string;
}

function toAccess({ credential, key, result }: Resealed): NewAccess {
  const { orgId, id, version } = credential;
  const of = { orgId, credentialId: id, credentialVersion: version, keyId: key.id };
  return { action: 'rotate', actor: VAULT, result, ...of };
}
