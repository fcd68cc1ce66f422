import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A key of one organization, wrapped: it seals the data keys of its credentials. Without it, none of them opens. */
@Entity('organization_keys')
@Index('organization_keys_one_current', ['orgId'], { unique: true, where: 'is_current' })
@Index('organization_keys_by_version', ['keyVersion'])
export class OrganizationKeyEntity {
  @PrimaryColumn('uuid', { name: 'org_id', primaryKeyConstraintName: 'organization_keys_pkey' })
  orgId!: string;

  /** A UUID's 32 digits: it stands in envelopes as their key id. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'organization_keys_pkey' })
  id!: string;

  /** Under which it is wrapped. */
  @Column('text', { name: 'key_version' })
  keyVersion!: string;

  @Column('text')
  wrapped!: string;

  /** Seals what is entered now. */
  @Column('boolean', { name: 'is_current' })
  isCurrent!: boolean;
}
