import { closed, pageFields, Uuid } from '#contracts/common.contract';
import { Controller, Delete, Get, Header, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import Type from 'typebox';
import { Allow } from './auth/allow.decorator.js';
import { ApiKeysService } from './auth/api-keys.service.js';
import type { Caller } from './auth/caller.js';
import type { ApiKey, ApiKeyPage, CreatedApiKey, NewApiKey } from './documents.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, CallerOf, PathParam, QueryAs } from './http/request.decorators.js';

const ListQuery = Type.Object(pageFields, closed);
const IdParam = () => PathParam('id', Uuid, 'api_key_not_found');

@ApiTags('API keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Post()
  @Allow('admin')
  @Header('Cache-Control', 'no-store')
  @Endpoint<CreatedApiKey>({
    summary: 'Make an API key',
    description: 'The reply is the only one that ever shows it.',
    reply: 'CreatedApiKey',
    location: ({ id }) => `/v1/api-keys/${id}`,
    refusals: ['payload_too_large'],
  })
  create(@CallerOf() { orgId }: Caller, @BodyAs('NewApiKey') key: NewApiKey): Promise<CreatedApiKey> {
    return this.apiKeys.create(orgId, key);
  }

  @Get()
  @Allow('admin')
  @Endpoint<ApiKeyPage>({ summary: 'List API keys, oldest first', reply: 'ApiKeyPage' })
  list(
    @CallerOf() { orgId }: Caller,
    @QueryAs(ListQuery) query: Type.Static<typeof ListQuery>,
  ): Promise<ApiKeyPage> {
    return this.apiKeys.list(orgId, query);
  }

  @Get(':id')
  @Allow('admin')
  @Endpoint<ApiKey>({ summary: 'Get an API key', reply: 'ApiKey', refusals: ['api_key_not_found'] })
  get(@CallerOf() { orgId }: Caller, @IdParam() keyId: string): Promise<ApiKey> {
    return this.apiKeys.get(orgId, keyId);
  }

  @Delete(':id')
  @Allow('admin')
  @Endpoint({
    summary: 'Delete an API key',
    description: 'It is refused everywhere within 5 s. The last admin key cannot be deleted.',
    refusals: ['api_key_not_found', 'precondition_failed'],
  })
  remove(@CallerOf() { orgId }: Caller, @IdParam() keyId: string): Promise<void> {
    return this.apiKeys.remove(orgId, keyId);
  }
}
