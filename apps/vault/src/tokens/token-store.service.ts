import { queryForOrganizations, readForOrganization } from '#runtime/organizations';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, In, MoreThan, type EntityManager } from 'typeorm';
import type { TokenTerms } from './token-terms.js';
import { TokenEntity, type TokenState } from './token.entity.js';

/** The credential whose token it is, at the version that its tokens are for. */
export interface TokenHolder {
  readonly orgId: string;
  readonly id: string;
  readonly version: number;
  /** Empty where the token is the organization's. */
  readonly endUser: string;
}

export interface SealedTokens extends TokenTerms {
  readonly sealed: string;
  readonly sealedRefresh: string | null;
}

/** Longer than a request to a token endpoint may take: whoever holds a lease that ran out is dead. */
export const LEASE_SECONDS = 15;

/**
 * Takes the lease if nobody has it and nobody has fetched since we looked. What an older version of the credential had
 * is forgotten.
 */
const CLAIM = `
  INSERT INTO vault.tokens AS t
    (org_id, credential_id, end_user, credential_version, version, state, failures, lease_id, lease_until)
  VALUES ($1, $2, $3, $4, $5, 'active', 0, $6, now() + make_interval(secs => ${LEASE_SECONDS}))
  ON CONFLICT (org_id, credential_id, end_user) DO UPDATE SET
    lease_id = excluded.lease_id, lease_until = excluded.lease_until,
    sealed = CASE WHEN t.credential_version = $4 THEN t.sealed END,
    failures = CASE WHEN t.credential_version = $4 THEN t.failures ELSE 0 END,
    credential_version = $4
  WHERE t.version = $5 AND t.credential_version <= $4
    AND (t.lease_until IS NULL OR t.lease_until < now() OR t.credential_version < $4)
  RETURNING lease_id`;

/** The same for what somebody has connected: only they make such a row, and it is not renewed once they took it back. */
const CLAIM_RENEWAL = `
  UPDATE vault.tokens SET lease_id = $6, lease_until = now() + make_interval(secs => ${LEASE_SECONDS})
  WHERE org_id = $1 AND credential_id = $2 AND end_user = $3 AND credential_version = $4 AND version = $5
    AND sealed_refresh IS NOT NULL AND state <> 'revoked' AND (lease_until IS NULL OR lease_until < now())
  RETURNING lease_id`;

/** In one statement: a refresh token that was exchanged for another is never left beside the access token it came with. */
const SAVE = `
  UPDATE vault.tokens SET version = version + 1, sealed = $5, sealed_refresh = $6, expires_at = $7, refresh_at = $8,
    forced_at = CASE WHEN $9 THEN now() ELSE forced_at END, state = 'active',
    last_error = NULL, last_error_at = NULL, failures = 0, retry_at = NULL, lease_id = NULL, lease_until = NULL
  WHERE org_id = $1 AND credential_id = $2 AND end_user = $3 AND lease_id = $4
  RETURNING version`;

/** The pause doubles with every failure in a row: 1 s to 64 s. What was withdrawn is not kept. */
const FAIL = `
  UPDATE vault.tokens SET state = $5, last_error = $6, last_error_at = now(), failures = failures + 1,
    sealed = CASE WHEN $5 = 'revoked' AND connected_at IS NOT NULL THEN NULL ELSE sealed END,
    sealed_refresh = CASE WHEN $5 = 'revoked' THEN NULL ELSE sealed_refresh END,
    retry_at = now() + make_interval(secs => power(2, least(failures, 6))), lease_id = NULL, lease_until = NULL
  WHERE org_id = $1 AND credential_id = $2 AND end_user = $3 AND lease_id = $4`;

