import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateExecutions1763900000000 implements MigrationInterface {
  readonly name = 'CreateExecutions1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.executions (
        execution_id uuid NOT NULL,
        org_id uuid NOT NULL,
        call_id uuid,
        agent_id text,
        tool_key text NOT NULL,
        version integer NOT NULL,
        is_test boolean NOT NULL,
        status text NOT NULL,
        outcome text NOT NULL,
        error_code text,
        error_message text,
        method text,
        host text,
        http_status integer,
        attempts integer NOT NULL,
        started_at timestamptz(3) NOT NULL,
        total_ms double precision NOT NULL,
        upstream_ms double precision,
        trace_id text,
        CONSTRAINT executions_pkey PRIMARY KEY (execution_id)
      )`);
    // Lists go newest first: these are read backwards. Statistics read the first two.
    await runner.query(`
      CREATE INDEX executions_by_time ON audit.executions (org_id, started_at, execution_id)`);
    await runner.query(`
      CREATE INDEX executions_by_tool ON audit.executions (org_id, tool_key, started_at, execution_id)`);
    await runner.query(`
      CREATE INDEX executions_by_call ON audit.executions (org_id, call_id, started_at, execution_id)
        WHERE call_id IS NOT NULL`);
    // What is rare would be searched for through everything else.
    await runner.query(`
      CREATE INDEX executions_not_succeeded ON audit.executions (org_id, status, started_at, execution_id)
        WHERE status <> 'succeeded'`);
    await runner.query(`
      CREATE INDEX executions_tests ON audit.executions (org_id, started_at, execution_id)
        WHERE is_test`);
    // For the purge: rows come in about in the order of time, so a few kilobytes say where the old ones are.
    await runner.query(`
      CREATE INDEX executions_by_age ON audit.executions USING brin (started_at) WITH (autosummarize = on)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.executions');
  }
}
