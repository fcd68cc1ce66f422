import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTools1763700000000 implements MigrationInterface {
  name = 'CreateTools1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE catalog.tools (
        org_id uuid NOT NULL,
        key text NOT NULL,
        status text NOT NULL,
        revision integer NOT NULL,
        definition json NOT NULL,
        published_version integer,
        published_revision integer,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (org_id, key)
      )`);
    await runner.query(`
      CREATE TABLE catalog.tool_versions (
        org_id uuid NOT NULL,
        key text NOT NULL,
        version integer NOT NULL,
        definition json NOT NULL,
        published_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (org_id, key, version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalog.tool_versions');
    await runner.query('DROP TABLE catalog.tools');
  }
}
