import { decodeCursor, encodeCursor } from '#contracts/cursor';
import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import {
  credentialChanged,
  type Actor,
  type ConnectionPage,
  type DeleteConnection,
  type ListConnections,
  type StartConnection,
  type StartedConnection,
} from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, readForOrganization } from '#runtime/organizations';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AccessLog } from '../accesses/access-log.service.js';
import { tokensVersionOf } from '../credentials/credential-fields.js';
import { TokenStore } from '../tokens/token-store.service.js';
import { healthOf } from '../tokens/token-terms.js';
import { Authorizations } from './authorizations.service.js';
import { AccountCredentials, type AccountCredential } from './account-credentials.service.js';
import { Revocations } from './revocations.service.js';

const DEFAULT_PAGE = 50;

/** Accounts that people have connected, as the credential's owners see them. */
@Injectable()
export class Connections {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(AccountCredentials) private readonly credentials: AccountCredentials,
    @Inject(Authorizations) private readonly authorizations: Authorizations,
    @Inject(TokenStore) private readonly tokens: TokenStore,
    @Inject(Revocations) private readonly revocations: Revocations,
    @Inject(AccessLog) private readonly accesses: AccessLog,
    @Inject(RpcClient) private readonly rpc: RpcClient,
  ) {}

  async start(
    { orgId, credentialId, endUser }: Omit<StartConnection, 'sealed' | 'actor'>,
    ticket: string,
    actor: Actor,
  ): Promise<StartedConnection> {
    const expiresAt = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const credential = await this.credentials.find(transaction, { orgId, credentialId });
      const account = { endUser: whose(credential, endUser), ticket, actor };
      return this.authorizations.start(transaction, credential, account);
    });
    return { expiresAt: expiresAt.toISOString() };
  }

  async list({
    orgId,
    credentialId,
    limit = DEFAULT_PAGE,
    cursor,
  }: ListConnections): Promise<ConnectionPage> {
    const [after] = cursor === undefined ? [] : decodeCursor(cursor, 1);
    const found = await readForOrganization(this.dataSource, orgId, async (manager) => {
      const credential = await this.credentials.find(manager, { orgId, credentialId });
      const holder = { orgId, id: credentialId, version: tokensVersionOf(credential) };
      return this.tokens.connected(manager, holder, { after, limit: limit + 1 });
    });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    const items = page.map((token) => ({
      ...(token.endUser !== '' && { endUser: token.endUser }),
      connectedAt: (token.connectedAt ?? new Date(0)).toISOString(),
      health: healthOf(token, Date.now()),
    }));
    return { items, ...(last && { nextCursor: encodeCursor(last.endUser) }) };
  }

  /** What the server gave is forgotten at once, and the server told so afterwards. */
  async remove(
    { orgId, credentialId, endUser = '' }: Omit<DeleteConnection, 'actor'>,
    actor: Actor,
  ): Promise<void> {
    const forgotten = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const locked = await this.credentials.lock(transaction, { orgId, credentialId });
      const account = await this.revocations.forget(transaction, locked, endUser);
      if (account.rows.length === 0) {
        throw new ServiceError('connection_not_found', 'There is no such connection');
      }
      const access = { action: 'disconnect', actor, orgId, credentialId } as const;
      await this.accesses.append(transaction, { ...access, credentialVersion: locked.version });
      return account;
    });
    const names = { orgId: orgId.toLowerCase(), credentialId: credentialId.toLowerCase() };
    this.rpc.announce(credentialChanged, names);
    forgotten.tell();
  }
}

/** @throws ServiceError `invalid_request` when it is said whose account it is and must not be, or the other way round */
function whose({ content: { connectedBy } }: AccountCredential, endUser: string | undefined): string {
  if ((connectedBy === 'end_user') === (endUser !== undefined)) return endUser ?? '';
  const [code, message] =
    endUser === undefined
      ? ['required', 'must say whose account it is: each end user connects their own to this credential']
      : ['not_allowed', 'must be absent: this credential uses one account of the organization’s'];
  throw invalidRequest([{ pointer: '/endUser', code, message }]);
}
