import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * `introduced`: every vault is to learn of it. `current`: wraps what is new. `retiring`: unwraps still. `retired`: does
 * not unwrap any more, whoever still has the key.
 */
export type KeyState = 'introduced' | 'current' | 'retiring' | 'retired';

/** One version of the keys that wrap organizations' keys. The key itself is the provider's. */
@Entity('key_versions')
@Index('key_versions_one_current', ['state'], { unique: true, where: `state = 'current'` })
@Check('key_versions_state_check', `state IN ('introduced', 'current', 'retiring', 'retired')`)
export class KeyVersionEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'key_versions_pkey' })
  id!: string;

  @Column('text')
  state!: KeyState;

  /** Something wrapped under it: whoever opens it has the right key. */
  @Column('text')
  canary!: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;
}
