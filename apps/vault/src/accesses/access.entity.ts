import type { AccessAction } from '#contracts/vault-access.contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One line of the record. The database itself refuses to change or delete it. */
@Entity('accesses')
@Index('accesses_by_credential', ['orgId', 'credentialId', 'id'])
export class AccessEntity {
  /** UUIDv7: its order is the order of time. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'accesses_pkey' })
  id!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  at!: Date;

  @Column('text')
  action!: AccessAction;

  /** `ok`, or an error code. */
  @Column('text')
  result!: string;

  @Column('text', { name: 'actor_type' })
  actorType!: 'api_key' | 'service' | 'operator';

  @Column('text', { name: 'actor_id' })
  actorId!: string;

  @Column('uuid', { name: 'org_id' })
  orgId!: string;

  /** As it was asked for: there may be no such credential. */
  @Column('uuid', { name: 'credential_id', nullable: true })
  credentialId!: string | null;

  @Column('integer', { name: 'credential_version', nullable: true })
  credentialVersion!: number | null;

  @Column('text', { name: 'key_id', nullable: true })
  keyId!: string | null;

  @Column('text', { nullable: true })
  origin!: string | null;

  @Column('uuid', { name: 'execution_id', nullable: true })
  executionId!: string | null;

  @Column('text', { name: 'tool_key', nullable: true })
  toolKey!: string | null;

  @Column('uuid', { name: 'call_id', nullable: true })
  callId!: string | null;
}
