import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

export type RotationState = 'introducing' | 'rewrapping' | 'finished';

/** One change from a key version to the next. There is one at a time. */
@Entity('rotations')
@Index('rotations_one_open', ['isOpen'], { unique: true, where: 'is_open' })
@Check('rotations_state_check', `state IN ('introducing', 'rewrapping', 'finished')`)
export class RotationEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'rotations_pkey' })
  id!: string;

  @Column('text')
  state!: RotationState;

  @Column('boolean', { name: 'is_open' })
  isOpen!: boolean;

  @Column('text', { name: 'from_key' })
  fromKey!: string;

  @Column('text', { name: 'to_key' })
  toKey!: string;

  /** Credentials there were when it began. */
  @Column('integer')
  total!: number;

  @Column({ type: 'timestamptz', name: 'started_at', precision: 3 })
  startedAt!: Date;

  @Column({ type: 'timestamptz', name: 'finished_at', precision: 3, nullable: true })
  finishedAt!: Date | null;
}
