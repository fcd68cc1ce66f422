import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateCredentials1795228634000 implements MigrationInterface {
  readonly name = 'CreateCredentials1795228634000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "vault"."credentials" (
        "org_id"     uuid        NOT NULL,
        "id"         uuid        NOT NULL,
        "name"       text        NOT NULL,
        "origins"    text[]      NOT NULL,
        "content"    jsonb       NOT NULL,
        "version"    integer     NOT NULL,
        "created_at" timestamptz NOT NULL,
        "updated_at" timestamptz NOT NULL,
        CONSTRAINT "credentials_pkey" PRIMARY KEY ("org_id", "id")
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "vault"."credentials"');
  }
}
