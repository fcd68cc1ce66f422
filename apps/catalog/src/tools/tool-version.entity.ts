import type { ToolDefinition } from '#toolcall/tool-definition';
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A published snapshot of a tool. Never changed. */
@Entity({ name: 'tool_versions' })
export class ToolVersionEntity {
  @PrimaryColumn({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @PrimaryColumn({ type: 'text' })
  key!: string;

  @PrimaryColumn({ type: 'integer' })
  version!: number;

  @Column({ type: 'json' })
  definition!: ToolDefinition;

  @CreateDateColumn({ name: 'published_at', type: 'timestamptz', precision: 3 })
  publishedAt!: Date;
}
