import { getStats, Stats, type GetStats } from '#contracts/audit.contract';
import type { ExecutionRecord, ExecutionStatus } from '#contracts/executor.contract';
import { Validator } from '#contracts/validate';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { executionRecord, RunningAudit } from '../../test/running-audit.js';

const DAY_MS = 24 * 3_600_000;

/** The value below which a share of the values lies, interpolated between neighbours; by the book. */
function percentile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  if (sorted.length === 0) return null;
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
  return below + (above - below) * (position - Math.floor(position));
}

function measuresOf(records: readonly ExecutionRecord[]) {
  const ended = records.filter(
    ({ status, isTest }) => !isTest && ['succeeded', 'failed', 'unknown'].includes(status),
  );
  const succeeded = ended.filter(({ status }) => status === 'succeeded').length;
  const times = ended.map(({ totalMs }) => totalMs);
  return {
    count: ended.length,
    succeeded,
    successRate: ended.length > 0 ? succeeded / ended.length : null,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    p99Ms: percentile(times, 0.99),
  };
}

/** Equal but for the last digit: Postgres and JavaScript interpolate in different orders. */
function nearly(measures: ReturnType<typeof measuresOf>) {
  return Object.fromEntries(
    Object.entries(measures).map(([name, value]) => [name, value === null ? null : expect.closeTo(value, 6)]),
  );
}

