import type { GetStats, Stats } from '#contracts/audit.contract';
import { ServiceError } from '#contracts/errors';
import type { ExecutionStatus } from '#contracts/executor.contract';
import { readForOrganization } from '#runtime/organizations';
import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import { ExecutionDriftQueries } from './execution-drift.queries.js';
import { statsRange } from './time-range.js';

/** Those whose tool ran to an end, good, bad or unknown. Not: refused, cancelled, or waiting for input, consent or a claim. */
const COUNTED: readonly ExecutionStatus[] = ['succeeded', 'failed', 'unknown'];

/** More groups than this would not fit into one message; those with the most executions are kept. */
const MOST_GROUPS = 1000;

const groupings = {
  none: { by: 'NULL::text', order: '1' },
  tool: { by: 'tool_key', order: 'count DESC, "group"' },
  host: { by: 'host', order: 'count DESC, "group"' },
  hour: { by: `to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24":00:00Z"')`, order: '"group"' },
  day: { by: `to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`, order: '"group"' },
} as const;

interface Row {
  readonly group: string | null;
  readonly count: number;
  readonly succeeded: number;
  readonly percentiles: readonly [number, number, number] | null;
}

/** How often, how well and how fast: counted from the records each time, so it is never behind them. */
@Injectable()
export class ExecutionStatsQueries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly drift: ExecutionDriftQueries,
  ) {}

  async get(request: GetStats, now: Date): Promise<Stats> {
    const { from, to } = statsRange(request, now);
    const { rows, drift } = await inTime(() =>
      readForOrganization(this.dataSource, request.orgId, async (manager) => ({
        rows: await count(manager, request, from, to),
        drift: await this.drift.find(manager, request, from, to),
      })),
    );
    const [total, ...groups] = rows;
    return {
      from: from.toISOString(),
      to: to.toISOString(),
      total: measures(total),
      groups: request.groupBy ? groups.map((row) => ({ group: row.group, ...measures(row) })) : [],
      drift,
    };
  }
}

/** The total first, then the groups in their order; one pass over the records. */
function count(
  manager: EntityManager,
  { orgId, toolKey, groupBy }: GetStats,
  from: Date,
  to: Date,
): Promise<Row[]> {
  const { by, order } = groupings[groupBy ?? 'none'];
  const sql = `
      SELECT "group",
             count(*)::int AS count,
             (count(*) FILTER (WHERE status = 'succeeded'))::int AS succeeded,
             percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY total_ms) AS percentiles
        FROM (SELECT ${by} AS "group", status, total_ms
                FROM audit.executions
               WHERE org_id = $1 AND started_at >= $2 AND started_at < $3
                 AND NOT is_test AND status = ANY ($4)
                 AND ($5::text IS NULL OR tool_key = $5)) AS counted
       GROUP BY GROUPING SETS ((), ("group"))
       ORDER BY GROUPING("group") DESC, ${order}
       LIMIT ${MOST_GROUPS + 1}`;
  return manager.query<Row[]>(sql, [orgId, from, to, COUNTED, toolKey ?? null]);
}

function measures(row: Row | undefined) {
  const { count = 0, succeeded = 0, percentiles } = row ?? {};
  const [p50Ms = null, p95Ms = null, p99Ms = null] = percentiles ?? [];
  return { count, succeeded, successRate: count === 0 ? null : succeeded / count, p50Ms, p95Ms, p99Ms };
}

async function inTime<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!wasCancelled(error)) throw error;
    throw new ServiceError('deadline_exceeded', 'There is too much to count; ask for a shorter time');
  }
}

/** Whether Postgres stopped the statement because it took longer than any may. */
function wasCancelled(error: unknown): boolean {
  return error instanceof QueryFailedError && (error.driverError as { code?: string }).code === '57014';
}
