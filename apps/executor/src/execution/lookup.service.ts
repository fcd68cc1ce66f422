import { ServiceError } from '#contracts/errors';
import { inquireExecution, type Execution, type ExecutionInquiry } from '#contracts/executor.contract';
import { Deadline } from '#messaging/deadline';
import { RpcClient } from '#messaging/rpc.client';
import { Injectable } from '@nestjs/common';
import { JournalService } from '../journal/journal.service.js';
import type { JournaledExecution } from '../journal/journal.queries.js';
import { settleBy } from '../settle-by.js';
import { alreadySent, notStoppedYet, running, stillRunning, toExecution } from './ending.js';
import type { ExecutionRun } from './execution-run.js';
import { RunningExecutions } from './running-executions.js';

/** One execution of one organization. */
export interface Sought {
  readonly orgId: string;
  readonly executionId: string;
}

/** How long an executor that runs the execution may take to say so, be it busy. */
const ANSWER_MS = 300;
/** For the way back from an executor that has held its answer. */
const HOP_MS = 20;
/** How long another executor is trusted to be there while it is waited for. */
const HOLD_MS = 1000;

/** Executions under way, here or in another executor, and those of the journal: how they stand, and calling them off. */
@Injectable()
export class LookupService {
  constructor(
    private readonly running: RunningExecutions,
    private readonly journal: JournalService,
    private readonly rpc: RpcClient,
  ) {}

  /** @throws ServiceError `execution_not_found` also for a read that has ended, and for another organization's */
  async get(sought: Sought, deadline: Deadline): Promise<Execution> {
    const run = this.find(sought);
    if (run) return asItStands(run);
    const { orgId, executionId } = sought;
    const journaled = await this.journal.lookUp(orgId, executionId, deadline);
    if (journaled) return journaledAsItStands(journaled);
    return (await this.askOthers(sought, deadline)) ?? this.fromJournal(sought, deadline);
  }

  /** Answers when it has ended, or at the deadline. @throws ServiceError as {@link get} */
  async wait(sought: Sought, deadline: Deadline): Promise<Execution> {
    const run = this.find(sought);
    if (run) return endOf(run, deadline);
    const { orgId, executionId } = sought;
    const journaled = await this.journal.waitFor(orgId, executionId, deadline);
    if (journaled) return journaledAsItStands(journaled);
    let execution = await this.askOthers(sought, deadline);
    while (execution?.status === 'running' && deadline.remainingMs() > HOP_MS) {
      const waitMs = Math.min(HOLD_MS, deadline.remainingMs() - HOP_MS);
      const later = await this.askOthers(sought, deadline, { waitMs });
      if (!later && deadline.remainingMs() <= HOP_MS) break; // too late for an answer is not an answer
      execution = later;
    }
    return execution ?? this.fromJournal(sought, deadline);
  }

  /** @returns how it ended, or `running` with the reason why it goes on. @throws ServiceError as {@link get} */
  async cancel(sought: Sought, deadline: Deadline): Promise<Execution> {
    const run = this.find(sought);
    if (run) return callOff(run, deadline);
    const { orgId, executionId } = sought;
    const journaled = await this.journal.lookUp(orgId, executionId, deadline);
    if (journaled?.state === 'finished') return journaledAsItStands(journaled);
    const found = await this.askOthers(sought, deadline);
    const waitMs = Math.max(0, Math.min(HOLD_MS, deadline.remainingMs() - ANSWER_MS));
    const execution = found && (await this.askOthers(sought, deadline, { waitMs, cancel: true }));
    if (execution) return execution;
    // It has ended meanwhile; or its executor is gone, and nobody knows how far it came.
    const left = await this.fromJournal(sought, deadline);
    return left.status === 'running' ? { ...left, error: notStoppedYet } : left;
  }

  /** What another executor wants to know of an execution; undefined when it is not under way here. */
  async answer({ cancel, waitMs, ...sought }: ExecutionInquiry): Promise<Execution | undefined> {
    const run = this.find(sought);
    if (!run) return undefined;
    const deadline = Deadline.in(waitMs);
    return cancel ? callOff(run, deadline) : endOf(run, deadline);
  }

  private find({ orgId, executionId }: Sought): ExecutionRun | undefined {
    return this.running.find(orgId, executionId);
  }

  private askOthers(
    sought: Sought,
    deadline: Deadline,
    { cancel = false, waitMs = 0 } = {},
  ): Promise<Execution | undefined> {
    const inquiry = { ...sought, cancel, waitMs: Math.floor(waitMs) };
    return this.rpc.inquire(inquireExecution, inquiry, deadline.atMost(waitMs + ANSWER_MS));
  }

  /** Asked last: it may have been claimed, or have ended, while the others were asked. */
  private async fromJournal({ orgId, executionId }: Sought, deadline: Deadline): Promise<Execution> {
    const journaled = await this.journal.lookUp(orgId, executionId, deadline);
    if (journaled) return journaledAsItStands(journaled);
    throw new ServiceError(
      'execution_not_found',
      `No execution ${executionId} is under way or in the journal; reads that have ended are in the records only`,
    );
  }
}

function asItStands(run: ExecutionRun): Execution {
  return toExecution(run, running);
}

function journaledAsItStands({ executionId, state, reply, record }: JournaledExecution): Execution {
  return state === 'finished' ? (reply as Execution) : stillRunning(executionId, record);
}

function endOf(run: ExecutionRun, deadline: Deadline): Execution | Promise<Execution> {
  const left = deadline.remainingMs();
  return left === 0 ? asItStands(run) : settleBy(run.whenEnded(), left, () => asItStands(run));
}

async function callOff(run: ExecutionRun, deadline: Deadline): Promise<Execution> {
  if (!run.cancel()) return { ...asItStands(run), error: alreadySent };
  const execution = await endOf(run, deadline);
  return execution.status === 'running' ? { ...execution, error: notStoppedYet } : execution;
}
