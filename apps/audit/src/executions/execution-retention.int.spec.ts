import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { executionRecord, RunningAudit } from '../../test/running-audit.js';

const DAY_MS = 24 * 3_600_000;

describe('the purge', () => {
  let audit: RunningAudit;

  beforeEach(async () => {
    audit = await RunningAudit.start();
  });
  afterEach(() => audit.stop());

  const old = (days: number) =>
    executionRecord({ startedAt: new Date(Date.now() - days * DAY_MS).toISOString() });
  const ids = (records: { executionId: string }[]) => records.map(({ executionId }) => executionId).sort();

  /** The purge of a start tells nobody that it is done. */
  async function untilKept(count: number): Promise<string[]> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const rows = await audit.query<{ id: string }>('SELECT execution_id AS id FROM audit.executions');
      if (rows.length === count) return rows.map(({ id }) => id);
      if (Date.now() > deadline) throw new Error(`${rows.length} records are left, not ${count}`);
      await wait(20);
    }
  }

  it('deletes what is older than the retention, in every organization, and nothing else', async () => {
    const first = await audit.addInstance();
    const [today, lastWeek, lastYear] = [old(0), old(6), old(398)];
    const ancient = [401, 402, 1000].map(old);
    await audit.publish([today, lastWeek, lastYear, ...ancient]);
    await audit.untilStored([today, lastWeek, lastYear, ...ancient]);
    await first.stop();

    const second = await audit.addInstance();
    expect((await untilKept(3)).sort()).toEqual(ids([today, lastWeek, lastYear]));
    await second.stop();

    await audit.addInstance({ AUDIT_RETENTION_DAYS: '7' });
    expect((await untilKept(2)).sort()).toEqual(ids([today, lastWeek]));
  });

  it('goes batch by batch, several instances side by side, until all of it is gone', async () => {
    await audit.query(
      `INSERT INTO audit.executions (execution_id, org_id, tool_key, version, is_test, status, outcome, attempts,
         started_at, total_ms)
       SELECT gen_random_uuid(), gen_random_uuid(), 'old', 1, false, 'succeeded', 'ok', 1,
         now() - interval '500 days', 1 FROM generate_series(1, 9000)`,
    );

    await Promise.all([audit.addInstance(), audit.addInstance()]);

    expect(await untilKept(0)).toEqual([]);
  });
});
