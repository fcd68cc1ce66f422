import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateApiKeys1763800000000 implements MigrationInterface {
  name = 'CreateApiKeys1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE gateway.organizations (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE gateway.api_keys (
        id uuid PRIMARY KEY,
        org_id uuid NOT NULL REFERENCES gateway.organizations (id),
        name text NOT NULL,
        role text NOT NULL CHECK (role IN ('admin', 'editor', 'viewer', 'executor')),
        digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        last_used_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX api_keys_by_organization ON gateway.api_keys (org_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.api_keys');
    await runner.query('DROP TABLE gateway.organizations');
  }
}
