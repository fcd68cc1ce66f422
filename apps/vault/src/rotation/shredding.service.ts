import { credentialChanged } from '#contracts/vault.contract';
import { organizationShredded, type Shredded } from '#contracts/vault-rotation.contract';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization } from '#runtime/organizations';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AccessLog, OPERATOR } from '../accesses/access-log.service.js';
import { OrganizationKeys } from '../keys/organization-keys.service.js';

/** Whoever seals holds a lock on its key: they finish first, and nobody begins. */
const LOCK_KEYS = 'SELECT id FROM vault.organization_keys WHERE org_id = $1 FOR UPDATE';
const DELETE_CREDENTIALS = 'DELETE FROM vault.credentials WHERE org_id = $1 RETURNING id';
/** After the credentials: whoever connects an account holds a lock on its credential. */
const DELETE_TOKENS = 'DELETE FROM vault.tokens WHERE org_id = $1';
const DELETE_AUTHORIZATIONS = 'DELETE FROM vault.authorizations WHERE org_id = $1';
const DELETE_KEYS = 'DELETE FROM vault.organization_keys WHERE org_id = $1 RETURNING id';

/** Destroys an organization's keys: what was sealed under them is noise from then on, wherever there is a copy of it. */
@Injectable()
export class ShreddingService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @Inject(AccessLog) private readonly accesses: AccessLog,
    @Inject(RpcClient) private readonly rpc: RpcClient,
  ) {}

  async shred(orgId: string): Promise<Shredded> {
    const { credentialIds, keys } = await forOrganization(this.dataSource, orgId, async (transaction) => {
      await transaction.query(LOCK_KEYS, [orgId]);
      const [credentials] = await transaction.query<[{ id: string }[], number]>(DELETE_CREDENTIALS, [orgId]);
      await transaction.query(DELETE_TOKENS, [orgId]);
      await transaction.query(DELETE_AUTHORIZATIONS, [orgId]);
      const [deleted] = await transaction.query<[unknown[], number]>(DELETE_KEYS, [orgId]);
      const ids = credentials.map(({ id }) => id);
      const access = { action: 'shred', actor: OPERATOR, orgId } as const;
      await this.accesses.append(
        transaction,
        access,
        ...ids.map((credentialId) => ({ ...access, credentialId })),
      );
      return { credentialIds: ids, keys: deleted.length };
    });
    this.keys.forget(orgId);
    this.rpc.announce(organizationShredded, { orgId });
    for (const credentialId of credentialIds) this.rpc.announce(credentialChanged, { orgId, credentialId });
    return { keys, credentials: credentialIds.length };
  }
}
