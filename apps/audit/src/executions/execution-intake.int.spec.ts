import { getExecution } from '#contracts/audit.contract';
import { ServiceError } from '#contracts/errors';
import type { ExecutionRecord } from '#contracts/executor.contract';
import { createDatabase, startPostgres } from '#devstack/postgres';
import { registry } from '#telemetry/metrics';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executionRecord, RunningAudit } from '../../test/running-audit.js';

jest.setTimeout(60_000);

const many = (count: number, overrides: Partial<ExecutionRecord> = {}) =>
  Array.from({ length: count }, () => executionRecord(overrides));

async function counter(name: string, result: string): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  return metric?.values.find(({ labels }) => labels.result === result)?.value ?? 0;
}
const counted = (result: string) => counter('patchbay_audit_records_total', result);
const retried = () => counter('patchbay_stream_messages_total', 'retried');

describe('the intake', () => {
  let audit: RunningAudit;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    audit = await RunningAudit.start();
    await audit.addInstance();
  });
  afterAll(() => audit.stop());

  const stored = ({ orgId, executionId }: ExecutionRecord) => audit.ask(getExecution, { orgId, executionId });
  const countOf = async (orgId: string) => {
    const [row] = await audit.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM audit.executions WHERE org_id = $1',
      [orgId],
    );
    return row?.count;
  };

  it('keeps every field of a record as it came, and none that did not come', async () => {
    const least = executionRecord();
    const most = executionRecord({
      callId: randomUUID(),
      agentId: `agent '7'; DROP TABLE audit.executions; --`,
      isTest: true,
      version: 3,
      status: 'failed',
      outcome: 'upstream_error',
      errorCode: 'upstream_error',
      errorMessage: 'Die API antwortete: «nicht jetzt» 🕰️ "\\"',
      method: 'POST',
      host: 'api.example.com:8443',
      httpStatus: 503,
      attempts: 2,
      startedAt: '2026-03-29T01:59:59.999Z',
      totalMs: 1234.5678,
      upstreamMs: 1200.25,
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      missingPaths: ['header: X-Left', 'orders[0]."eta, {or} so"'],
    });

    await audit.publish([least, most]);
    await audit.untilStored([least, most]);

    expect(await stored(least)).toEqual(least);
    expect(await stored(most)).toEqual(most);
  });

  it('stores once what is delivered thrice, and the first final record stays', async () => {
    const record = executionRecord({ status: 'failed', outcome: 'timeout' });
    const later = { ...record, status: 'succeeded' as const, outcome: 'ok' };
    const last = executionRecord();
    const duplicates = await counted('duplicate');

    for (const one of [record, record, later]) await audit.publish([one]);
    await audit.publish([record, later, last]);
    await audit.untilStored([last]);

    expect(await stored(record)).toEqual(record);
    expect(await countOf(record.orgId)).toBe(1);
    expect((await counted('duplicate')) - duplicates).toBe(4);
  });

  it('stores the unknown half of a message whose other half it knows', async () => {
    const records = many(10, { orgId: randomUUID() });
    await audit.publish(records.slice(0, 5));

    await audit.publish(records);
    await audit.untilStored(records);

    expect(await countOf(records[0]!.orgId)).toBe(10);
  });

  it('lets no unfinished record take the place of the final one', async () => {
    const record = executionRecord({ status: 'unknown' });

    await audit.publish([
      { ...record, status: 'accepted' },
      { ...record, status: 'running' },
    ]);
    await audit.publish([{ ...record, status: 'running' }, record]);
    await audit.untilStored([record]);

    expect(await stored(record)).toEqual(record);
  });

  it('goes on after messages that are none', async () => {
    const good = executionRecord();
    const messages = [
      'not JSON',
      'null',
      '[]',
      '{}',
      '{"records":7}',
      JSON.stringify({ records: [{ ...good, orgId: 'acme' }] }),
      JSON.stringify({ records: [{ ...good, surprise: true }] }),
      `{"records":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ];

    for (const message of messages) await audit.publishJson(message);
    await audit.publish([good]);
    await audit.untilStored([good]);

    expect(await countOf(good.orgId)).toBe(1);
  });

  it('keeps the neighbours of a record that Postgres cannot hold', async () => {
    const records = many(5);
    const impossible = [
      executionRecord({ version: 1e12 }),
      executionRecord({ startedAt: '0000-01-01T00:00:00Z' }),
    ];
    const refused = await counted('refused');

    await audit.publish([...records.slice(0, 2), ...impossible, ...records.slice(2)]);
    await audit.untilStored(records);

    expect((await counted('refused')) - refused).toBe(2);
  });

  it('keeps a record whose text Postgres has no characters for, without those characters', async () => {
    const record = executionRecord({ errorMessage: 'a\0b \ud800 c', outcome: 'x'.repeat(5000) });

    await audit.publish([record]);
    await audit.untilStored([record]);

    expect(await stored(record)).toMatchObject({ errorMessage: 'ab \ufffd c', outcome: 'x'.repeat(200) });
  });

  it('says how far it has come and how far it is behind', async () => {
    const record = executionRecord({ startedAt: new Date(Date.now() - 3000).toISOString(), totalMs: 1000 });
    await audit.publish([record]);
    await audit.untilStored([record]);

    const newest = await registry.getSingleMetric('patchbay_audit_newest_record_timestamp_seconds')?.get();
    const end = (Date.parse(record.startedAt) + record.totalMs) / 1000;

    expect(newest?.values[0]?.value).toBeGreaterThanOrEqual(end);
    expect(newest?.values[0]?.value).toBeLessThanOrEqual(Date.now() / 1000);
    expect(await registry.getSingleMetricAsString('patchbay_audit_lag_seconds')).toMatch(
      /lag_seconds_count [1-9]/,
    );
  });

  it('loses nothing while its connections are terminated again and again', async () => {
    const records: ExecutionRecord[] = [];
    let interrupted = 0;
    const before = await retried();

    while (interrupted < 3) {
      const some = many(20);
      records.push(...some);
      await Promise.all([...some.map((record) => audit.publish([record])), terminateConnections()]);
      interrupted = (await retried()) - before;
    }

    await audit.untilStored(records, 50_000);
  });

  const terminateConnections = () =>
    audit.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'patchbay-audit'`,
    );
});

