import { getExecution, ListExecutions, listExecutions, type ExecutionPage } from '#contracts/audit.contract';
import { closed, Uuid } from '#contracts/common.contract';
import {
  cancelExecution,
  executeTool,
  type ExecuteTool,
  type Execution,
  type ExecutionRecord,
} from '#contracts/executor.contract';
import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import Type from 'typebox';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, CallerOf, IdempotencyKey, PathParam, QueryAs } from './http/request.decorators.js';
import { executionWait, ServicesClient } from './services.client.js';

const ListQuery = Type.Omit(ListExecutions, ['orgId'], closed);
const IdParam = () => PathParam('id', Uuid, 'execution_not_found');

@ApiTags('Executions')
@Controller('v1/executions')
export class ExecutionsController {
  constructor(private readonly services: ServicesClient) {}

  @Post()
  @Allow('executor')
  @Endpoint<Execution>({
    summary: 'Run a tool',
    description:
      'Answers 200 with the execution whatever its `status`: one that was refused or failed is an answer too. Errors ' +
      'mean that Patchbay could not do its work.',
    reply: 'Execution',
    refusals: [
      'tool_not_found',
      'tool_not_published',
      'tool_archived',
      'version_not_found',
      'environment_not_set',
      'payload_too_large',
    ],
  })
  execute(
    @CallerOf() { orgId }: Caller,
    @BodyAs('ExecuteTool') request: ExecuteTool,
    @IdempotencyKey() keyHeader?: string,
  ): Promise<Execution> {
    const idempotencyKey = request.idempotencyKey ?? keyHeader;
    return this.services.ask(
      executeTool,
      { ...request, ...(idempotencyKey !== undefined && { idempotencyKey }) },
      { orgId, waitMs: executionWait(request) },
    );
  }

  @Get()
  @Allow('viewer', 'executor')
  @Endpoint<ExecutionPage>({ summary: 'List executions, newest first', reply: 'ExecutionPage' })
  list(
    @CallerOf() { orgId }: Caller,
    @QueryAs(ListQuery) query: Type.Static<typeof ListQuery>,
  ): Promise<ExecutionPage> {
    return this.services.ask(listExecutions, { orgId, ...query });
  }

  @Get(':id')
  @Allow('viewer', 'executor')
  @Endpoint<ExecutionRecord>({
    summary: 'Get the record of an execution',
    reply: 'ExecutionRecord',
    refusals: ['execution_not_found'],
  })
  get(@CallerOf() { orgId }: Caller, @IdParam() executionId: string): Promise<ExecutionRecord> {
    return this.services.ask(getExecution, { orgId, executionId });
  }

  @Post(':id/cancel')
  @Allow('executor')
  @Endpoint<Execution>({
    summary: 'Cancel an execution',
    description:
      'Answers 200 with the execution: `cancelled` when nothing had been sent, or nothing that changes something; as it ' +
      'ended when it had; `running` with the error `already_sent` when it is a write that can no longer be called back.',
    reply: 'Execution',
    refusals: ['execution_not_found'],
  })
  cancel(@CallerOf() { orgId }: Caller, @IdParam() executionId: string): Promise<Execution> {
    return this.services.ask(cancelExecution, { executionId }, { orgId });
  }
}
