import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateToolEnvironments1764100000000 implements MigrationInterface {
  name = 'CreateToolEnvironments1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE catalog.tool_environments (
        org_id uuid NOT NULL,
        key text NOT NULL,
        name text NOT NULL,
        revision integer NOT NULL,
        version integer,
        base_url text,
        credential_id uuid,
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (org_id, key, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalog.tool_environments');
  }
}
