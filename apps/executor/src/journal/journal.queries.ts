import { acrossOrganizations, queryForOrganizations } from '#runtime/organizations';
import type { Statement } from '#runtime/preceded-query';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

export interface ClaimRow {
  readonly executionId: string;
  readonly orgId: string;
  readonly idempotencyKey: string;
  readonly fingerprint: string;
  /** JSON of the record as far as it is known. */
  readonly record: string;
  readonly leaseMs: number;
}

export interface FinishRow {
  readonly executionId: string;
  readonly orgId: string;
  /** JSON of the reply. */
  readonly reply: string;
  /** JSON of the final record. */
  readonly record: string;
}

export interface StoredExecution {
  readonly executionId: string;
  readonly fingerprint: string;
  readonly state: 'started' | 'finished';
  /** The `Execution` it ended as. */
  readonly reply: unknown;
}

export interface JournaledExecution extends StoredExecution {
  /** The `ExecutionRecord` as far as it was known at the start. */
  readonly record: Record<string, unknown>;
}

export interface OutboxRow {
  readonly id: string;
  /** JSON of the records. */
  readonly records: string;
}

const CLAIM = `
  INSERT INTO executor.executions (execution_id, org_id, idempotency_key, fingerprint, state, record, lease_until)
  SELECT c.id, c.org, c.key, c.fingerprint, 'started', c.record, now() + c.lease * interval '1 millisecond'
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::json[], $6::int[]) AS c(id, org, key, fingerprint, record, lease)
  ON CONFLICT DO NOTHING
  RETURNING execution_id`;

/** An execution whose lease ran out was ended by a reaper: then nothing is updated, and nothing recorded twice. */
const FINISH = `
  WITH finished AS (
    UPDATE executor.executions e SET state = 'finished', reply = f.reply, finished_at = now()
    FROM unnest($1::uuid[], $2::json[], $3::json[]) AS f(id, reply, record)
    WHERE e.execution_id = f.id AND e.state = 'started'
    RETURNING f.record
  )
  INSERT INTO executor.outbox (id, records)
  SELECT $4::uuid, json_agg(record) FROM finished HAVING count(*) > 0
  RETURNING id, records::text`;

const FIND = `
  SELECT execution_id AS "executionId", fingerprint, state, reply
  FROM executor.executions WHERE org_id = $1 AND idempotency_key = $2`;

const LOOK_UP = `
  SELECT execution_id AS "executionId", fingerprint, state, reply, record
  FROM executor.executions WHERE execution_id = $2 AND org_id = $1`;

const RECORD = 'INSERT INTO executor.outbox (id, records) VALUES ($1, $2)';

const EXPIRED = `
  SELECT execution_id AS "executionId", record FROM executor.executions
  WHERE state = 'started' AND lease_until < now()
  ORDER BY lease_until LIMIT 100 FOR UPDATE SKIP LOCKED`;

export const PURGED_AT_ONCE = 1000;

const PURGE = `SELECT executor.purge_executions($1, ${PURGED_AT_ONCE}) AS purged`;

/** Left behind: by an executor that died, or while JetStream was away. The young ones are on their way. */
const LEFT_BEHIND = `
  SELECT id, records::text FROM executor.outbox
  WHERE created_at < now() - interval '5 seconds'
  ORDER BY id LIMIT 50 FOR UPDATE SKIP LOCKED`;

const FORGET = 'DELETE FROM executor.outbox WHERE id = ANY($1::uuid[])';

/**
 * The journal's statements. Those of every execution are named, so that Postgres plans them once per connection and not
 * once per execution; a batch is a transaction of the organizations in it. Rows of the outbox hold records of several
 * organizations, and belong to none.
 */
