import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAgentTools1764000000000 implements MigrationInterface {
  name = 'CreateAgentTools1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE catalog.agent_tools (
        org_id uuid NOT NULL,
        agent_id text NOT NULL,
        revision integer NOT NULL,
        bindings json NOT NULL,
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (org_id, agent_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalog.agent_tools');
  }
}
