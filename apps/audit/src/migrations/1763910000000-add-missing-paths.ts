import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddMissingPaths1763910000000 implements MigrationInterface {
  readonly name = 'AddMissingPaths1763910000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.executions ADD COLUMN missing_paths text[]');
    // Rare, and looked for with every statistic.
    await runner.query(`
      CREATE INDEX executions_missing_paths ON audit.executions (org_id, started_at)
        WHERE missing_paths IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit.executions_missing_paths');
    await runner.query('ALTER TABLE audit.executions DROP COLUMN missing_paths');
  }
}
