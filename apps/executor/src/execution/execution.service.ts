import type { Execution } from '#contracts/executor.contract';
import { OUTCOME, STATUS } from '#telemetry/attributes';
import { Injectable } from '@nestjs/common';
import { notAllowed, notPrepared } from '../call-state/call-endings.js';
import { CallValues } from '../call-state/call-values.service.js';
import { noteExecution } from '../executor.metrics.js';
import { JournalService } from '../journal/journal.service.js';
import type { StoredExecution } from '../journal/journal.queries.js';
import { settleBy } from '../settle-by.js';
import { ToolCache, type RunnableTool } from '../tools/tool.cache.js';
import { admit } from './admit.js';
import {
  cancelled,
  failed,
  hints,
  inputRequired,
  notTheAgents,
  refused,
  toExecution,
  toRecord,
  toStartRecord,
  type Ending,
} from './ending.js';
import type { ExecutionRun } from './execution-run.js';
import { idempotencyOf } from './idempotency.js';
import { RequestSender, type Readied, type Ready } from './request.sender.js';

/** Longer than any execution may take: whoever holds a lease that ran out is dead. */
const LEASE_SLACK_MS = 10_000;
/** How long past the deadline a reply may wait for its end to be committed. */
const COMMIT_GRACE_MS = 40;

/** One execution, start to finish, in the order of the blueprint. */
@Injectable()
export class ExecutionService {
  constructor(
    private readonly tools: ToolCache,
    private readonly requests: RequestSender,
    private readonly journal: JournalService,
    private readonly callValues: CallValues,
  ) {}

  /** @throws ServiceError when Patchbay could not do its work; whatever the API did is a reply */
  async execute(run: ExecutionRun, version?: number | 'draft'): Promise<Execution> {
    const { agentId, environment } = run.request;
    const resolving = this.tools.get(
      { ...run.tags, version, environment, agentId },
      run.deadline,
      run.span.context,
    );
    const tool = resolving instanceof Promise ? await resolving.catch(notTheAgents) : resolving;
    if (!('compiled' in tool)) return this.end(run, tool);
    run.resolved(tool);
    const { compiled } = tool;

    const refusal = admit(compiled.definition);
    if (refusal) return this.end(run, refused(refusal));
    let { frame } = run;
    const coerced = compiled.coerce(run.request.arguments ?? {}, frame);
    if (!coerced.ok) return this.end(run, inputRequired(coerced.missing));
    if (compiled.callVariables.length > 0) {
      const unreadable = await this.callValues.read(run, compiled);
      if (unreadable) return this.end(run, unreadable);
      ({ frame } = run);
    }
    const wrong = compiled.notAllowed?.(coerced.arguments, run.callVariables ?? {});
    if (wrong) return this.end(run, notAllowed(wrong, run.request.callId));
    const prepared = compiled.prepare(frame, coerced.arguments);
    if (!prepared.ok) return this.end(run, notPrepared(prepared, run.request.callId));

    run.target = compiled.target;
    if (compiled.writes) return this.executeOnce(run, tool, prepared, coerced.arguments);
    const readying = this.requests.makeReady(run, tool, prepared);
    const ready = readying instanceof Promise ? await unlessCancelled(run, readying) : readying;
    const ending = 'wire' in ready ? await this.requests.send(run, tool, prepared, ready) : ready;
    const keeping = this.callValues.keep(run, ending);
    if (keeping) await keeping;
    return this.end(run, ending);
  }

  /** A write: claimed and recorded before its first byte leaves, ended durably before the reply. */
  private async executeOnce(
    run: ExecutionRun,
    tool: RunnableTool,
    prepared: Ready,
    coerced: Readonly<Record<string, unknown>>,
  ): Promise<Execution> {
    const { executionId, orgId, deadline } = run;
    const { key, fingerprint } = idempotencyOf(run.request, run.version, coerced, executionId);
    const claiming = this.journal.claim(
      {
        executionId,
        orgId,
        idempotencyKey: run.isTest ? `test:${executionId}` : key,
        fingerprint,
        record: JSON.stringify(toStartRecord(run)),
        leaseMs: deadline.remainingMs() + LEASE_SLACK_MS,
      },
      deadline,
    );
    const readying = this.requests.makeReady(run, tool, prepared);
    const twin = await claiming;
    if (twin) return this.joinTwin(run, twin, key, fingerprint);
    const ready = readying instanceof Promise ? await unlessCancelled(run, readying) : readying;

    const ending = 'wire' in ready ? await this.requests.send(run, tool, prepared, ready) : ready;
    const keeping = this.callValues.keep(run, ending);
    const execution = await this.endDurably(run, ending);
    if (keeping) await keeping;
    return execution;
  }

  /** Somebody has the idempotency key: what they got is the answer, or will be. */
  private async joinTwin(
    run: ExecutionRun,
    twin: StoredExecution,
    key: string,
    fingerprint: string,
  ): Promise<Execution> {
    if (twin.fingerprint !== fingerprint) {
      const message = 'This idempotency key was used for another tool or other arguments';
      const hint = 'Use a new idempotency key for a new request.';
      return this.end(run, refused({ code: 'idempotency_conflict', message, hint }));
    }
    const ended = twin.state === 'finished' ? twin : await this.journal.join(run.orgId, key, run.deadline);
    if (ended?.state === 'finished') return { ...(ended.reply as Execution), replayed: true };
    const message = 'The same request is under way and has not ended yet';
    const error = { code: 'still_running' as const, message, retryable: true, hint: hints.unknown };
    return {
      ...toExecution(run, failed('running', 'running', error)),
      executionId: twin.executionId,
      replayed: true,
    };
  }

  private end(run: ExecutionRun, ending: Ending): Execution {
    const execution = this.close(run, ending);
    this.journal.record(toRecord(run, ending, execution.timing.totalMs));
    return execution;
  }

  /** Commits the end before it is told. Not committed in time, it is told as unknown, and committed when it can be. */
  private async endDurably(run: ExecutionRun, ending: Ending): Promise<Execution> {
    const execution = this.close(run, ending);
    const finished = this.journal.finish(execution, toRecord(run, ending, execution.timing.totalMs));
    const committed = await settleBy(
      finished.then(() => true),
      run.deadline.remainingMs() + COMMIT_GRACE_MS,
      () => false,
    );
    if (committed) return execution;
    finished.catch(() => undefined); // its lease runs out, and a reaper ends it
    const message = 'It was carried out, but its end could not be recorded in time';
    const error = { code: 'outcome_unknown' as const, message, retryable: false, hint: hints.unknown };
    return toExecution(run, failed('unknown', 'not_recorded', error));
  }

  private close(run: ExecutionRun, ending: Ending): Execution {
    run.span.set(STATUS, ending.status);
    run.span.set(OUTCOME, ending.outcome);
    if (ending.status !== 'succeeded') run.span.keep();
    const execution = toExecution(run, ending);
    noteExecution(ending.status, ending.error?.code, execution.timing.totalMs);
    return execution;
  }
}

/** What is waited for before anything is sent, or that it is no longer wanted. */
function unlessCancelled(run: ExecutionRun, readying: Promise<Readied>): Promise<Readied> {
  return Promise.race([readying, run.cancellation.whenCancelled().then(cancelled)]);
}
