import type { Drift, GetStats } from '#contracts/audit.contract';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditConfig } from '../config.js';

const MOST_SHOWN = 100;

/** Answers that may miss what was mapped: of failure, none does; it has other fields. */
const ANSWERS = `
  audit.executions
   WHERE org_id = $1 AND started_at >= $2 AND started_at < $3
     AND ($4::text IS NULL OR tool_key = $4)
     AND NOT is_test AND status = 'succeeded'`;

/** Looks for mapped paths that too many answers no longer have: the API has changed, and nobody told. */
@Injectable()
export class ExecutionDriftQueries {
  constructor(private readonly config: AuditConfig) {}

  async find(manager: EntityManager, { orgId, toolKey }: GetStats, from: Date, to: Date): Promise<Drift[]> {
    const values = [orgId, from, to, toolKey ?? null];
    // Nearly always there is none; its own small index says so before any answer is counted.
    const [row] = await manager.query<[{ any: boolean }]>(
      `SELECT EXISTS (SELECT FROM ${ANSWERS} AND missing_paths IS NOT NULL) AS "any"`,
      values,
    );
    if (!row.any) return [];
    return manager.query<Drift[]>(
      `WITH missed AS (
         SELECT tool_key, version, path, count(*)::int AS missing
           FROM (SELECT tool_key, version, unnest(missing_paths) AS path
                   FROM ${ANSWERS} AND missing_paths IS NOT NULL) AS each
          GROUP BY tool_key, version, path),
       answered AS (
         SELECT tool_key, version, count(*)::int AS answers
           FROM ${ANSWERS} AND (tool_key, version) IN (SELECT tool_key, version FROM missed)
          GROUP BY tool_key, version)
       SELECT tool_key AS "toolKey", version, path, missing, answers, missing::float8 / answers AS share
         FROM missed JOIN answered USING (tool_key, version)
        WHERE missing > $5::float8 * answers
        ORDER BY share DESC, missing DESC, tool_key, version, path
        LIMIT ${MOST_SHOWN}`,
      [...values, this.config.AUDIT_DRIFT_SHARE],
    );
  }
}
