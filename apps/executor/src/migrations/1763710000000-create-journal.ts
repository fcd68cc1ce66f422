import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateJournal1763710000000 implements MigrationInterface {
  name = 'CreateJournal1763710000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE executor.executions (
        execution_id uuid PRIMARY KEY,
        org_id uuid NOT NULL,
        idempotency_key text NOT NULL,
        fingerprint text NOT NULL,
        state text NOT NULL,
        record json NOT NULL,
        lease_until timestamptz NOT NULL,
        reply json,
        finished_at timestamptz
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX executions_idempotency ON executor.executions (org_id, idempotency_key)',
    );
    await runner.query(
      `CREATE INDEX executions_open_leases ON executor.executions (lease_until) WHERE state = 'started'`,
    );
    await runner.query(
      `CREATE INDEX executions_finished ON executor.executions (finished_at) WHERE state = 'finished'`,
    );
    await runner.query(`
      CREATE TABLE executor.outbox (
        id uuid PRIMARY KEY,
        records json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE executor.outbox');
    await runner.query('DROP TABLE executor.executions');
  }
}
