import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  Unique,
} from 'typeorm';
import { OrganizationEntity } from './organization.entity.js';
import type { Role } from './roles.js';

/** One API key: whose it is, what it may do, and the digest it is recognized by. The key itself is kept nowhere. */
@Entity({ name: 'api_keys' })
@Index('api_keys_by_organization', ['orgId', 'id'])
@Unique('api_keys_digest_key', ['digest'])
@Check('api_keys_role_check', `role IN ('admin', 'editor', 'viewer', 'executor')`)
@Check('api_keys_digest_check', 'octet_length(digest) = 32')
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ name: 'org_id', type: 'uuid' })
  orgId!: string;

  @ManyToOne(() => OrganizationEntity)
  @JoinColumn({ name: 'org_id', foreignKeyConstraintName: 'api_keys_org_id_fkey' })
  organization?: OrganizationEntity;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  role!: Role;

  /** SHA-256. A key is 256 random bits, so nothing slower is needed. */
  @Column({ type: 'bytea' })
  digest!: Buffer;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** To the minute. */
  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt!: Date | null;
}
