import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateConnections1795318000000 implements MigrationInterface {
  readonly name = 'CreateConnections1795318000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE "vault"."tokens"
        ADD "end_user" text NOT NULL DEFAULT '',
        ADD "sealed_refresh" text,
        ADD "connected_at" timestamptz,
        DROP CONSTRAINT "tokens_pkey",
        ADD CONSTRAINT "tokens_pkey" PRIMARY KEY ("org_id", "credential_id", "end_user")
    `);
    await runner.query('ALTER TABLE "vault"."tokens" ALTER "end_user" DROP DEFAULT');
    await runner.query(`
      CREATE TABLE "vault"."authorizations" (
        "id"                 uuid        NOT NULL,
        "org_id"             uuid        NOT NULL,
        "credential_id"      uuid        NOT NULL,
        "credential_version" integer     NOT NULL,
        "end_user"           text        NOT NULL,
        "actor_type"         text        NOT NULL,
        "actor_id"           text        NOT NULL,
        "expires_at"         timestamptz NOT NULL,
        "ticket_hash"        text,
        "state_hash"         text,
        "browser_hash"       text,
        "sealed_verifier"    text,
        "redirect_uri"       text,
        CONSTRAINT "authorizations_pkey" PRIMARY KEY ("id")
      )
    `);
    await runner.query(
      'CREATE UNIQUE INDEX "authorizations_by_ticket" ON "vault"."authorizations" ("ticket_hash")',
    );
    await runner.query(
      'CREATE UNIQUE INDEX "authorizations_by_state" ON "vault"."authorizations" ("state_hash")',
    );
    await runner.query('CREATE INDEX "authorizations_by_end" ON "vault"."authorizations" ("expires_at")');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "vault"."authorizations"');
    await runner.query(`DELETE FROM "vault"."tokens" WHERE "connected_at" IS NOT NULL`);
    await runner.query(`
      ALTER TABLE "vault"."tokens"
        DROP CONSTRAINT "tokens_pkey",
        DROP "end_user", DROP "sealed_refresh", DROP "connected_at",
        ADD CONSTRAINT "tokens_pkey" PRIMARY KEY ("org_id", "credential_id")
    `);
  }
}
