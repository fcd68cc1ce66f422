import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * An execution that can change something: its row is written before the first byte leaves, and is at once the
 * `started` record and the claim of its idempotency key.
 */
@Entity({ name: 'executions' })
@Index('executions_idempotency', ['orgId', 'idempotencyKey'], { unique: true })
@Index('executions_open_leases', ['leaseUntil'], { where: "state = 'started'" })
export class ExecutionJournalEntity {
  @PrimaryColumn({ name: 'execution_id', type: 'uuid' })
  executionId!: string;

  @Column({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @Column({ name: 'idempotency_key', type: 'text' })
  idempotencyKey!: string;

  /** Differs when the same key comes with something else. */
  @Column({ type: 'text' })
  fingerprint!: string;

  @Column({ type: 'text' })
  state!: 'started' | 'finished';

  /** The record as far as it is known at the start; what a reaper completes. */
  @Column({ type: 'json' })
  record!: unknown;

  /** Until when the executor that began it will have finished it, if it lives. Database time. */
  @Column({ name: 'lease_until', type: 'timestamptz' })
  leaseUntil!: Date;

  /** The `Execution` that was replied, for whoever asks again. */
  @Column({ type: 'json', nullable: true })
  reply!: unknown;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  finishedAt!: Date | null;
}
