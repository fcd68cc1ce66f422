import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateAccesses1795315000000 implements MigrationInterface {
  readonly name = 'CreateAccesses1795315000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "vault"."accesses" (
        "id"                 uuid           NOT NULL,
        "at"                 timestamptz(3) NOT NULL,
        "action"             text           NOT NULL,
        "result"             text           NOT NULL,
        "actor_type"         text           NOT NULL,
        "actor_id"           text           NOT NULL,
        "org_id"             uuid           NOT NULL,
        "credential_id"      uuid,
        "credential_version" integer,
        "key_id"             text,
        "origin"             text,
        "execution_id"       uuid,
        "tool_key"           text,
        "call_id"            uuid,
        CONSTRAINT "accesses_pkey" PRIMARY KEY ("id")
      )
    `);
    await runner.query(`
      CREATE INDEX "accesses_by_credential" ON "vault"."accesses" ("org_id", "credential_id", "id")
    `);
    // A trigger rather than rights: it binds the table's owner too.
    await runner.query(`
      CREATE FUNCTION "vault"."refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
      END $$
    `);
    await runner.query(`
      CREATE TRIGGER "accesses_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "vault"."accesses"
        FOR EACH STATEMENT EXECUTE FUNCTION "vault"."refuse_change"()
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "vault"."accesses"');
    await runner.query('DROP FUNCTION "vault"."refuse_change"()');
  }
}
