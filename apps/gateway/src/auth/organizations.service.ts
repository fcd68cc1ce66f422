import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
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
  constructor(
    @InjectRepository(OrganizationEntity) private readonly organizations: Repository<OrganizationEntity>,
  ) {}

  isEmpty(): Promise<boolean> {
    return this.organizations.exists().then((exists) => !exists);
  }

  /**
   * Makes an organization with an admin key when there is none at all.
   *
   * @param deliver hands the key to whoever will use it. It is the only copy: when it cannot be delivered, nothing is made.
   * @returns whether one was made
   */
  createFirst(name: string, deliver: (first: FirstOrganization) => Promise<void>): Promise<boolean> {
    return this.organizations.manager.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [FIRST_ORGANIZATION_LOCK]);
      if (await manager.exists(OrganizationEntity)) return false;
      const { id: orgId } = await manager.save(manager.create(OrganizationEntity, { id: uuidv7(), name }));
      const { key: adminKey } = await insertKey(manager, { orgId, name: 'First admin', role: 'admin' });
      await deliver({ orgId, adminKey });
      return true;
    });
  }
}
