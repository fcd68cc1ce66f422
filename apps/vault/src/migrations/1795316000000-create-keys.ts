import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateKeys1795316000000 implements MigrationInterface {
  readonly name = 'CreateKeys1795316000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE "vault"."key_versions" (
        "id"         text           NOT NULL,
        "state"      text           NOT NULL,
        "canary"     text           NOT NULL,
        "created_at" timestamptz(3) NOT NULL,
        CONSTRAINT "key_versions_state_check" CHECK (state IN ('introduced', 'current', 'retiring', 'retired')),
        CONSTRAINT "key_versions_pkey" PRIMARY KEY ("id")
      )
    `);
    await runner.query(`
      CREATE UNIQUE INDEX "key_versions_one_current" ON "vault"."key_versions" ("state") WHERE state = 'current'
    `);
    await runner.query(`
      CREATE TABLE "vault"."organization_keys" (
        "org_id"      uuid    NOT NULL,
        "id"          text    NOT NULL,
        "key_version" text    NOT NULL,
        "wrapped"     text    NOT NULL,
        "is_current"  boolean NOT NULL,
        CONSTRAINT "organization_keys_pkey" PRIMARY KEY ("org_id", "id")
      )
    `);
    await runner.query(`
      CREATE UNIQUE INDEX "organization_keys_one_current" ON "vault"."organization_keys" ("org_id") WHERE is_current
    `);
    await runner.query(`
      CREATE INDEX "organization_keys_by_version" ON "vault"."organization_keys" ("key_version")
    `);
    await runner.query(`
      CREATE TABLE "vault"."instances" (
        "id"           uuid           NOT NULL,
        "key_versions" text[]         NOT NULL,
        "seen_at"      timestamptz(3) NOT NULL,
        CONSTRAINT "instances_pkey" PRIMARY KEY ("id")
      )
    `);
    await runner.query(`
      CREATE TABLE "vault"."rotations" (
        "id"          uuid           NOT NULL,
        "state"       text           NOT NULL,
        "is_open"     boolean        NOT NULL,
        "from_key"    text           NOT NULL,
        "to_key"      text           NOT NULL,
        "total"       integer        NOT NULL,
        "started_at"  timestamptz(3) NOT NULL,
        "finished_at" timestamptz(3),
        CONSTRAINT "rotations_state_check" CHECK (state IN ('introducing', 'rewrapping', 'finished')),
        CONSTRAINT "rotations_pkey" PRIMARY KEY ("id")
      )
    `);
    await runner.query(`
      CREATE UNIQUE INDEX "rotations_one_open" ON "vault"."rotations" ("is_open") WHERE is_open
    `);
    // Absent in what was sealed before organizations had keys: under a key of the operator's own.
    await runner.query(`ALTER TABLE "vault"."credentials" ADD COLUMN "key_id" text`);
    await runner.query(`CREATE INDEX "credentials_by_key" ON "vault"."credentials" ("org_id", "key_id")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    // What is sealed under an organization's key could not be opened any more.
    await runner.query(`DELETE FROM "vault"."credentials" WHERE "key_id" IS NOT NULL`);
    await runner.query(`DROP INDEX "vault"."credentials_by_key"`);
    await runner.query(`ALTER TABLE "vault"."credentials" DROP COLUMN "key_id"`);
    for (const table of ['rotations', 'instances', 'organization_keys', 'key_versions']) {
      await runner.query(`DROP TABLE "vault"."${table}"`);
    }
  }
}
