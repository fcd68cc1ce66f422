import { executionsRecorded, executionStream, type ExecutionRecord } from '#contracts/executor.contract';
import type { ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { Deadline } from '#messaging/deadline';
import { DurableStream } from '#messaging/durable-stream';
import { NatsLink } from '#messaging/nats-connection';
import { RpcClient } from '#messaging/rpc.client';
import { loadConfig } from '#runtime/load-config';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { v7 as newExecutionId } from 'uuid';
import { AuditModule } from '../src/audit.module.js';
import { AuditConfig } from '../src/config.js';
import { auditDataSource } from '../src/data-source.js';

/** The least a record has; a read that went well, of now. */
export function executionRecord(overrides: Partial<ExecutionRecord> = {}): ExecutionRecord {
  return {
    executionId: newExecutionId(),
    orgId: randomUUID(),
    toolKey: 'look_up_order',
    version: 1,
    isTest: false,
    status: 'succeeded',
    outcome: 'ok',
    attempts: 1,
    startedAt: new Date().toISOString(),
    totalMs: 12.5,
    ...overrides,
  };
}

/** A nats-server, a migrated database, and audits on them; the spec is the executor that publishes and the gateway that asks. */
export class RunningAudit {
  private readonly closing: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly natsUrl: string,
    /** For whom nothing is forbidden. */
    readonly databaseUrl: string,
    /** As the service comes. */
    readonly serviceUrl: string,
    readonly link: NatsLink,
  ) {}

  static async start(options: { databaseUrl?: string } = {}): Promise<RunningAudit> {
    const nats = await startTestNats();
    const databaseUrl = options.databaseUrl ?? (await createTestDatabase());
    const serviceUrl = await migrateAsService(auditDataSource, databaseUrl);
    const link = await NatsLink.open({ url: nats.url, name: 'client' });
    const audit = new RunningAudit(nats.url, databaseUrl, serviceUrl, link);
    audit.closing.push(
      () => nats.stop(),
      () => link.close(),
    );
    return audit;
  }

  /** One more instance of the service. */
  async addInstance(settings: Record<string, string> = {}): Promise<TestService> {
    const config = loadConfig(AuditConfig, { DATABASE_URL: this.serviceUrl, ...settings });
    const service = await startTestService('audit', this.natsUrl, AuditModule.forRoot(config));
    this.closing.push(() => service.stop());
    return service;
  }

  /** Sends records as an executor does, in one message. */
  async publish(records: ExecutionRecord[], messageId: string = randomUUID()): Promise<void> {
    await this.publishJson(JSON.stringify({ records }), messageId);
  }

  async publishJson(json: string, messageId: string = randomUUID()): Promise<void> {
    await new DurableStream(this.link).publish(executionStream, executionsRecorded, json, messageId);
  }

  ask<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ReplyOf<R>> {
    return new RpcClient(this.link).call(rpc, request, { deadline: Deadline.in(10_000) });
  }

  /** Waits until all of these are stored: nothing is told when that happens, so it looks again and again. */
  async untilStored(records: readonly ExecutionRecord[], patienceMs = 20_000): Promise<void> {
    const ids = records.map(({ executionId }) => executionId);
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const missing = await this.missing(ids).catch(() => 'some');
      if (missing === 0) return;
      if (Date.now() > deadline) throw new Error(`${missing} of ${ids.length} records are not stored`);
      await wait(20);
    }
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl });
    client.on('error', () => undefined); // the server may be killed under it
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    for (const close of this.closing.splice(0).reverse()) await close();
  }

  private async missing(ids: readonly string[]): Promise<number> {
    const [row] = await this.query<{ missing: number }>(
      `SELECT count(*)::int AS missing FROM unnest($1::uuid[]) AS id
        WHERE NOT EXISTS (SELECT FROM audit.executions WHERE execution_id = id)`,
      [ids],
    );
    return row?.missing ?? ids.length;
  }
}
