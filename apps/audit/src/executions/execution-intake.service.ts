import {
  executionsRecorded,
  executionStream,
  type ExecutionRecord,
  type ExecutionStatus,
} from '#contracts/executor.contract';
import { DurableStream } from '#messaging/durable-stream';
import { queryForOrganizations } from '#runtime/organizations';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { lagSeconds, newestRecord, recordsTotal } from '../audit.metrics.js';

/** An execution in one of these goes on; its final record is still to come. */
const UNFINISHED: readonly ExecutionStatus[] = ['accepted', 'running'];

/** Texts are cut: 200 records must fit into one reply, whatever an upstream answered. */
const INSERT = `
  INSERT INTO audit.executions (
    execution_id, org_id, call_id, agent_id, tool_key, version, is_test, status, outcome, error_code,
    error_message, method, host, http_status, attempts, started_at, total_ms, upstream_ms, trace_id,
    missing_paths)
  SELECT
    "executionId", "orgId", "callId", left("agentId", 200), "toolKey", version, "isTest", status,
    left(outcome, 200), left("errorCode", 200), left("errorMessage", 1000), left(method, 20), left(host, 260),
    "httpStatus", attempts, "startedAt", "totalMs", "upstreamMs", left("traceId", 200),
    (SELECT array_agg(DISTINCT left(path, 100)) FROM unnest("missingPaths"[1:20]) AS path)
  FROM jsonb_to_recordset($1::jsonb) AS record (
    "executionId" uuid, "orgId" uuid, "callId" uuid, "agentId" text, "toolKey" text, version integer,
    "isTest" boolean, status text, outcome text, "errorCode" text, "errorMessage" text, method text, host text,
    "httpStatus" integer, attempts integer, "startedAt" timestamptz, "totalMs" double precision,
    "upstreamMs" double precision, "traceId" text, "missingPaths" text[])
  ON CONFLICT (execution_id) DO NOTHING`;

/** Takes final records from the stream and keeps each once, however often it comes: the first one stays. */
@Injectable()
export class ExecutionIntake implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('ExecutionIntake');
  private newestEndMs = 0;

  constructor(
    private readonly stream: DurableStream,
    private readonly dataSource: DataSource,
  ) {}

  onApplicationBootstrap(): void {
    this.stream.consume(executionStream, executionsRecorded, ({ records }) => this.take(records));
  }

  async onModuleDestroy(): Promise<void> {
    await this.stream.close();
  }

  /** @throws when the database cannot take them now: then all of them come again */
  private async take(records: readonly ExecutionRecord[]): Promise<void> {
    const final = records.filter(({ status }) => !UNFINISHED.includes(status));
    recordsTotal.inc({ result: 'unfinished' }, records.length - final.length);
    if (final.length > 0) await this.store(final);
  }

  private async store(records: readonly ExecutionRecord[]): Promise<void> {
    try {
      const stored = await this.insert(records);
      recordsTotal.inc({ result: 'stored' }, stored);
      recordsTotal.inc({ result: 'duplicate' }, records.length - stored);
      if (stored > 0) this.noteLag(records);
    } catch (error) {
      const problem = problemOfContent(error);
      if (problem === undefined) throw error;
      if (records.length > 1) {
        // One that Postgres cannot hold must not keep the others out.
        for (const record of records) await this.store([record]);
      } else {
        this.log.error(`Execution ${records[0]?.executionId ?? ''} is not recorded: SQLSTATE ${problem}`);
        recordsTotal.inc({ result: 'refused' });
      }
    }
  }

  /** @returns how many were new */
  private async insert(records: readonly ExecutionRecord[]): Promise<number> {
    // In one order, or two instances with the same records could wait for each other for ever.
    const inOrder = records.toSorted((a, b) => a.executionId.localeCompare(b.executionId));
    const { rowCount } = await queryForOrganizations(
      this.dataSource,
      records.map(({ orgId }) => orgId),
      { text: INSERT, values: [toStorableJson(inOrder)] },
    );
    return rowCount ?? 0;
  }

  private noteLag(records: readonly ExecutionRecord[]): void {
    const now = Date.now();
    const ages = records.map(({ startedAt, totalMs }) => now - Date.parse(startedAt) - totalMs);
    const youngestMs = Math.max(0, Math.min(...ages)); // another machine's clock may be ahead
    if (Number.isNaN(youngestMs)) return;
    lagSeconds.observe(youngestMs / 1000);
    this.newestEndMs = Math.max(this.newestEndMs, now - youngestMs);
    newestRecord.set(this.newestEndMs / 1000);
  }
}

/** What JSON writes for a NUL and for half of a surrogate pair, the latter in lower case. */
const UNSTORABLE = /\\u(0000|d[89a-f])/;

/** Looks at every value only when there is one that Postgres would refuse: hardly ever. */
function toStorableJson(records: readonly ExecutionRecord[]): string {
  const json = JSON.stringify(records);
  return UNSTORABLE.test(json) ? JSON.stringify(records, storable) : json;
}

/** Postgres's text has no NUL and no half of a surrogate pair; JSON and upstream answers do. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '') : value;
}

/** The SQLSTATE when the records themselves are the problem (classes 22 and 23), and would be again. */
function problemOfContent(error: unknown): string | undefined {
  const { code } = error as { code?: string };
  return code !== undefined && /^2[23]...$/.test(code) ? code : undefined;
}
