import { executionsRecorded, executionStream } from '#contracts/executor.contract';
import { DurableStream } from '#messaging/durable-stream';
import { Injectable, Logger } from '@nestjs/common';
import { outboxPublished } from '../executor.metrics.js';
import { GroupCommit } from './group-commit.js';
import { JournalQueries, type OutboxRow } from './journal.queries.js';

/**
 * Hands outbox rows to JetStream and deletes them once it has them. A row published twice is one message there, and one
 * record in audit; a row whose publishing failed stays, and is swept.
 */
@Injectable()
export class OutboxRelay {
  private readonly log = new Logger('OutboxRelay');
  private readonly underWay = new Set<Promise<void>>();
  private readonly forgotten: GroupCommit<string, undefined>;

  constructor(
    private readonly queries: JournalQueries,
    private readonly stream: DurableStream,
  ) {
    this.forgotten = new GroupCommit(
      async (ids) => {
        await queries.forget(ids);
        return ids.map(() => undefined);
      },
      { maxItems: 500, maxWrites: 1, lingerMs: 100 },
    );
  }

  /** Begins to publish a row that is committed. Never fails: what goes wrong is swept up later. */
  relay(row: OutboxRow): void {
    const relayed = this.publish(row)
      .then(() => {
        outboxPublished.inc({ way: 'direct' });
        return this.forgotten.add(row.id);
      })
      .catch((error: unknown) => this.log.debug(`Outbox row left for the sweep: ${String(error)}`))
      .finally(() => this.underWay.delete(relayed));
    this.underWay.add(relayed);
  }

  /**
   * Hands records of reads straight to JetStream, which confirms that it has them; when it does not, they go through the
   * outbox like those of writes. Resolves once they are with either.
   */
  async handOver(row: OutboxRow): Promise<void> {
    try {
      await this.publish(row);
    } catch {
      await this.queries.record(row);
    }
  }

  /** Publishes what was left behind, by this executor or another. */
  async sweep(): Promise<void> {
    const swept = await this.queries.sweep((row) => this.publish(row));
    if (swept > 0) outboxPublished.inc({ way: 'swept' }, swept);
  }

  /** Resolves once nothing is being published. */
  async idle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private publish({ id, records }: OutboxRow): Promise<void> {
    return this.stream.publish(executionStream, executionsRecorded, `{"records":${records}}`, id);
  }
}
