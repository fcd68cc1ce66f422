import {
  ExecutionPage,
  getExecution,
  getStats,
  listExecutions,
  type GetStats,
  type ListExecutions,
} from '#contracts/audit.contract';
import type { ExecutionRecord } from '#contracts/executor.contract';
import { Validator } from '#contracts/validate';
import type { TestService } from '#testing/test-service';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { executionRecord, RunningAudit } from '../../test/running-audit.js';
import { ExecutionStatsQueries } from './execution-stats.queries.js';
import { ExecutionsService } from './executions.service.js';
import { encodeCursor } from './page-cursor.js';

const MINE = randomUUID();
const THEIRS = randomUUID();
const CALL = randomUUID();
const at = (minute: number) => new Date(Date.UTC(2026, 5, 1, 12, minute)).toISOString();

/** Hostile strings for every place that takes one. */
const HOSTILE = [
  `' OR '1'='1`,
  `'; DROP TABLE audit.executions; --`,
  `\\'); SELECT 1; --`,
  '$1',
  '%',
  ':orgId',
  '\0',
];

describe('the executions that audit keeps', () => {
  let audit: RunningAudit;
  let service: TestService;

  beforeAll(async () => {
    audit = await RunningAudit.start();
    service = await audit.addInstance();
  });
  afterAll(() => audit.stop());

  const list = (request: Partial<ListExecutions> = {}) =>
    audit.ask(listExecutions, { orgId: MINE, ...request });

  async function listAll(request: Partial<ListExecutions> = {}): Promise<ExecutionRecord[]> {
    const items: ExecutionRecord[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await list({ ...request, ...(cursor && { cursor }) });
      items.push(...page.items);
      if (page.nextCursor === undefined) return items;
      cursor = page.nextCursor;
    }
  }

  async function store(records: ExecutionRecord[]): Promise<ExecutionRecord[]> {
    await audit.publish(records);
    await audit.untilStored(records);
    return records;
  }

  const ids = (records: readonly ExecutionRecord[]) => records.map(({ executionId }) => executionId);

  describe('listed', () => {
    const orgId = randomUUID();
    let records: ExecutionRecord[];

    beforeAll(async () => {
      const of = (minute: number, overrides: Partial<ExecutionRecord>) =>
        executionRecord({ orgId, startedAt: at(minute), ...overrides });
      records = await store([
        of(5, { toolKey: 'book', callId: CALL }),
        of(4, { toolKey: 'book', status: 'failed', outcome: 'timeout' }),
        of(3, { callId: CALL, status: 'unknown' }),
        of(2, { isTest: true }),
        of(1, { status: 'refused' }),
        of(0, {}),
      ]);
    });

    it.each<[string, Partial<ListExecutions>, number[]]>([
      ['everything, newest first', {}, [0, 1, 2, 3, 4, 5]],
      ['one tool', { toolKey: 'book' }, [0, 1]],
      ['one call', { callId: CALL }, [0, 2]],
      ['one status', { status: 'unknown' }, [2]],
      ['tests', { isTest: true }, [3]],
      ['all but tests', { isTest: false }, [0, 1, 2, 4, 5]],
      ['from a moment on, itself included', { from: at(3) }, [0, 1, 2]],
      ['until a moment, itself not included', { to: at(3) }, [3, 4, 5]],
      ['a range given in another zone', { from: '2026-06-01T14:01:00+02:00', to: at(4) }, [2, 3, 4]],
      ['several filters at once', { toolKey: 'book', callId: CALL, status: 'succeeded' }, [0]],
      ['what nothing matches', { toolKey: 'nothing' }, []],
      ['a page of its own size', { limit: 2 }, [0, 1]],
    ])('gives %s', async (_what, filter, expected) => {
      const page = await list({ orgId, ...filter });

      expect(page.items).toEqual(expected.map((index) => records[index]));
      expect(new Validator(ExecutionPage).problems(page)).toEqual([]);
    });

    it.each(['', 'x', 'bm90IGEgY3Vyc29y', Buffer.from(`1 ${MINE}'`).toString('base64url')])(
      'refuses %j as a cursor',
      async (cursor) => {
        await expect(list({ cursor })).rejects.toMatchObject({
          code: 'invalid_request',
          details: { problems: [{ pointer: '/cursor' }] },
        });
      },
    );

    it('refuses a range that ends before it begins', async () => {
      await expect(list({ from: at(3), to: at(3) })).rejects.toMatchObject({
        code: 'invalid_request',
        details: { problems: [{ pointer: '/from' }] },
      });
    });

    it('walks through filtered pages without a gap', async () => {
      expect(await listAll({ orgId, isTest: false, limit: 2 })).toEqual(
        records.filter(({ isTest }) => !isTest),
      );
    });
  });

  it('visits each record once, also those of one moment, while others are stored', async () => {
    const orgId = randomUUID();
    const existing = await store(
      Array.from({ length: 100 }, (_, index) => executionRecord({ orgId, startedAt: at(index % 5) })),
    );

    const seen: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await list({ orgId, limit: 7, ...(cursor && { cursor }) });
      seen.push(...ids(page.items));
      if (page.nextCursor === undefined) break;
      cursor = page.nextCursor;
      await store([executionRecord({ orgId, startedAt: at(3) }), executionRecord({ orgId })]);
    }

    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((id) => ids(existing).includes(id))).toHaveLength(100);
  });

  it('says that there is no such execution', async () => {
    await expect(audit.ask(getExecution, { orgId: MINE, executionId: randomUUID() })).rejects.toMatchObject({
      code: 'execution_not_found',
    });
  });

  describe('seen from another organization', () => {
    let mine: ExecutionRecord;
    let theirs: ExecutionRecord;

    beforeAll(async () => {
      const shared = { toolKey: 'shared_tool', callId: randomUUID(), host: 'shared.example.com' };
      [mine, theirs] = (await store([
        executionRecord({ ...shared, orgId: MINE }),
        executionRecord({ ...shared, orgId: THEIRS }),
      ])) as [ExecutionRecord, ExecutionRecord];
    });

    it('an execution is not found', async () => {
      await expect(
        audit.ask(getExecution, { orgId: MINE, executionId: theirs.executionId }),
      ).rejects.toMatchObject({
        code: 'execution_not_found',
        message: `There is no execution ${theirs.executionId}`,
      });
    });

    it('no list shows it, not by its call, its tool, or a cursor of its own organization', async () => {
      const theirCursor = encodeCursor({
        startedAt: new Date(Date.now() + 60_000),
        executionId: theirs.executionId,
      });
      const filters = [{}, { callId: mine.callId }, { toolKey: mine.toolKey }, { cursor: theirCursor }];

      for (const filter of filters) {
        const items = await listAll(filter);
        expect(ids(items)).toContain(mine.executionId);
        expect(items.every(({ orgId }) => orgId === MINE)).toBe(true);
      }
    });

    it.each(['tool', 'host', 'hour', 'day', undefined] as const)(
      'statistics by %s do not count it',
      async (groupBy) => {
        const request = { orgId: MINE, toolKey: 'shared_tool', ...(groupBy && { groupBy }) };
        const stats = await audit.ask(getStats, request);

        expect(stats.total.count).toBe(1);
        expect(stats.groups.map(({ count }) => count)).toEqual(groupBy ? [1] : []);
      },
    );
  });

  describe('asked with hostile strings', () => {
    const places = ['orgId', 'toolKey', 'callId', 'status', 'isTest', 'from', 'to', 'cursor', 'groupBy'];

    it.each(places)('refuses them as %s, at the door', async (place) => {
      for (const text of HOSTILE) {
        const request = { orgId: MINE, [place]: text };
        const rpcs = place === 'groupBy' ? [getStats] : [listExecutions, getStats];
        for (const rpc of rpcs) {
          await expect(audit.ask(rpc, request as GetStats)).rejects.toMatchObject({
            code: 'invalid_request',
          });
        }
      }
    });

    it('takes them for nothing but text, behind the door', async () => {
      const [record] = await store([executionRecord({ orgId: MINE })]);
      const executions = service.get(ExecutionsService);
      const stats = service.get(ExecutionStatsQueries);

      for (const text of HOSTILE.filter((one) => one !== '\0')) {
        expect((await executions.list({ orgId: MINE, toolKey: text })).items).toEqual([]);
        expect((await executions.list({ orgId: MINE, status: text as 'failed' })).items).toEqual([]);
        expect((await stats.get({ orgId: MINE, toolKey: text }, new Date())).total.count).toBe(0);
      }

      expect(ids((await list()).items)).toContain(record!.executionId);
    });
  });
});
