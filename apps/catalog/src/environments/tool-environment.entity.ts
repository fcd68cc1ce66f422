import type { Environment } from '#contracts/common.contract';
import { Column, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** What an environment of a tool was put to. No row: nothing, or what is published in production. */
@Entity({ name: 'tool_environments' })
export class ToolEnvironmentEntity {
  @PrimaryColumn({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @PrimaryColumn({ type: 'text' })
  key!: string;

  @PrimaryColumn({ type: 'text' })
  name!: Environment;

  /** Grows with every change; 2 at first, since 1 is what was never put. */
  @Column({ type: 'integer' })
  revision!: number;

  /** Null follows what is published. */
  @Column({ type: 'integer', nullable: true })
  version!: number | null;

  @Column({ name: 'base_url', type: 'text', nullable: true })
  baseUrl!: string | null;

  @Column({ name: 'credential_id', type: 'uuid', nullable: true })
  credentialId!: string | null;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
