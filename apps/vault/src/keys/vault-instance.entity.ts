import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A running vault, and the key versions that it has proved to be able to use. */
@Entity('instances')
export class VaultInstanceEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'instances_pkey' })
  id!: string;

  @Column('text', { name: 'key_versions', array: true })
  keyVersions!: string[];

  @Column({ type: 'timestamptz', name: 'seen_at', precision: 3 })
  seenAt!: Date;
}
