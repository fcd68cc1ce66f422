import { readForOrganization } from '#runtime/organizations';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import type { KeyFinder } from '../crypto/envelope.js';
import { KeyVersionEntity } from '../keys/key-version.entity.js';
import { OrganizationKeyEntity } from '../keys/organization-key.entity.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';
import { CredentialEntity } from './credential.entity.js';

export interface CredentialWithKey extends CredentialEntity {
  readonly key?: OrganizationKeyEntity | null;
  readonly keyVersion?: KeyVersionEntity | null;
}

/** Credentials with what opens them. */
@Injectable()
export class StoredCredentials {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
  ) {}

  find(orgId: string, id: string): Promise<CredentialWithKey | undefined> {
    return this.one(orgId, (query) => query.where({ orgId, id }));
  }

  /** The one of type `secret` that templates call so. */
  findSecret(orgId: string, reference: string): Promise<CredentialWithKey | undefined> {
    return this.one(orgId, (query) =>
      query
        .where({ orgId })
        .andWhere(`c.content->>'type' = 'secret' AND c.content->>'reference' = :reference`, { reference }),
    );
  }

  keysOf({ keyId, key, keyVersion }: CredentialWithKey): Promise<KeyFinder> {
    if (keyId === null) return this.keys.oldKeys(this.dataSource.manager);
    if (!key || !keyVersion) return this.keys.finderOf(undefined);
    const { orgId, id, wrapped } = key;
    return this.keys.finderOf({ orgId, id, keyVersion: keyVersion.id, wrapped, state: keyVersion.state });
  }

  /** In one statement, so that record and key belong together while keys are rotated. */
  private async one(
    orgId: string,
    where: (query: SelectQueryBuilder<CredentialEntity>) => SelectQueryBuilder<CredentialEntity>,
  ): Promise<CredentialWithKey | undefined> {
    const found = await readForOrganization(this.dataSource, orgId, (manager) => {
      const query = manager
        .createQueryBuilder(CredentialEntity, 'c')
        .leftJoinAndMapOne('c.key', OrganizationKeyEntity, 'k', 'k.org_id = c.org_id AND k.id = c.key_id')
        .leftJoinAndMapOne('c.keyVersion', KeyVersionEntity, 'v', 'v.id = k.key_version');
      return where(query).getOne();
    });
    return found ?? undefined;
  }
}