describe('the intake, started and stopped', () => {
  let audit: RunningAudit;

  afterEach(() => audit.stop());

  it('catches up with what was published while it was not there', async () => {
    audit = await RunningAudit.start();
    const records = many(60);
    for (const record of records.slice(0, 20)) await audit.publish([record]);

    const first = await audit.addInstance();
    await audit.untilStored(records.slice(0, 20));
    await first.stop();
    for (const record of records.slice(20)) await audit.publish([record]);
    await audit.addInstance();

    await audit.untilStored(records);
  });

  it('stores each record once with several instances, whatever messages hold it', async () => {
    audit = await RunningAudit.start();
    const records = many(200, { orgId: randomUUID() });
    for (let start = 0; start < records.length; start += 10) {
      const some = records.slice(start, start + 20);
      await Promise.all([some, some.toReversed(), some].map((one) => audit.publish(one)));
    }

    await Promise.all([audit.addInstance(), audit.addInstance(), audit.addInstance()]);
    await audit.untilStored(records);

    const rows = await audit.query('SELECT FROM audit.executions');
    expect(rows).toHaveLength(200);
  });

  it('loses nothing when Postgres is killed under it, and answers again once Postgres is back', async () => {
    const home = await mkdtemp(join(tmpdir(), 'patchbay-audit-'));
    let postgres = await startPostgres({ dataDir: home });
    const { port } = postgres;
    audit = await RunningAudit.start({ databaseUrl: await createDatabase(postgres.url, 'audited') });
    await audit.addInstance();
    const records = many(120);
    const [before, during, after] = [records.slice(0, 40), records.slice(40, 80), records.slice(80)];

    for (const record of before) await audit.publish([record]); // some stored, some not
    await postgres.child.kill();
    for (const record of during) await audit.publish([record]);
    const { orgId, executionId } = before[0]!;
    await expect(audit.ask(getExecution, { orgId, executionId })).rejects.toThrow(ServiceError);
    postgres = await startPostgres({ dataDir: home, port });
    for (const record of after) await audit.publish([record]);

    await audit.untilStored(records, 50_000);
    expect(await audit.ask(getExecution, { orgId, executionId })).toEqual(before[0]);
    await audit.stop();
    await postgres.stop();
    await rm(await realpath(home), { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  });
});
