import { agentChanged, toolChanged, type AgentChanged, type ToolChanged } from '#contracts/catalog.contract';
import {
  executeTool,
  testTool,
  type ExecuteTool,
  type Execution,
  type TestedTool,
  type TestTool,
} from '#contracts/executor.contract';
import { invalidRequest } from '#contracts/validate';
import { Handles, Hears, RpcController } from '#messaging/handles.decorator';
import type { RpcContext } from '#messaging/rpc-context';
import { Inject } from '@nestjs/common';
import { ExecutorConfig } from '../config.js';
import { ToolCache } from '../tools/tool.cache.js';
import { ExecutionRun } from './execution-run.js';
import { ExecutionService } from './execution.service.js';
import { RunningExecutions } from './running-executions.js';

const DEFAULT_DEADLINE_MS = 10_000;

@RpcController()
export class ExecutionController {
  constructor(
    private readonly executions: ExecutionService,
    private readonly running: RunningExecutions,
    private readonly tools: ToolCache,
    @Inject(ExecutorConfig) private readonly config: ExecutorConfig,
  ) {}

  @Handles(executeTool)
  execute(request: ExecuteTool, context: RpcContext): Promise<Execution> {
    refuseBoth(request);
    const run = this.begin(context.orgId, request, false, context);
    return this.running.track(run, this.executions.execute(run, request.version));
  }

  @Handles(testTool)
  async test(
    { orgId, version, callVariables, ...request }: TestTool,
    context: RpcContext,
  ): Promise<TestedTool> {
    refuseBoth({ version, ...request });
    const run = this.begin(orgId, request, true, context);
    run.callVariables = callVariables;
    const written = request.environment === undefined ? 'draft' : undefined;
    const execution = await this.running.track(run, this.executions.execute(run, version ?? written));
    return { execution, ...(run.exchange && { exchange: run.exchange }) };
  }

  @Hears(toolChanged)
  dropTool(changed: ToolChanged): Promise<void> {
    this.tools.drop(changed);
    return Promise.resolve();
  }

  @Hears(agentChanged)
  dropAgent(changed: AgentChanged): Promise<void> {
    this.tools.dropAgent(changed);
    return Promise.resolve();
  }

  private begin(
    orgId: string,
    request: ExecuteTool,
    isTest: boolean,
    { deadline, span }: RpcContext,
  ): ExecutionRun {
    const patienceMs = Math.min(request.deadlineMs ?? DEFAULT_DEADLINE_MS, this.config.EXECUTION_MAX_MS);
    return new ExecutionRun({ orgId, request, isTest, deadline: deadline.atMost(patienceMs), span });
  }
}

function refuseBoth({ version, environment }: Pick<ExecuteTool, 'version' | 'environment'>): void {
  if (version === undefined || environment === undefined) return;
  const message = 'says which version runs, and so does `version`; give one of the two';
  throw invalidRequest([{ pointer: '/environment', code: 'not_allowed', message }]);
}
