import { acrossOrganizations, confineTo, readAcrossOrganizations } from '#runtime/organizations';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { insertKey } from './api-keys.service.js';
import { OrganizationEntity } from './organization.entity.js';

/** Any number; gateways that start at the same time take turns over it. */
const FIRST_ORGANIZATION_LOCK = 7_220_942;

export interface FirstOrganization {
  readonly orgId: string;
  readonly adminKey: string;
}

@Injectable()
export class OrganizationsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  isEmpty(): Promise<boolean> {
    return readAcrossOrganizations(
      this.dataSource,
      'first organization',
      async (manager) => !(await manager.exists(OrganizationEntity)),
    );
  }

  /**
   * Makes an organization with an admin key when there is none at all.
   *
   * @param deliver hands the key to whoever will use it. It is the only copy: when it cannot be delivered, nothing is made.
   * @returns whether one was made
   */
  createFirst(name: string, deliver: (first: FirstOrganization) => Promise<void>): Promise<boolean> {
    return acrossOrganizations(this.dataSource, 'first organization', async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [FIRST_ORGANIZATION_LOCK]);
      if (await manager.exists(OrganizationEntity)) return false;
      const orgId = uuidv7();
      await confineTo(manager, orgId);
      await manager.save(manager.create(OrganizationEntity, { id: orgId, name }));
      const { key: adminKey } = await insertKey(manager, { orgId, name: 'First admin', role: 'admin' });
      await deliver({ orgId, adminKey });
      return true;
    });
  }
}
