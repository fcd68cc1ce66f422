import { bindAgentTools, getAgentTools, type AgentTools } from '#contracts/catalog.contract';
import { AgentId } from '#contracts/common.contract';
import { Controller, Get, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import type { AgentToolsInput } from './documents.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, CallerOf, IfMatch, PathParam } from './http/request.decorators.js';
import { ServicesClient } from './services.client.js';

const AgentParam = () => PathParam('agentId', AgentId, 'not_found');

const revisionOf = (agent: AgentTools) => agent.revision;

@ApiTags('Agents')
@Controller('v1/agents')
export class AgentsController {
  constructor(private readonly services: ServicesClient) {}

  @Get(':agentId/tools')
  @Allow('viewer')
  @Endpoint<AgentTools>({
    summary: 'Get the tools an agent has',
    description: 'Without `tools` while nobody has bound the agent: it then has every published tool.',
    reply: 'AgentTools',
    etag: revisionOf,
    refusals: ['not_found'],
  })
  tools(@CallerOf() { orgId }: Caller, @AgentParam() agentId: string): Promise<AgentTools> {
    return this.services.ask(getAgentTools, { orgId, agentId });
  }

  @Put(':agentId/tools')
  @Allow('editor')
  @Endpoint<AgentTools>({
    summary: 'Give an agent exactly these tools',
    description:
      'Each with what is different about it for this agent: headers, path parameters, arguments, bound values, messages. ' +
      'An override is refused when the tool with it could not be saved. An empty list leaves the agent no tool.',
    reply: 'AgentTools',
    etag: revisionOf,
    refusals: ['not_found', 'precondition_failed', 'payload_too_large'],
  })
  bind(
    @CallerOf() { orgId }: Caller,
    @AgentParam() agentId: string,
    @BodyAs('AgentToolsInput') { tools }: AgentToolsInput,
    @IfMatch() ifRevision?: number,
  ): Promise<AgentTools> {
    return this.services.ask(bindAgentTools, { orgId, agentId, tools, ifRevision });
  }
}
