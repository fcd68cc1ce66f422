import type { ExecutionPage, GetExecution, ListExecutions } from '#contracts/audit.contract';
import { ServiceError } from '#contracts/errors';
import type { ExecutionRecord } from '#contracts/executor.contract';
import { readForOrganization } from '#runtime/organizations';
import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { ExecutionEntity, toRecord } from './execution.entity.js';
import { decodeCursor, encodeCursor } from './page-cursor.js';
import { readRange } from './time-range.js';

@Injectable()
export class ExecutionsService {
  constructor(private readonly dataSource: DataSource) {}

  /** One page, newest first. Pages hang together by position, so records that come in between move nothing. */
  async list(request: ListExecutions): Promise<ExecutionPage> {
    const { orgId, limit = 50 } = request;
    const rows = await readForOrganization(this.dataSource, orgId, (manager) =>
      selectOf(manager, request)
        .orderBy('execution.startedAt', 'DESC')
        .addOrderBy('execution.executionId', 'DESC')
        .limit(limit + 1) // one more tells whether there is another page
        .getMany(),
    );

    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(toRecord),
      ...(last && rows.length > limit && { nextCursor: encodeCursor(last) }),
    };
  }

  async get({ orgId, executionId }: GetExecution): Promise<ExecutionRecord> {
    const row = await readForOrganization(this.dataSource, orgId, (manager) =>
      manager.findOneBy(ExecutionEntity, { orgId, executionId }),
    );
    if (!row) throw new ServiceError('execution_not_found', `There is no execution ${executionId}`);
    return toRecord(row);
  }
}

/** What was asked for. */
function selectOf(manager: EntityManager, request: ListExecutions): SelectQueryBuilder<ExecutionEntity> {
  const { orgId, toolKey, callId, status, isTest, cursor } = request;
  const { from, to } = readRange(request);
  const query = manager
    .createQueryBuilder(ExecutionEntity, 'execution')
    .where('execution.orgId = :orgId', { orgId });
  if (toolKey !== undefined) query.andWhere('execution.toolKey = :toolKey', { toolKey });
  if (callId !== undefined) query.andWhere('execution.callId = :callId', { callId });
  if (status !== undefined) query.andWhere('execution.status = :status', { status });
  if (isTest !== undefined) query.andWhere('execution.isTest = :isTest', { isTest });
  if (from) query.andWhere('execution.startedAt >= :from', { from });
  if (to) query.andWhere('execution.startedAt < :to', { to });
  if (cursor !== undefined) {
    query.andWhere(
      '(execution.startedAt, execution.executionId) < (:startedAt, :executionId)',
      decodeCursor(cursor),
    );
  }
  return query;
}
