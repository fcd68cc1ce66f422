import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Final records, several to a row, until JetStream has them. */
@Entity({ name: 'outbox' })
export class OutboxEntity {
  /** UUIDv7, so in order of creation; the id of the message, too. */
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ type: 'json' })
  records!: unknown;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
