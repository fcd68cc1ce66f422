import { closed, Uuid } from '#contracts/common.contract';
import {
  deleteConnection,
  EndUser,
  ListConnections,
  listConnections,
  startConnection,
  type ConnectionPage,
} from '#contracts/vault.contract';
import { authorizationContext } from '#sealing/intake-key';
import { Controller, Delete, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { randomBytes } from 'node:crypto';
import Type from 'typebox';
import { actorOf } from '../auth/actor-of.js';
import { Allow } from '../auth/allow.decorator.js';
import type { Caller } from '../auth/caller.js';
import { GatewayConfig } from '../config.js';
import type { ConnectUrl, NewConnection } from '../documents.js';
import { Endpoint } from '../http/endpoint.decorator.js';
import { BodyAs, CallerOf, PathParam, QueryAs } from '../http/request.decorators.js';
import { sealForFlow } from '../seal-credential.js';
import { ServicesClient } from '../services.client.js';
import { PublicAddress } from './public-address.js';

const ListQuery = Type.Omit(ListConnections, ['orgId', 'credentialId'], closed);
const IdParam = () => PathParam('id', Uuid, 'credential_not_found');

/** Accounts that people connect to credentials of the type `oauth2_authorization_code`. */
@ApiTags('Credentials')
@Controller('v1/credentials/:id/connections')
export class ConnectionsController {
  constructor(
    private readonly services: ServicesClient,
    private readonly config: GatewayConfig,
    private readonly address: PublicAddress,
  ) {}

  @Post()
  @Allow('admin')
  @Endpoint<ConnectUrl>({
    summary: 'Make a link by which somebody connects an account',
    description:
      'Whoever opens the link first signs in and connects their account: give it to nobody else. It is good once, and for ' +
      'ten minutes. What was connected before is replaced once they have.',
    reply: 'ConnectUrl',
    refusals: ['credential_not_found'],
  })
  async start(
    @CallerOf() caller: Caller,
    @IdParam() credentialId: string,
    @BodyAs('NewConnection') { endUser }: NewConnection,
  ): Promise<ConnectUrl> {
    const { orgId } = caller;
    const ticket = randomBytes(32).toString('base64url');
    const connectUrl = this.address.connectUrl(ticket);
    const context = authorizationContext('start', orgId, credentialId);
    const sealed = sealForFlow(this.config.VAULT_PUBLIC_KEY, { ticket }, context);
    const whose = endUser !== undefined && { endUser };
    const request = { orgId, credentialId, sealed, ...whose, actor: actorOf(caller) };
    const { expiresAt } = await this.services.ask(startConnection, request);
    return { connectUrl, expiresAt };
  }

  @Get()
  @Allow('admin')
  @Endpoint<ConnectionPage>({
    summary: 'List the accounts that are connected, by end user',
    reply: 'ConnectionPage',
    refusals: ['credential_not_found'],
  })
  list(
    @CallerOf() { orgId }: Caller,
    @IdParam() credentialId: string,
    @QueryAs(ListQuery) query: Type.Static<typeof ListQuery>,
  ): Promise<ConnectionPage> {
    return this.services.ask(listConnections, { orgId, credentialId, ...query });
  }

  @Delete()
  @Allow('admin')
  @Endpoint({
    summary: 'Disconnect the organization’s account',
    refusals: ['credential_not_found', 'connection_not_found'],
  })
  async remove(@CallerOf() caller: Caller, @IdParam() credentialId: string): Promise<void> {
    await this.services.ask(deleteConnection, { orgId: caller.orgId, credentialId, actor: actorOf(caller) });
  }

  @Delete(':endUser')
  @Allow('admin')
  @Endpoint({
    summary: 'Disconnect an end user’s account',
    refusals: ['credential_not_found', 'connection_not_found'],
  })
  async removeOf(
    @CallerOf() caller: Caller,
    @IdParam() credentialId: string,
    @PathParam('endUser', EndUser, 'connection_not_found') endUser: string,
  ): Promise<void> {
    const request = { orgId: caller.orgId, credentialId, endUser, actor: actorOf(caller) };
    await this.services.ask(deleteConnection, request);
  }
}
