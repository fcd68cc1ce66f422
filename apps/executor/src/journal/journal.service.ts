import { ServiceError } from '#contracts/errors';
import type { Execution, ExecutionRecord } from '#contracts/executor.contract';
import type { Deadline } from '#messaging/deadline';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { newId } from '../new-id.js';
import { ExecutorConfig } from '../config.js';
import { interrupted } from '../execution/ending.js';
import { recordsDropped, recordsPending } from '../executor.metrics.js';
import { settleBy } from '../settle-by.js';
import { GroupCommit } from './group-commit.js';
import {
  JournalQueries,
  PURGED_AT_ONCE,
  type ClaimRow,
  type FinishRow,
  type JournaledExecution,
  type StoredExecution,
} from './journal.queries.js';
import { OutboxRelay } from './outbox.relay.js';

const RECORD_EVERY_MS = 100;
const RECORDS_PER_ROW = 400;
const MOST_RECORDS_KEPT = 20_000;
const SWEEP_EVERY_MS = 2000;
const PURGE_EVERY_MS = 60_000;
const FINISH_FOR_MS = 60_000;

/** The durable memory of executions: claims before, ends after, records on their way to audit. */
@Injectable()
export class JournalService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('JournalService');
  private readonly claims: GroupCommit<ClaimRow, boolean>;
  private readonly finishes: GroupCommit<FinishRow, undefined>;
  private readonly timers: NodeJS.Timeout[] = [];
  private records: string[] = [];
  private flushing: Promise<void> | undefined;
  private finishing = 0;

  constructor(
    private readonly queries: JournalQueries,
    private readonly relay: OutboxRelay,
    @Inject(ExecutorConfig) private readonly config: ExecutorConfig,
  ) {
    const limits = { maxItems: 200, maxWrites: 1 };
    this.claims = new GroupCommit(async (rows) => {
      const claimed = await queries.claim(rows);
      return rows.map((row) => claimed.has(row.executionId));
    }, limits);
    this.finishes = new GroupCommit(async (rows) => {
      const outboxRow = await queries.finish(rows, newId());
      if (outboxRow) relay.relay(outboxRow);
      return rows.map(() => undefined);
    }, limits);
  }

  onApplicationBootstrap(): void {
    this.every(RECORD_EVERY_MS, () => this.flushRecords());
    this.every(SWEEP_EVERY_MS, () => this.relay.sweep());
    this.every(SWEEP_EVERY_MS, () => this.reap());
    this.every(PURGE_EVERY_MS, () => this.purge());
  }

  /**
   * Writes the `started` record, unless the idempotency key is taken.
   * @returns the execution that has the key, when it is taken
   * @throws ServiceError `service_unavailable` when it could not be written in time: then nothing may be sent
   */
  async claim(row: ClaimRow, deadline: Deadline): Promise<StoredExecution | undefined> {
    const claimed = await this.inTime(this.claims.add(row), deadline);
    if (claimed) return undefined;
    return this.inTime(this.queries.find(row.orgId, row.idempotencyKey), deadline);
  }

  /** What has become of the execution that has a key; asked again until it has ended or the deadline has passed. */
  join(orgId: string, idempotencyKey: string, deadline: Deadline): Promise<StoredExecution | undefined> {
    return this.untilEnded(() => this.queries.find(orgId, idempotencyKey), deadline);
  }

  /** A journaled execution as it stands. */
  lookUp(orgId: string, executionId: string, deadline: Deadline): Promise<JournaledExecution | undefined> {
    return this.inTime(this.queries.lookUp(orgId, executionId), deadline);
  }

  /** A journaled execution once it has ended, or as it stands when the deadline has passed. */
  waitFor(orgId: string, executionId: string, deadline: Deadline): Promise<JournaledExecution | undefined> {
    return this.untilEnded(() => this.queries.lookUp(orgId, executionId), deadline);
  }

  /**
   * Commits the end of a journaled execution. Tries again for a minute while the database is away; after that the lease
   * runs out and the execution is `unknown`.
   */
  async finish(reply: Execution, record: ExecutionRecord): Promise<void> {
    const row = {
      executionId: reply.executionId,
      orgId: record.orgId,
      reply: JSON.stringify(reply),
      record: JSON.stringify(record),
    };
    const giveUpAt = performance.now() + FINISH_FOR_MS;
    this.finishing += 1;
    try {
      for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
        try {
          await this.finishes.add(row);
          return;
        } catch (error) {
          if (performance.now() > giveUpAt) throw error;
          await wait(pause);
        }
      }
    } finally {
      this.finishing -= 1;
    }
  }

  /** Keeps the record of an execution that is not journaled; it is in the outbox within a second. */
  record(record: ExecutionRecord): void {
    if (this.records.length >= MOST_RECORDS_KEPT) {
      this.records.shift();
      recordsDropped.inc();
    }
    this.records.push(JSON.stringify(record)); // as text: objects kept this long cost the collector more
    if (this.records.length === RECORDS_PER_ROW) this.flushRecords().catch(() => undefined); // the next tick tells
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.timers.forEach(clearInterval);
    const deadline = performance.now() + this.config.DRAIN_MS;
    while (this.finishing > 0 && performance.now() < deadline) await wait(20);
    await this.flushRecords().catch((error: unknown) => this.warn('Records could not be written', error));
    await settleBy(this.relay.idle(), 2000, () => undefined);
  }

  private async untilEnded<T extends StoredExecution>(
    find: () => Promise<T | undefined>,
    deadline: Deadline,
  ): Promise<T | undefined> {
    for (let pause = 20; ; pause = Math.min(pause * 2, 250)) {
      const stored = await this.inTime(find(), deadline);
      if (stored?.state !== 'started' || deadline.remainingMs() <= pause) return stored;
      await wait(pause);
    }
  }

  private flushRecords(): Promise<void> {
    this.flushing ??= this.writeRecords().finally(() => (this.flushing = undefined));
    return this.flushing;
  }

  private async writeRecords(): Promise<void> {
    while (this.records.length > 0) {
      const batch = this.records.splice(0, RECORDS_PER_ROW);
      const row = { id: newId(), records: `[${batch.join(',')}]` };
      try {
        await this.relay.handOver(row);
      } catch (error) {
        this.records.unshift(...batch);
        throw error;
      }
    }
    recordsPending.set(this.records.length);
  }

  private async reap(): Promise<void> {
    const outboxRow = await this.queries.reap(interrupted, newId());
    if (outboxRow) this.relay.relay(outboxRow);
  }

  private async purge(): Promise<void> {
    while ((await this.queries.purge(this.config.IDEMPOTENCY_HOURS)) === PURGED_AT_ONCE);
  }

  private async inTime<T>(work: Promise<T>, deadline: Deadline): Promise<T> {
    const late = (): never => {
      throw new ServiceError('service_unavailable', 'The journal could not be reached in time');
    };
    try {
      return await settleBy(work, deadline.remainingMs(), late);
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      this.warn('The journal could not be written or read', error);
      throw new ServiceError('service_unavailable', 'The journal cannot be reached');
    }
  }

  private every(ms: number, work: () => Promise<unknown>): void {
    let underWay = false;
    const tick = () => {
      if (underWay) return;
      underWay = true;
      work()
        .catch((error: unknown) => this.warn('Journal upkeep failed', error))
        .finally(() => (underWay = false));
    };
    this.timers.push(setInterval(tick, ms).unref());
  }

  /** A database error's detail may quote what was written: only its message is logged. */
  private warn(what: string, error: unknown): void {
    this.log.warn(`${what}: ${error instanceof Error ? error.message : typeof error}`);
  }
}
