import pg from 'pg';

/** One SQL statement; a named one is planned once per connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values: unknown[];
}

/** What is used here of a connection's protocol messages; `pg` has no types for it. */
interface Messages {
  readonly parsedStatements: Readonly<Record<string, string>>;
  bind(message: { statement: string; values: unknown[]; valueMapper: (value: unknown) => unknown }): void;
  execute(message: { portal: string; rows: number }): void;
}

type Answered = (error: Error | undefined, result: pg.QueryResult) => void;

interface QueryOfPg {
  prepare(connection: Messages): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Messages): void;
}
const Query = pg.Query as unknown as new (statement: object, values: undefined, done: Answered) => QueryOfPg;

/**
 * Two statements in one message to Postgres and, since both come before its `Sync`, in one transaction, without `BEGIN` and
 * `COMMIT`: half of what those cost. What the first one answers is passed over. It has to be prepared on the connection.
 */
class PrecededQuery extends Query {
  private isFirstOver = false;

  constructor(
    private readonly first: Statement & { readonly name: string },
    statement: Statement,
    done: Answered,
  ) {
    super({ ...statement, queryMode: 'extended' }, undefined, done);
  }

  override prepare(connection: Messages): void {
    const { name, values } = this.first;
    connection.bind({ statement: name, values, valueMapper: (value) => value });
    connection.execute({ portal: '', rows: 0 });
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.isFirstOver) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Messages): void {
    if (this.isFirstOver) super.handleCommandComplete(message, connection);
    this.isFirstOver = true;
  }
}

/** Runs a statement in a transaction that begins with another: one round trip. */
export async function queryPreceded<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  first: Statement & { readonly name: string },
  statement: Statement,
): Promise<pg.QueryResult<Row>> {
  const client = await pool.connect();
  const { connection } = client as unknown as { connection: Messages };
  // Connections are pipelined: nothing waits for this, either.
  if (connection.parsedStatements[first.name] === undefined) client.query(first).catch(() => undefined);
  return new Promise((resolve, reject) => {
    const query = new PrecededQuery(first, statement, (error, result) => {
      client.release(error && !('code' in error) ? error : undefined); // not Postgres' own: who knows what comes yet
      if (error) reject(error);
      else resolve(result as pg.QueryResult<Row>);
    });
    client.query(query as unknown as pg.Submittable);
  });
}