describe('statistics', () => {
  let audit: RunningAudit;

  beforeAll(async () => {
    audit = await RunningAudit.start();
    await audit.addInstance();
  });
  afterAll(() => audit.stop());

  const ask = (request: GetStats) => audit.ask(getStats, request);

  async function store(records: ExecutionRecord[]): Promise<void> {
    await audit.publish(records);
    await audit.untilStored(records);
  }

  it('are those of a calculation by hand, in total and by tool, host, hour and day', async () => {
    const start = Date.UTC(2026, 0, 30, 12);
    const someRecord = fc.record({
      toolKey: fc.constantFrom('book', 'cancel', 'look_up'),
      host: fc.constantFrom('a.example.com', 'b.example.com:8443', undefined),
      status: fc.constantFrom<ExecutionStatus>('succeeded', 'failed', 'unknown', 'refused', 'cancelled'),
      isTest: fc.boolean(),
      totalMs: fc.double({ min: 0, max: 30_000, noNaN: true }),
      startedAt: fc.integer({ min: 0, max: 3 * DAY_MS - 1 }).map((ms) => new Date(start + ms).toISOString()),
    });
    const range = {
      from: new Date(start).toISOString(),
      to: new Date(start + 3 * DAY_MS).toISOString(),
    };
    const keys = {
      tool: ({ toolKey }: ExecutionRecord) => toolKey,
      host: ({ host }: ExecutionRecord) => host ?? null,
      hour: ({ startedAt }: ExecutionRecord) => `${startedAt.slice(0, 13)}:00:00Z`,
      day: ({ startedAt }: ExecutionRecord) => startedAt.slice(0, 10),
    };

    await fc.assert(
      fc.asyncProperty(fc.array(someRecord, { minLength: 1, maxLength: 120 }), async (some) => {
        const orgId = randomUUID();
        const records = some.map(({ host, ...rest }) =>
          executionRecord({ orgId, ...rest, ...(host && { host }) }),
        );
        await store(records);

        for (const groupBy of ['tool', 'host', 'hour', 'day'] as const) {
          const stats = await ask({ orgId, ...range, groupBy });
          expect(new Validator(Stats).problems(stats)).toEqual([]);
          expect(stats).toMatchObject({ ...range, total: nearly(measuresOf(records)) });

          const expected = Map.groupBy(records, keys[groupBy]);
          for (const { group, ...measures } of stats.groups) {
            expect(measures).toEqual(nearly(measuresOf(expected.get(group)!)));
          }
          const counted = [...expected].filter(([, own]) => measuresOf(own).count > 0);
          expect(new Set(stats.groups.map(({ group }) => group))).toEqual(
            new Set(counted.map(([group]) => group)),
          );
        }
      }),
      { numRuns: 12 },
    );
  });

  it.each<[ExecutionStatus, number]>([
    ['succeeded', 1],
    ['failed', 1],
    ['unknown', 1],
    ['cancelled', 0],
    ['refused', 0],
    ['input_required', 0],
    ['confirmation_required', 0],
    ['verification_required', 0],
  ])('count an execution that is %s as %d', async (status, count) => {
    const orgId = randomUUID();
    await store([executionRecord({ orgId, status })]);

    const { total } = await ask({ orgId });

    expect(total).toMatchObject({ count, succeeded: status === 'succeeded' ? 1 : 0 });
  });

  it('cover the last 24 hours unless told otherwise, and tests never', async () => {
    const orgId = randomUUID();
    const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
    await store([
      executionRecord({ orgId, startedAt: ago(1000) }),
      executionRecord({ orgId, startedAt: ago(DAY_MS - 60_000) }),
      executionRecord({ orgId, startedAt: ago(DAY_MS + 60_000) }),
      executionRecord({ orgId, isTest: true }),
    ]);

    const stats = await ask({ orgId });

    expect(stats.total.count).toBe(2);
    expect(Date.parse(stats.to) - Date.parse(stats.from)).toBe(DAY_MS);
    expect((await ask({ orgId, from: ago(3 * DAY_MS) })).total.count).toBe(3);
    expect((await ask({ orgId, to: ago(120_000) })).total.count).toBe(2);
  });

  it('take in the first moment of a range and leave out the last', async () => {
    const orgId = randomUUID();
    const [from, to] = ['2026-02-01T00:00:00.000Z', '2026-02-02T00:00:00.000Z'];
    await store([executionRecord({ orgId, startedAt: from }), executionRecord({ orgId, startedAt: to })]);

    const stats = await ask({ orgId, from, to, groupBy: 'day' });

    expect(stats.groups).toEqual([expect.objectContaining({ group: '2026-02-01', count: 1 })]);
  });

  it('have no rate and no percentile where nothing ran', async () => {
    const stats = await ask({ orgId: randomUUID(), groupBy: 'tool' });

    expect(stats.total).toEqual({
      count: 0,
      succeeded: 0,
      successRate: null,
      p50Ms: null,
      p95Ms: null,
      p99Ms: null,
    });
    expect(stats.groups).toEqual([]);
  });

  it.each([
    [{ from: '2026-02-02T00:00:00Z', to: '2026-02-01T00:00:00Z' }],
    [{ from: '2999-01-01T00:00:00Z' }],
    [{ from: '2025-01-01T00:00:00Z', to: '2026-02-06T00:00:00Z' }],
    [{ from: '2026-01-01T00:00:00Z', to: '2026-02-02T00:00:00Z', groupBy: 'hour' as const }],
  ])('refuse %j', async (range) => {
    await expect(ask({ orgId: randomUUID(), ...range })).rejects.toMatchObject({
      code: 'invalid_request',
      details: { problems: [{ pointer: '/from' }] },
    });
  });

  it('put the most used tools first, and time in its order', async () => {
    const orgId = randomUUID();
    const now = Date.now();
    const of = (toolKey: string, daysAgo: number) =>
      executionRecord({ orgId, toolKey, startedAt: new Date(now - daysAgo * DAY_MS).toISOString() });
    await store([of('rare', 1), of('common', 3), of('common', 2), of('common', 2)]);
    const from = new Date(now - 10 * DAY_MS).toISOString();

    const groups = async (groupBy: 'tool' | 'day') =>
      (await ask({ orgId, from, groupBy })).groups.map(({ group, count }) => [group, count]);

    expect(await groups('tool')).toEqual([
      ['common', 3],
      ['rare', 1],
    ]);
    expect((await groups('day')).map(([, count]) => count)).toEqual([1, 2, 1]);
  });

  it('of a thousand tools fit into a reply, those used least left out', async () => {
    const orgId = randomUUID();
    const records = Array.from({ length: 1010 }, (_, index) =>
      executionRecord({ orgId, toolKey: `tool_${'x'.repeat(50)}_${index}`, totalMs: 1 / 3 }),
    );
    const often = executionRecord({ orgId, toolKey: 'zzz_often' });
    await store([...records, often, { ...often, executionId: randomUUID() }]);

    const { groups, total } = await ask({ orgId, groupBy: 'tool' });

    expect(total.count).toBe(1012);
    expect(groups).toHaveLength(1000);
    expect(groups[0]).toMatchObject({ group: 'zzz_often', count: 2 });
  });

  describe('of drift', () => {
    const answered = (orgId: string, count: number, overrides: Partial<ExecutionRecord> = {}) =>
      Array.from({ length: count }, () => executionRecord({ orgId, ...overrides }));

    it('name the mapped paths that more than a fifth of the answers of a version miss', async () => {
      const orgId = randomUUID();
      await store([
        ...answered(orgId, 7, { toolKey: 'orders', version: 2 }),
        ...answered(orgId, 2, { toolKey: 'orders', version: 2, missingPaths: ['items[0].eta', 'total'] }),
        ...answered(orgId, 1, { toolKey: 'orders', version: 2, missingPaths: ['total'] }),
        ...answered(orgId, 4, { toolKey: 'orders', version: 1, missingPaths: ['old', 'old'] }),
        ...answered(orgId, 1, { toolKey: 'tickets', missingPaths: ['header: X-Left'] }),
        ...answered(orgId, 9, { toolKey: 'tickets' }),
      ]);

      const stats = await ask({ orgId });

      expect(new Validator(Stats).problems(stats)).toEqual([]);
      expect(stats.drift).toEqual([
        { toolKey: 'orders', version: 1, path: 'old', missing: 4, answers: 4, share: 1 },
        { toolKey: 'orders', version: 2, path: 'total', missing: 3, answers: 10, share: 0.3 },
      ]);
      expect((await ask({ orgId, toolKey: 'tickets' })).drift).toEqual([]);
    });

    it('leave out tests, failures, other times and other organizations', async () => {
      const [orgId, otherOrg] = [randomUUID(), randomUUID()];
      const missingPaths = ['a'];
      await store([
        ...answered(orgId, 3),
        ...answered(orgId, 3, { isTest: true, missingPaths }),
        ...answered(orgId, 3, { status: 'failed', missingPaths }),
        ...answered(orgId, 3, { startedAt: new Date(Date.now() - 2 * DAY_MS).toISOString(), missingPaths }),
        ...answered(otherOrg, 3, { missingPaths }),
      ]);

      expect((await ask({ orgId })).drift).toEqual([]);
      expect((await ask({ orgId: otherOrg })).drift).toHaveLength(1);
    });

    it('are told from the share on that the operator sets', async () => {
      const strict = await RunningAudit.start();
      try {
        await strict.addInstance({ AUDIT_DRIFT_SHARE: '0.05' });
        const orgId = randomUUID();
        const records = [...answered(orgId, 9), ...answered(orgId, 1, { missingPaths: ['a'] })];
        await strict.publish(records);
        await strict.untilStored(records);

        expect((await strict.ask(getStats, { orgId })).drift).toMatchObject([{ path: 'a', share: 0.1 }]);
      } finally {
        await strict.stop();
      }
    });
  });
});
