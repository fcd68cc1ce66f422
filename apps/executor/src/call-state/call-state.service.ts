import { callBucket, type CallState } from '#contracts/call.contract';
import { ServiceError } from '#contracts/errors';
import type { Deadline } from '#messaging/deadline';
import { KeyValueBucket } from '#messaging/key-value-bucket';
import { NatsLink } from '#messaging/nats-connection';
import { parseExactly } from '#toolcall/exact-json';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { ExecutorConfig } from '../config.js';
import { noteCallState } from '../executor.metrics.js';
import { settleBy } from '../settle-by.js';
import { mergeVariables, type CallVariables } from './merge-variables.js';

export interface CallReference {
  readonly orgId: string;
  readonly callId: string;
}

/** As kept in the bucket: a list, since the order says which are the oldest. */
interface KeptState {
  readonly updatedAt: string;
  readonly variables: CallVariables;
}

/** Most that the variables of one call may take as JSON, bytes; the oldest make room. */
export const MAX_STATE_BYTES = 65_536;
const MINUTE_MS = 60_000;
/** A bus that takes longer than this to answer is not there. */
const REQUEST_MS = 1000;

/** What is known of a call besides what the orchestrator says each time, shared by all executors. */
@Injectable()
export class CallStateService {
  private readonly log = new Logger('CallState');
  private readonly bucket: KeyValueBucket;

  constructor(link: NatsLink, @Inject(ExecutorConfig) config: ExecutorConfig) {
    const ttlMs = config.CALL_STATE_TTL_MINUTES * MINUTE_MS;
    this.bucket = new KeyValueBucket(link, { name: callBucket, ttlMs, timeoutMs: REQUEST_MS });
  }

  /** @throws ServiceError `service_unavailable` when it cannot be read in time */
  async get(call: CallReference, deadline: Deadline): Promise<CallState> {
    const { text } = await this.within(deadline, this.bucket.get(keyOf(call)));
    return shown(call, text === undefined ? undefined : parse(text));
  }

  /**
   * Adds variables, whatever other tools of the call are adding at the same time.
   * @throws ServiceError `service_unavailable` when it cannot be done in time; it may be done later
   */
  async merge(
    call: CallReference,
    changes: Readonly<Record<string, unknown>>,
    deadline: Deadline,
  ): Promise<CallState> {
    return this.within(deadline, this.mergeUntil(call, changes, deadline));
  }

  /** @throws ServiceError `service_unavailable` when it cannot be done in time; it may be done later */
  async end(call: CallReference, deadline: Deadline): Promise<void> {
    await this.within(deadline, this.bucket.delete(keyOf(call)));
  }

  /** Compare and set: whoever comes second starts again from what the first has stored. */
  private async mergeUntil(
    call: CallReference,
    changes: Readonly<Record<string, unknown>>,
    deadline: Deadline,
  ): Promise<CallState> {
    const key = keyOf(call);
    while (!deadline.hasPassed) {
      const { text, revision } = await this.bucket.get(key);
      const known = text === undefined ? [] : parse(text).variables;
      const { variables, dropped } = mergeVariables(known, changes, MAX_STATE_BYTES);
      const state: KeptState = { updatedAt: new Date().toISOString(), variables };
      if (!(await this.bucket.put(key, JSON.stringify(state), revision))) continue;
      if (dropped.length > 0) this.noteDropped(call, dropped);
      return shown(call, state);
    }
    throw new Error('Others kept changing the state of the call');
  }

  private noteDropped({ callId }: CallReference, dropped: readonly string[]): void {
    noteCallState('trimmed');
    this.log.warn(
      `Call ${callId} has more than ${MAX_STATE_BYTES} bytes of variables; dropped ${dropped.length}`,
    );
  }

  private async within<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
    try {
      return await settleBy(work, deadline.remainingMs(), () => {
        throw new Error('It took too long');
      });
    } catch (error) {
      work.catch(() => undefined); // it may fail after nobody waits for it any more
      this.log.warn(`The state of calls cannot be reached: ${error instanceof Error ? error.message : ''}`);
      throw new ServiceError('service_unavailable', 'The state of the call cannot be reached');
    }
  }
}

function keyOf({ orgId, callId }: CallReference): string {
  return `${orgId}.${callId.toLowerCase()}`;
}

function parse(text: string): KeptState {
  return parseExactly(text) as KeptState;
}

function shown({ callId }: CallReference, state: KeptState | undefined): CallState {
  return {
    callId,
    variables: Object.fromEntries(state?.variables ?? []),
    ...(state && { updatedAt: state.updatedAt }),
  };
}
