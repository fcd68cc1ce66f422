import {
  listEnvironments,
  setEnvironment,
  type SetEnvironment,
  type ToolEnvironment,
  type ToolEnvironments,
} from '#contracts/catalog.contract';
import { Environment } from '#contracts/common.contract';
import { ToolKey } from '#toolcall/tool-definition';
import { Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import type { ToolEnvironmentInput } from './documents.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, CallerOf, IfMatch, PathParam } from './http/request.decorators.js';
import { ServicesClient } from './services.client.js';

const KeyParam = () => PathParam('key', ToolKey, 'tool_not_found');
const NameParam = () => PathParam('name', Environment, 'not_found');

@ApiTags('Environments')
@Controller('v1/tools')
export class EnvironmentsController {
  constructor(private readonly services: ServicesClient) {}

  @Get(':key/environments')
  @Allow('viewer')
  @Endpoint<ToolEnvironments>({
    summary: 'List what a tool’s environments stand for',
    description:
      '`production` is what runs when a call names neither environment nor version. It follows publish and rollback, ' +
      'at the tool’s own URL, until it is put. `dev` and `staging` stand for nothing until they are put.',
    reply: 'ToolEnvironments',
    refusals: ['tool_not_found'],
  })
  list(@CallerOf() { orgId }: Caller, @KeyParam() toolKey: string): Promise<ToolEnvironments> {
    return this.services.ask(listEnvironments, { orgId, toolKey });
  }

  @Put(':key/environments/:name')
  @Allow('editor')
  @Endpoint<ToolEnvironment>({
    summary: 'Put an environment to a version',
    description:
      'With `published` it follows publish and rollback; with a number it stays there, whatever is published, until it is ' +
      'put again. `baseUrl` stands in place of scheme, host and port of the tool’s URL, and its path in front of the tool’s; ' +
      '`credentialId` stands in place of the tool’s credential. What is left out is the tool’s own.',
    reply: 'ToolEnvironment',
    etag: ({ revision }) => revision,
    refusals: [
      'not_found',
      'tool_not_found',
      'tool_archived',
      'version_not_found',
      'credential_origin_mismatch',
      'precondition_failed',
      'payload_too_large',
    ],
  })
  set(
    @CallerOf() { orgId }: Caller,
    @KeyParam() toolKey: string,
    @NameParam() name: SetEnvironment['name'],
    @BodyAs('ToolEnvironmentInput') body: ToolEnvironmentInput,
    @IfMatch() ifRevision?: number,
  ): Promise<ToolEnvironment> {
    return this.services.ask(setEnvironment, { ...body, orgId, toolKey, name, ifRevision });
  }
}
