import { callAttributes } from '#telemetry/call-context';
import type { CompiledTool } from '#toolcall/compile-tool';
import { Injectable, Logger } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { failed, hints, type Ending } from '../execution/ending.js';
import type { ExecutionRun } from '../execution/execution-run.js';
import { noteCallState } from '../executor.metrics.js';
import { CallStateService } from './call-state.service.js';

/** How long a reply waits for its variables to be kept. */
const KEEP_MS = 200;
/** After a failure nothing is kept for so long: a bus without JetStream must not slow every reply down. */
const PAUSE_MS = 1000;

/** What the tools of a call hand on to each other: read before, kept after an execution. */
@Injectable()
export class CallValues {
  private readonly log = new Logger('CallValues');
  private resumeAt = 0;

  constructor(private readonly calls: CallStateService) {}

  /** Gives the run the call variables its tool reads; or says why it cannot go on. Nothing is sent then. */
  async read(run: ExecutionRun, { callVariables }: CompiledTool): Promise<Ending | undefined> {
    const { callId } = run.request;
    if (run.isTest || callId === undefined) return undefined;
    const span = run.span.child('call state get', SpanKind.CLIENT, callAttributes(run.tags));
    try {
      const { variables } = await this.calls.get({ orgId: run.orgId, callId }, run.deadline);
      run.callVariables = Object.fromEntries(
        Object.entries(variables).filter(([name]) => callVariables.includes(name)),
      );
      noteCallState('read');
      return undefined;
    } catch {
      noteCallState('unreadable');
      span.fail('call_state_unavailable');
      const message = 'What earlier tools of this call returned cannot be read right now';
      const error = { code: 'call_state_unavailable' as const, message, retryable: true, hint: hints.later };
      return failed('failed', error.code, error);
    } finally {
      span.end();
    }
  }

  /**
   * Keeps what a tool has returned for later tools of its call, and waits for that a moment at most. Undefined when there
   * is nothing to keep. Never throws: what could not be kept is missed by later tools, and does not undo this one.
   */
  keep(run: ExecutionRun, { status, variables = {} }: Ending): Promise<void> | undefined {
    const { callId } = run.request;
    if (callId === undefined || run.isTest || status !== 'succeeded') return undefined;
    const changes = { ...variables };
    delete changes.api_response_status; // of this tool only
    if (Object.keys(changes).length === 0) return undefined;
    if (performance.now() < this.resumeAt) {
      noteCallState('skipped');
      return undefined;
    }
    return this.merge(run, callId, changes);
  }

  private async merge(run: ExecutionRun, callId: string, changes: Record<string, unknown>): Promise<void> {
    try {
      await this.calls.merge({ orgId: run.orgId, callId }, changes, run.deadline.atMost(KEEP_MS));
      noteCallState('kept');
    } catch {
      this.resumeAt = performance.now() + PAUSE_MS;
      noteCallState('not_kept');
      this.log.warn(`Execution ${run.executionId}: its variables could not be kept for the call`);
    }
  }
}