/** Access tokens at rest, and whose turn it is to fetch the next: one at a time among all vaults, by a lease in its row. */
@Injectable()
export class TokenStore {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** What there is for this version of the credential; what an older one has left counts as its version number only. */
  async find({ orgId, id, endUser }: Omit<TokenHolder, 'version'>): Promise<TokenEntity | undefined> {
    const found = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findOneBy(TokenEntity, { orgId, credentialId: id, endUser }),
    );
    return found ?? undefined;
  }

  /** The organization's own. */
  async findAll(
    manager: EntityManager,
    orgId: string,
    credentialIds: readonly string[],
  ): Promise<Map<string, TokenEntity>> {
    if (credentialIds.length === 0) return new Map();
    const named = { orgId, credentialId: In([...credentialIds]), endUser: '' };
    const found = await manager.findBy(TokenEntity, named);
    return new Map(found.map((token) => [token.credentialId, token]));
  }

  /** What was connected for this version of the credential, by end user. */
  connected(
    manager: EntityManager,
    { orgId, id, version }: Omit<TokenHolder, 'endUser'>,
    { after, limit }: { after: string | undefined; limit: number },
  ): Promise<TokenEntity[]> {
    return manager.find(TokenEntity, {
      where: {
        orgId,
        credentialId: id,
        credentialVersion: version,
        ...(after !== undefined && { endUser: MoreThan(after) }),
      },
      order: { endUser: 'ASC' },
      take: limit,
    });
  }

  /** @returns whether the lease is ours, to fetch the token after the one of this version */
  async claim(holder: TokenHolder, version: number, leaseId: string): Promise<boolean> {
    const { rowCount } = await this.query(CLAIM, claimOf(holder, version, leaseId));
    return rowCount === 1;
  }

  /** The same, where there is a refresh token. */
  async claimRenewal(holder: TokenHolder, version: number, leaseId: string): Promise<boolean> {
    const { rowCount } = await this.query(CLAIM_RENEWAL, claimOf(holder, version, leaseId));
    return rowCount === 1;
  }

  /** @returns false when the lease was lost: then nothing is saved */
  async save(
    { orgId, id, endUser }: TokenHolder,
    leaseId: string,
    { sealed, sealedRefresh, expiresAt, refreshAt }: SealedTokens,
    isForced: boolean,
  ): Promise<boolean> {
    const { rowCount } = await this.query(SAVE, [
      ...([orgId, id, endUser, leaseId] as const),
      ...[sealed, sealedRefresh, expiresAt, refreshAt, isForced],
    ]);
    return rowCount === 1;
  }

  /** Does nothing when the lease was lost. */
  async fail(holder: TokenHolder, leaseId: string, state: TokenState, message: string): Promise<void> {
    const { orgId, id, endUser } = holder;
    await this.query(FAIL, [orgId, id, endUser, leaseId, state, message]);
  }

  /** What somebody has just connected; whatever there was is to be forgotten before. */
  async connect(
    transaction: EntityManager,
    { orgId, id, endUser, version: credentialVersion }: TokenHolder,
    version: number,
    tokens: SealedTokens,
  ): Promise<void> {
    await transaction.insert(TokenEntity, {
      ...{ orgId, credentialId: id, endUser, credentialVersion, version, ...tokens },
      ...{ connectedAt: new Date(), state: 'active', failures: 0 },
    });
  }

  /** All of a credential, or of one end user. @returns what there was */
  async forget(
    transaction: EntityManager,
    { orgId, id, endUser }: Pick<TokenHolder, 'orgId' | 'id'> & Partial<Pick<TokenHolder, 'endUser'>>,
  ): Promise<TokenEntity[]> {
    const named = { orgId, credentialId: id, ...(endUser !== undefined && { endUser }) };
    const found = await transaction.find(TokenEntity, { where: named, lock: { mode: 'pessimistic_write' } });
    await transaction.delete(TokenEntity, named);
    return found;
  }

  private query(text: string, values: [orgId: string, ...unknown[]]) {
    return queryForOrganizations(this.dataSource, [values[0]], { text, values });
  }
}

function claimOf(
  { orgId, id, endUser, version: credentialVersion }: TokenHolder,
  version: number,
  leaseId: string,
): [orgId: string, ...unknown[]] {
  return [orgId, id, endUser, credentialVersion, version, leaseId];
}
