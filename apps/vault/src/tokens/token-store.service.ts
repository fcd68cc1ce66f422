import { queryForOrganizations, readForOrganization } from '#runtime/organizations';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, In, type EntityManager } from 'typeorm';
import { TokenEntity, type TokenState } from './token.entity.js';

/** The credential whose token it is, at the version it is at. */
export interface TokenHolder {
  readonly orgId: string;
  readonly id: string;
  readonly version: number;
}

/** Longer than a request to a token endpoint may take: whoever holds a lease that ran out is dead. */
const LEASE_SECONDS = 15;

/**
 * Takes the lease if nobody has it and nobody has fetched since we looked. What an older version of the credential had
 * is forgotten.
 */
const CLAIM = `
  INSERT INTO vault.tokens AS t (org_id, credential_id, credential_version, version, state, failures, lease_id, lease_until)
  VALUES ($1, $2, $3, $4, 'active', 0, $5, now() + make_interval(secs => ${LEASE_SECONDS}))
  ON CONFLICT (org_id, credential_id) DO UPDATE SET
    lease_id = excluded.lease_id, lease_until = excluded.lease_until,
    sealed = CASE WHEN t.credential_version = $3 THEN t.sealed END,
    failures = CASE WHEN t.credential_version = $3 THEN t.failures ELSE 0 END,
    credential_version = $3
  WHERE t.version = $4 AND t.credential_version <= $3
    AND (t.lease_until IS NULL OR t.lease_until < now() OR t.credential_version < $3)
  RETURNING lease_id`;

const SAVE = `
  UPDATE vault.tokens SET version = version + 1, sealed = $4, expires_at = $5, refresh_at = $6,
    forced_at = CASE WHEN $7 THEN now() ELSE forced_at END, state = 'active',
    last_error = NULL, last_error_at = NULL, failures = 0, retry_at = NULL, lease_id = NULL, lease_until = NULL
  WHERE org_id = $1 AND credential_id = $2 AND lease_id = $3`;

/** The pause doubles with every failure in a row: 1 s to 64 s. */
const FAIL = `
  UPDATE vault.tokens SET state = $4, last_error = $5, last_error_at = now(), failures = failures + 1,
    retry_at = now() + make_interval(secs => power(2, least(failures, 6))), lease_id = NULL, lease_until = NULL
  WHERE org_id = $1 AND credential_id = $2 AND lease_id = $3`;

/** Access tokens at rest, and whose turn it is to fetch the next: one at a time among all vaults, by a lease in its row. */
@Injectable()
export class TokenStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** What there is for this version of the credential; what an older one has left counts as its version number only. */
  async find({ orgId, id }: TokenHolder): Promise<TokenEntity | undefined> {
    const found = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findOneBy(TokenEntity, { orgId, credentialId: id }),
    );
    return found ?? undefined;
  }

  async findAll(
    manager: EntityManager,
    orgId: string,
    credentialIds: readonly string[],
  ): Promise<Map<string, TokenEntity>> {
    if (credentialIds.length === 0) return new Map();
    const found = await manager.findBy(TokenEntity, { orgId, credentialId: In([...credentialIds]) });
    return new Map(found.map((token) => [token.credentialId, token]));
  }

  /** @returns whether the lease is ours, to fetch the token after the one of this version */
  async claim(holder: TokenHolder, version: number, leaseId: string): Promise<boolean> {
    const { orgId, id } = holder;
    const { rowCount } = await this.query(CLAIM, [orgId, id, holder.version, version, leaseId]);
    return rowCount === 1;
  }

  /** Does nothing when the lease was lost. */
  async save(
    { orgId, id }: TokenHolder,
    leaseId: string,
    { sealed, expiresAt, refreshAt }: { sealed: string; expiresAt: Date; refreshAt: Date },
    isForced: boolean,
  ): Promise<void> {
    await this.query(SAVE, [orgId, id, leaseId, sealed, expiresAt, refreshAt, isForced]);
  }

  /** Does nothing when the lease was lost. */
  async fail({ orgId, id }: TokenHolder, leaseId: string, state: TokenState, message: string): Promise<void> {
    await this.query(FAIL, [orgId, id, leaseId, state, message]);
  }

  async forget(transaction: EntityManager, { orgId, id }: Pick<TokenHolder, 'orgId' | 'id'>): Promise<void> {
    await transaction.delete(TokenEntity, { orgId, credentialId: id });
  }

  private query(text: string, values: [orgId: string, ...unknown[]]) {
    return queryForOrganizations(this.dataSource, [values[0]], { text, values });
  }
}
