import type { ExecutionRecord, ExecutionStatus } from '#contracts/executor.contract';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The final record of one execution. Written once, never changed. */
@Entity({ name: 'executions' })
@Index('executions_by_time', ['orgId', 'startedAt', 'executionId'])
@Index('executions_by_tool', ['orgId', 'toolKey', 'startedAt', 'executionId'])
@Index('executions_by_call', ['orgId', 'callId', 'startedAt', 'executionId'], {
  where: 'call_id IS NOT NULL',
})
@Index('executions_not_succeeded', ['orgId', 'status', 'startedAt', 'executionId'], {
  where: `status <> 'succeeded'`,
})
@Index('executions_tests', ['orgId', 'startedAt', 'executionId'], { where: 'is_test' })
@Index('executions_missing_paths', ['orgId', 'startedAt'], { where: 'missing_paths IS NOT NULL' })
@Index('executions_by_age', ['startedAt'], { type: 'brin' })
export class ExecutionEntity {
  @PrimaryColumn({ name: 'execution_id', type: 'uuid' })
  executionId!: string;

  @Column({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @Column({ name: 'call_id', type: 'uuid', nullable: true })
  callId!: string | null;

  @Column({ name: 'agent_id', type: 'text', nullable: true })
  agentId!: string | null;

  @Column({ name: 'tool_key', type: 'text' })
  toolKey!: string;

  @Column({ type: 'integer' })
  version!: number;

  @Column({ name: 'is_test', type: 'boolean' })
  isTest!: boolean;

  @Column({ type: 'text' })
  status!: ExecutionStatus;

  @Column({ type: 'text' })
  outcome!: string;

  @Column({ name: 'error_code', type: 'text', nullable: true })
  errorCode!: string | null;

  @Column({ name: 'error_message', type: 'text', nullable: true })
  errorMessage!: string | null;

  @Column({ type: 'text', nullable: true })
  method!: string | null;

  @Column({ type: 'text', nullable: true })
  host!: string | null;

  @Column({ name: 'http_status', type: 'integer', nullable: true })
  httpStatus!: number | null;

  @Column({ type: 'integer' })
  attempts!: number;

  /** To the millisecond, so that a cursor made of it loses nothing. */
  @Column({ name: 'started_at', type: 'timestamptz', precision: 3 })
  startedAt!: Date;

  @Column({ name: 'total_ms', type: 'double precision' })
  totalMs!: number;

  @Column({ name: 'upstream_ms', type: 'double precision', nullable: true })
  upstreamMs!: number | null;

  @Column({ name: 'trace_id', type: 'text', nullable: true })
  traceId!: string | null;

  /** Null where all were found: an empty list is never stored. */
  @Column({ name: 'missing_paths', type: 'text', array: true, nullable: true })
  missingPaths!: string[] | null;
}

/** The record as the contract has it: what was absent is absent again. */
export function toRecord({ startedAt, ...row }: ExecutionEntity): ExecutionRecord {
  const present = Object.entries(row).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(present), startedAt: startedAt.toISOString() } as ExecutionRecord;
}
