import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/** The setting that row-level security reads: UUIDs separated by commas, or ALL. Unset, nobody's rows are seen or written. */
export const ORGANIZATIONS = 'patchbay.organizations';
/** What it says in work across organizations; counts only for what a table's rights name in `across`. */
export const ALL = 'all';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const REASON = /^[a-z -]{3,40}$/;

/** As Postgres says of what is no UUID. */
const INVALID_TEXT = '22P02';

/** One SQL statement; a named one is planned once per connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

type Work<Result> = (manager: EntityManager) => Promise<Result>;

/** A transaction in which only the organization's rows exist. */
export function forOrganization<Result>(
  dataSource: DataSource,
  orgId: string,
  work: Work<Result>,
): Promise<Result> {
  return write(dataSource, only([orgId]), work);
}

/** The same, for reading: Postgres refuses to write in it, and it costs no round trip of its own. */
export function readForOrganization<Result>(
  dataSource: DataSource,
  orgId: string,
  work: Work<Result>,
): Promise<Result> {
  return read(dataSource, only([orgId]), work);
}

/** One statement, in a transaction in which only these organizations' rows exist: one round trip in all. */
export function queryForOrganizations<Row extends QueryResultRow>(
  dataSource: DataSource,
  orgIds: Iterable<string>,
  statement: Statement,
): Promise<QueryResult<Row>> {
  return query<Row>(dataSource, only(orgIds), statement);
}

/**
 * A transaction in which every organization's rows exist, for what the tables' rights name in `across`.
 * @param reason what for, a few words: the connection's `application_name` says so meanwhile
 */
export function acrossOrganizations<Result>(
  dataSource: DataSource,
  reason: string,
  work: Work<Result>,
): Promise<Result> {
  return write(dataSource, all(dataSource, reason), work);
}

/** The same, for reading. */
export function readAcrossOrganizations<Result>(
  dataSource: DataSource,
  reason: string,
  work: Work<Result>,
): Promise<Result> {
  return read(dataSource, all(dataSource, reason), work);
}

/** One statement across organizations, in one round trip. */
export function queryAcrossOrganizations<Row extends QueryResultRow>(
  dataSource: DataSource,
  reason: string,
  statement: Statement,
): Promise<QueryResult<Row>> {
  return query<Row>(dataSource, all(dataSource, reason), statement);
}

/** Goes on as a transaction of the organization in one that was across organizations. */
export async function confineTo(transaction: EntityManager, orgId: string): Promise<void> {
  await transaction.query(only([orgId]));
}

/** The value of the setting for these organizations. @throws Error unless each is a UUID: it becomes part of a statement */
export function settingFor(orgIds: Iterable<string>): string {
  const ids = [...new Set(orgIds)];
  if (ids.every((id) => UUID.test(id))) return ids.join(',');
  throw Object.assign(new Error('An organization must be named by its UUID'), { code: INVALID_TEXT });
}

function only(orgIds: Iterable<string>): string {
  return `SET LOCAL ${ORGANIZATIONS} = '${settingFor(orgIds)}'`;
}

function all({ options }: DataSource, reason: string): string {
  if (!REASON.test(reason)) throw new Error('A reason is a few words in lower case');
  const { applicationName } = options as { applicationName?: string };
  const name = [applicationName, reason].filter(Boolean).join(': ');
  return `SET LOCAL ${ORGANIZATIONS} = '${ALL}'; SET LOCAL application_name = '${name}'`;
}

async function write<Result>(dataSource: DataSource, scope: string, work: Work<Result>): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  try {
    const { begun } = await begin(runner, `BEGIN; ${scope}`);
    const result = await work(runner.manager);
    await begun;
    await runner.commitTransaction();
    return result;
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  } finally {
    await runner.release();
  }
}

/** Nobody waits for the end: whoever has the connection next is served after it. */
async function read<Result>(dataSource: DataSource, scope: string, work: Work<Result>): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  try {
    await begin(runner, `BEGIN READ ONLY; ${scope}`);
    return await work(runner.manager);
  } finally {
    if (runner.isTransactionActive) void sent(await connectionOf(runner), 'COMMIT');
    await runner.release();
  }
}

async function query<Row extends QueryResultRow>(
  dataSource: DataSource,
  scope: string,
  statement: Statement,
): Promise<QueryResult<Row>> {
  const connection = await poolOf(dataSource).connect();
  let broken: Error | undefined;
  try {
    const begun = sent(connection, `BEGIN; ${scope}`);
    const queried = connection.query<Row>(statement);
    const ended = sent(connection, 'COMMIT'); // rolls back when the statement failed
    const result = await queried;
    await begun;
    await ended;
    return result;
  } catch (error) {
    if (!(error as { code?: string }).code) broken = error as Error;
    throw error;
  } finally {
    connection.release(broken);
  }
}

/**
 * Begins without waiting: connections are pipelined (see `postgresOptions`), so the first statement travels with this.
 * Should it fail, there is no setting, and that statement sees and writes nothing.
 */
async function begin(runner: QueryRunner, statements: string): Promise<{ readonly begun: Promise<unknown> }> {
  const begun = sent(await connectionOf(runner), statements);
  // As `startTransaction` leaves them: TypeORM takes locks within a transaction only, and nests by savepoints.
  Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });
  return { begun };
}

/** On its way; its failure is not unhandled when nobody waits for it. */
function sent(connection: PoolClient, statements: string): Promise<unknown> {
  const done = connection.query(statements);
  done.catch(() => undefined);
  return done;
}

function connectionOf(runner: QueryRunner): Promise<PoolClient> {
  return runner.connect() as Promise<PoolClient>;
}

function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as PostgresDriver).master as Pool;
}
