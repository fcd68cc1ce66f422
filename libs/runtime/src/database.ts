/** What `pg` and TypeORM call `extra`: the limits without which a pool waits for ever. */
export function poolOptions(service: string, pool: number) {
  return {
    application_name: `patchbay-${service}`,
    max: pool,
    connectionTimeoutMillis: 2000, // the default waits for ever for a free connection
    statement_timeout: 5000,
    query_timeout: 6000, // a server that has gone silent never times out by itself
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
  };
}
