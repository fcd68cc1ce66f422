import { Column, Entity, PrimaryColumn } from 'typeorm';

export type TokenState = 'active' | 'expiring' | 'expired' | 'refresh_failed' | 'revoked';

/**
 * The access token that a credential has obtained, and how obtaining it goes. One row per credential; per end user where
 * each connects an account of their own.
 */
@Entity('tokens')
export class TokenEntity {
  @PrimaryColumn('uuid', { name: 'org_id', primaryKeyConstraintName: 'tokens_pkey' })
  orgId!: string;

  @PrimaryColumn('uuid', { name: 'credential_id', primaryKeyConstraintName: 'tokens_pkey' })
  credentialId!: string;

  /** Whose account it is for; empty where it is the organization's. */
  @PrimaryColumn('text', { name: 'end_user', primaryKeyConstraintName: 'tokens_pkey' })
  endUser!: string;

  /** Of the credential that bought it; a replaced one buys anew. Of a connected account: what was agreed to. */
  @Column('integer', { name: 'credential_version' })
  credentialVersion!: number;

  /** Grows with every token; 0 before the first. */
  @Column('integer')
  version!: number;

  /** Under the credential's own key; null before the first. */
  @Column('text', { nullable: true })
  sealed!: string | null;

  /** What the next one is had for; under the same key. Replaced together with the access token, or not at all. */
  @Column('text', { name: 'sealed_refresh', nullable: true })
  sealedRefresh!: string | null;

  /** When somebody connected the account; null where the credential itself buys tokens. */
  @Column('timestamptz', { name: 'connected_at', nullable: true })
  connectedAt!: Date | null;

  /** Null also for a token that has no known end. */
  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** From then on the next one is fetched while this one is still good. */
  @Column('timestamptz', { name: 'refresh_at', nullable: true })
  refreshAt!: Date | null;

  /** When an API last made us fetch one before its time. */
  @Column('timestamptz', { name: 'forced_at', nullable: true })
  forcedAt!: Date | null;

  @Column('text')
  state!: TokenState;

  @Column('text', { name: 'last_error', nullable: true })
  lastError!: string | null;

  @Column('timestamptz', { name: 'last_error_at', nullable: true })
  lastErrorAt!: Date | null;

  /** In a row. */
  @Column('integer')
  failures!: number;

  /** Nobody asks the token endpoint before. */
  @Column('timestamptz', { name: 'retry_at', nullable: true })
  retryAt!: Date | null;

  /** Whoever holds it is asking the token endpoint; the others wait. */
  @Column('uuid', { name: 'lease_id', nullable: true })
  leaseId!: string | null;

  @Column('timestamptz', { name: 'lease_until', nullable: true })
  leaseUntil!: Date | null;
}
