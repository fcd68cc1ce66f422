import type { Execution } from '#contracts/executor.contract';
import { Injectable } from '@nestjs/common';
import type { ExecutionRun } from './execution-run.js';

/** The executions this process is carrying out, by id. On the hot path: one entry set and deleted. */
@Injectable()
export class RunningExecutions {
  private readonly runs = new Map<string, ExecutionRun>();

  /** Knows the run until its work has ended, and passes on how it ended to whoever waits for it. */
  async track(run: ExecutionRun, work: Promise<Execution>): Promise<Execution> {
    this.runs.set(run.executionId, run);
    try {
      const execution = await work;
      run.ended(execution);
      return execution;
    } catch (error) {
      run.broke(error);
      throw error;
    } finally {
      this.runs.delete(run.executionId);
    }
  }

  find(orgId: string, executionId: string): ExecutionRun | undefined {
    const run = this.runs.get(executionId.toLowerCase());
    return run?.orgId === orgId ? run : undefined;
  }
}
