import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Somebody about to connect an account: first a link that was given out, then a browser that is at the authorization
 * server. Each is good once, for ten minutes. What proves either is here as a hash only.
 */
@Entity('authorizations')
@Index('authorizations_by_ticket', ['ticketHash'], { unique: true })
@Index('authorizations_by_state', ['stateHash'], { unique: true })
@Index('authorizations_by_end', ['expiresAt'])
export class AuthorizationEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'authorizations_pkey' })
  id!: string;

  @Column('uuid', { name: 'org_id' })
  orgId!: string;

  @Column('uuid', { name: 'credential_id' })
  credentialId!: string;

  /** What is agreed to. Once the credential is about something else, this leads nowhere. */
  @Column('integer', { name: 'credential_version' })
  credentialVersion!: number;

  /** Empty where the account is the organization's. */
  @Column('text', { name: 'end_user' })
  endUser!: string;

  /** Who gave out the link. */
  @Column('text', { name: 'actor_type' })
  actorType!: 'api_key' | 'service' | 'operator';

  @Column('text', { name: 'actor_id' })
  actorId!: string;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  /** Of the link; null once a browser came with it. */
  @Column('text', { name: 'ticket_hash', nullable: true })
  ticketHash!: string | null;

  /** Of what the browser has to come back with. */
  @Column('text', { name: 'state_hash', nullable: true })
  stateHash!: string | null;

  /** Of what only this browser has. */
  @Column('text', { name: 'browser_hash', nullable: true })
  browserHash!: string | null;

  /** The PKCE verifier, under the credential's own key. */
  @Column('text', { name: 'sealed_verifier', nullable: true })
  sealedVerifier!: string | null;

  @Column('text', { name: 'redirect_uri', nullable: true })
  redirectUri!: string | null;
}
