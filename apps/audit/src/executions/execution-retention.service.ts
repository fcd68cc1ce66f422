import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { purgedTotal } from '../audit.metrics.js';
import { AuditConfig } from '../config.js';

const EVERY_MS = 3_600_000;
/** Few enough that a batch takes milliseconds; so many batches that an hour's purge outruns an hour's intake. */
const BATCH = 2000;
const MOST_BATCHES = 2000;

const PURGE = 'SELECT audit.purge_executions($1, $2) AS purged';

/** Deletes what is older than it has to be, at the start and every hour, in small batches. */
@Injectable()
export class ExecutionRetention implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('ExecutionRetention');
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: AuditConfig,
  ) {}

  onApplicationBootstrap(): void {
    const run = () => {
      this.running = this.running
        .then(() => this.purge())
        .catch((error: unknown) => {
          this.log.warn(`The purge goes on in an hour: ${error instanceof Error ? error.message : 'failed'}`);
        });
    };
    this.timer = setInterval(run, EVERY_MS).unref();
    run();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    this.isStopping = true;
    await this.running;
  }

  private async purge(): Promise<void> {
    for (let batch = 1; batch <= MOST_BATCHES && !this.isStopping; batch += 1) {
      const [{ purged }] = await this.dataSource.query<[{ purged: number }]>(PURGE, [
        this.config.AUDIT_RETENTION_DAYS,
        BATCH,
      ]);
      purgedTotal.inc(purged);
      if (purged < BATCH) return;
    }
  }
}
