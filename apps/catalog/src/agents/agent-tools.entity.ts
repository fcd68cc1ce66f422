import type { ToolBinding } from '#toolcall/tool-binding';
import { Column, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** The tools one agent was given. No row: every published one. */
@Entity({ name: 'agent_tools' })
export class AgentToolsEntity {
  @PrimaryColumn({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @PrimaryColumn({ name: 'agent_id', type: 'text' })
  agentId!: string;

  /** Grows with every change; 2 at first, since 1 is the agent nobody has bound. */
  @Column({ type: 'integer' })
  revision!: number;

  @Column({ type: 'json' })
  bindings!: ToolBinding[];

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
