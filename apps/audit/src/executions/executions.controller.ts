import {
  getExecution,
  getStats,
  listExecutions,
  type ExecutionPage,
  type GetExecution,
  type GetStats,
  type ListExecutions,
  type Stats,
} from '#contracts/audit.contract';
import type { ExecutionRecord } from '#contracts/executor.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import { ExecutionStatsQueries } from './execution-stats.queries.js';
import { ExecutionsService } from './executions.service.js';

@RpcController()
export class ExecutionsController {
  constructor(
    private readonly executions: ExecutionsService,
    private readonly stats: ExecutionStatsQueries,
  ) {}

  @Handles(listExecutions)
  list(request: ListExecutions): Promise<ExecutionPage> {
    return this.executions.list(request);
  }

  @Handles(getExecution)
  get(request: GetExecution): Promise<ExecutionRecord> {
    return this.executions.get(request);
  }

  @Handles(getStats)
  getStats(request: GetStats): Promise<Stats> {
    return this.stats.get(request, new Date());
  }
}
