import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Typed } from './credential-fields.js';

/** A secret at rest: its envelope, and the mask that is shown in its place. */
export interface StoredSecret {
  readonly sealed: string;
  readonly masked: string;
}

@Entity('credentials')
@Index('credentials_by_key', ['orgId', 'keyId'])
@Index('credentials_by_reference', { synchronize: false }) // on an expression, which TypeORM cannot say
export class CredentialEntity {
  @PrimaryColumn('uuid', { name: 'org_id', primaryKeyConstraintName: 'credentials_pkey' })
  orgId!: string;

  /** UUIDv7: its order is the order of creation. */
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'credentials_pkey' })
  id!: string;

  @Column('text')
  name!: string;

  /** Canonical, sorted, each once. */
  @Column('text', { array: true })
  origins!: string[];

  /** Everything that belongs to the type, in clear except for the secrets. */
  @Column('jsonb')
  content!: Typed<StoredSecret>;

  /** Bound to every envelope in `content`. */
  @Column('integer')
  version!: number;

  /** The organization's key that its secrets are sealed under; null in what is older than such keys. */
  @Column('text', { name: 'key_id', nullable: true })
  keyId!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