@Injectable()
export class JournalQueries {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Writes the rows whose idempotency key is free. @returns the ids of those that were written */
  async claim(rows: readonly ClaimRow[]): Promise<Set<string>> {
    const values = [
      rows.map((row) => row.executionId),
      rows.map((row) => row.orgId),
      rows.map((row) => row.idempotencyKey),
      rows.map((row) => row.fingerprint),
      rows.map((row) => row.record),
      rows.map((row) => Math.round(row.leaseMs)),
    ];
    const claim = { name: 'claim', text: CLAIM, values };
    const result = await this.query<{ execution_id: string }>(orgIdsOf(rows), claim);
    return new Set(result.rows.map((row) => row.execution_id));
  }

  /** Ends the rows that are still started, and puts their records into one outbox row, in one transaction. */
  async finish(rows: readonly FinishRow[], outboxId: string): Promise<OutboxRow | undefined> {
    const values = [
      rows.map((row) => row.executionId),
      rows.map((row) => row.reply),
      rows.map((row) => row.record),
      outboxId,
    ];
    const result = await this.query<OutboxRow>(orgIdsOf(rows), { name: 'finish', text: FINISH, values });
    return result.rows[0];
  }

  async find(orgId: string, idempotencyKey: string): Promise<StoredExecution | undefined> {
    const values = [orgId, idempotencyKey];
    const result = await this.query<StoredExecution>([orgId], { name: 'find', text: FIND, values });
    return result.rows[0];
  }

  async lookUp(orgId: string, executionId: string): Promise<JournaledExecution | undefined> {
    const values = [orgId, executionId];
    const lookUp = { name: 'look up', text: LOOK_UP, values };
    const result = await this.query<JournaledExecution>([orgId], lookUp);
    return result.rows[0];
  }

  async record(row: OutboxRow): Promise<void> {
    await this.query([], { name: 'record', text: RECORD, values: [row.id, row.records] });
  }

  async forget(ids: readonly string[]): Promise<void> {
    await this.query([], { name: 'forget', text: FORGET, values: [ids] });
  }

  /** Hands each row that was left behind to `publish`, and deletes those it resolves for. @returns how many */
  async sweep(publish: (row: OutboxRow) => Promise<void>): Promise<number> {
    return this.dataSource.transaction(async (transaction) => {
      const rows = await transaction.query<OutboxRow[]>(LEFT_BEHIND);
      const published: string[] = [];
      try {
        for (const row of rows) {
          await publish(row);
          published.push(row.id);
        }
      } finally {
        if (published.length > 0) await transaction.query(FORGET, [published]);
      }
      return published.length;
    });
  }

  /** Ends every execution whose lease ran out, with what `end` makes of its record. @returns how many */
  async reap(
    end: (executionId: string, record: Record<string, unknown>) => FinishRow,
    outboxId: string,
  ): Promise<OutboxRow | undefined> {
    return acrossOrganizations(this.dataSource, 'leases that ran out', async (transaction) => {
      const expired = await transaction.query<Pick<JournaledExecution, 'executionId' | 'record'>[]>(EXPIRED);
      if (expired.length === 0) return undefined;
      const rows = expired.map(({ executionId, record }) => end(executionId, record));
      const values = [
        rows.map((row) => row.executionId),
        rows.map((row) => row.reply),
        rows.map((row) => row.record),
      ];
      const [outboxRow] = await transaction.query<OutboxRow[]>(FINISH, [...values, outboxId]);
      return outboxRow;
    });
  }

  /** Deletes a batch of what nobody will ask for again. @returns how many */
  async purge(olderThanHours: number): Promise<number> {
    const [{ purged }] = await this.dataSource.query<[{ purged: number }]>(PURGE, [olderThanHours]);
    return purged;
  }

  private query<Row extends object>(orgIds: readonly string[], statement: Statement) {
    return queryForOrganizations<Row>(this.dataSource, orgIds, statement);
  }
}

function orgIdsOf(rows: readonly { readonly orgId: string }[]): string[] {
  return rows.map(({ orgId }) => orgId);
}
