import { executionStream } from '#contracts/executor.contract';
import { Child } from '#devstack/child-process';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { join } from 'node:path';
import { executionRecord, RunningAudit } from '../test/running-audit.js';

jest.setTimeout(60_000);

const MAIN = join(import.meta.dirname, '../../../dist/apps/audit/src/main.js');

describe('the process of audit', () => {
  let audit: RunningAudit;

  beforeAll(async () => {
    audit = await RunningAudit.start();
  });
  afterAll(() => audit.stop());

  function start(settings: Record<string, string> = {}): Child {
    const environment = {
      NATS_URL: audit.natsUrl,
      DATABASE_URL: audit.serviceUrl,
      OPERATIONS_HOST: '127.0.0.1',
    };
    return new Child('audit', process.execPath, [MAIN], { env: { ...environment, ...settings } });
  }

  it('becomes ready, shows its metrics, and ends with 0 when told to', async () => {
    const child = start();
    const line = await child.waitForLine(/ready; operations on port \d+/, 20_000);
    const operations = `http://127.0.0.1:${/port (\d+)/.exec(line)?.[1] ?? ''}`;
    const record = executionRecord();
    await audit.publish([record]);
    await audit.untilStored([record]);

    expect((await fetch(`${operations}/health/ready`)).status).toBe(200);
    expect(await (await fetch(`${operations}/metrics`)).text()).toMatch(
      /patchbay_audit_records_total\{result="stored",service="audit"\} 1\n/,
    );
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });

  it('warns when it comes to the database as somebody whom row-level security does not bind', async () => {
    for (const [url, warns] of [
      [audit.databaseUrl, true],
      [audit.serviceUrl, false],
    ] as const) {
      const child = start({ DATABASE_URL: url });
      const line = await child.waitForLine(/bypasses row-level security|ready; operations/, 20_000);
      await child.stop();

      expect(line.includes('"level":"warn"')).toBe(warns);
    }
  });

  it('loses nothing of what is published while it is killed and started again', async () => {
    const manager = await jetstreamManager(audit.link.connection);
    // What a dead process had in hand comes again after this long; half a minute otherwise.
    await manager.consumers.update(executionStream.name, executionStream.consumer, { ack_wait: 2e9 });
    const published = [];
    for (let kill = 1; kill <= 4; kill += 1) {
      const child = start();
      await child.waitForLine(/ready; operations/, 20_000);
      const records = Array.from({ length: 100 }, () => executionRecord());
      published.push(...records);
      const publishing = Promise.all(records.map((record) => audit.publish([record])));
      await audit.untilStored(records.slice(0, 1));
      await child.kill(); // with messages in hand
      await publishing;
    }

    const last = start();
    await last.waitForLine(/ready; operations/, 20_000);
    await audit.untilStored(published);
    expect(await last.stop()).toEqual({ code: 0, signal: null });
  });

  it('does not start with a retention that is none, and says so', async () => {
    const child = start({ AUDIT_RETENTION_DAYS: '0' });
    const line = child.waitForLine(/AUDIT_RETENTION_DAYS must not be less than 1/, 20_000);

    expect(await line).toBeDefined();
    expect((await child.ended).code).toBe(1);
  });
});
