import type { ToolDefinition } from '#toolcall/tool-definition';
import { Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** A tool's draft, and which of its versions live calls run. */
@Entity({ name: 'tools' })
export class ToolEntity {
  @PrimaryColumn({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @PrimaryColumn({ type: 'text' })
  key!: string;

  @Column({ type: 'text' })
  status!: 'active' | 'archived';

  /** Grows with every change. */
  @Column({ type: 'integer' })
  revision!: number;

  /** `json`, not `jsonb`: the order of keys is the order in which they are sent. */
  @Column({ type: 'json' })
  definition!: ToolDefinition;

  @Column({ name: 'published_version', type: 'integer', nullable: true })
  publishedVersion!: number | null;

  /** The revision that was published; any later one has unpublished changes. */
  @Column({ name: 'published_revision', type: 'integer', nullable: true })
  publishedRevision!: number | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
