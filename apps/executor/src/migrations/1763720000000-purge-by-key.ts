import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Old executions are found by their ids, which are in order of time: one index less to keep for every write. */
export class PurgeByKey1763720000000 implements MigrationInterface {
  name = 'PurgeByKey1763720000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX executor.executions_finished');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX executions_finished ON executor.executions (finished_at) WHERE state = 'finished'`,
    );
  }
}
