import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTokens1795317000000 implements MigrationInterface {
  readonly name = 'CreateTokens1795317000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "vault"."tokens" (
        "org_id"             uuid        NOT NULL,
        "credential_id"      uuid        NOT NULL,
        "credential_version" integer     NOT NULL,
        "version"            integer     NOT NULL,
        "sealed"             text,
        "expires_at"         timestamptz,
        "refresh_at"         timestamptz,
        "forced_at"          timestamptz,
        "state"              text        NOT NULL,
        "last_error"         text,
        "last_error_at"      timestamptz,
        "failures"           integer     NOT NULL,
        "retry_at"           timestamptz,
        "lease_id"           uuid,
        "lease_until"        timestamptz,
        CONSTRAINT "tokens_pkey" PRIMARY KEY ("org_id", "credential_id")
      )
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "vault"."tokens"');
  }
}
