import { closed, Uuid } from '#contracts/common.contract';
import {
  createCredential,
  deleteCredential,
  getCredential,
  ListAccesses,
  listAccesses,
  ListCredentials,
  listCredentials,
  replaceCredential,
  type AccessPage,
  type Credential,
  type CredentialEdit,
  type CredentialInput,
  type CredentialPage,
} from '#contracts/vault.contract';
import { Controller, Delete, Get, Post, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import Type from 'typebox';
import { actorOf } from './auth/actor-of.js';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import { GatewayConfig } from './config.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, CallerOf, IfMatch, PathParam, QueryAs } from './http/request.decorators.js';
import { sealCredential } from './seal-credential.js';
import { ServicesClient } from './services.client.js';

const ListQuery = Type.Omit(ListCredentials, ['orgId'], closed);
const AccessQuery = Type.Omit(ListAccesses, ['orgId', 'credentialId'], closed);
const IdParam = () => PathParam('id', Uuid, 'credential_not_found');
const versionOf = (credential: Credential) => credential.version;
/** No refusal quotes what was sent: it may be a secret. */
const secretly = { showValues: false };

@ApiTags('Credentials')
@Controller('v1/credentials')
export class CredentialsController {
  constructor(
    private readonly services: ServicesClient,
    private readonly config: GatewayConfig,
  ) {}

  @Post()
  @Allow('editor')
  @Endpoint<Credential>({
    summary: 'Store a credential',
    description: 'Its secrets are never shown again, by nobody; every reply has masks in their place.',
    reply: 'Credential',
    location: ({ id }) => `/v1/credentials/${id}`,
    etag: versionOf,
    refusals: ['payload_too_large'],
  })
  create(
    @CallerOf() caller: Caller,
    @BodyAs('CredentialInput', secretly) credential: CredentialInput,
  ): Promise<Credential> {
    const { orgId } = caller;
    const request = {
      orgId,
      sealed: sealCredential(this.config.VAULT_PUBLIC_KEY, orgId, credential),
      actor: actorOf(caller),
    };
    return this.services.ask(createCredential, request, { body: 'credential' });
  }

  @Get()
  @Allow('viewer')
  @Endpoint<CredentialPage>({ summary: 'List credentials', reply: 'CredentialPage' })
  list(
    @CallerOf() { orgId }: Caller,
    @QueryAs(ListQuery) query: Type.Static<typeof ListQuery>,
  ): Promise<CredentialPage> {
    return this.services.ask(listCredentials, { orgId, ...query });
  }

  @Get(':id')
  @Allow('viewer')
  @Endpoint<Credential>({
    summary: 'Get a credential, masked',
    reply: 'Credential',
    etag: versionOf,
    refusals: ['credential_not_found'],
  })
  get(@CallerOf() { orgId }: Caller, @IdParam() credentialId: string): Promise<Credential> {
    return this.services.ask(getCredential, { orgId, credentialId });
  }

  @Put(':id')
  @Allow('editor')
  @Endpoint<Credential>({
    summary: 'Replace a credential',
    description: 'A secret stays where the edit says `{"keep": true}`; a mask is not taken back.',
    reply: 'Credential',
    etag: versionOf,
    refusals: ['credential_not_found', 'precondition_failed', 'payload_too_large'],
  })
  replace(
    @CallerOf() caller: Caller,
    @IdParam() credentialId: string,
    @BodyAs('CredentialEdit', secretly) credential: CredentialEdit,
    @IfMatch() ifVersion?: number,
  ): Promise<Credential> {
    const { orgId } = caller;
    const sealed = sealCredential(this.config.VAULT_PUBLIC_KEY, orgId, credential);
    const request = { orgId, credentialId, sealed, ifVersion, actor: actorOf(caller) };
    return this.services.ask(replaceCredential, request, { body: 'credential' });
  }

  @Delete(':id')
  @Allow('editor')
  @Endpoint({
    summary: 'Delete a credential',
    refusals: ['credential_not_found', 'precondition_failed'],
  })
  async remove(
    @CallerOf() caller: Caller,
    @IdParam() credentialId: string,
    @IfMatch() ifVersion?: number,
  ): Promise<void> {
    await this.services.ask(deleteCredential, {
      orgId: caller.orgId,
      credentialId,
      ...(ifVersion !== undefined && { ifVersion }),
      actor: actorOf(caller),
    });
  }

  @Get(':id/accesses')
  @Allow('admin')
  @Endpoint<AccessPage>({
    summary: 'List who had to do with a credential, newest first',
    description:
      'Every opening for an execution, every change, every re-sealing under a new key, and every attempt that was ' +
      'refused; of a deleted credential too. An executor uses what it has opened for 30 s at most, for other executions too.',
    reply: 'AccessPage',
    refusals: ['credential_not_found'],
  })
  accesses(
    @CallerOf() { orgId }: Caller,
    @IdParam() credentialId: string,
    @QueryAs(AccessQuery) query: Type.Static<typeof AccessQuery>,
  ): Promise<AccessPage> {
    return this.services.ask(listAccesses, { orgId, credentialId, ...query });
  }
}
