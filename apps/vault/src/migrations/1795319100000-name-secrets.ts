import type { MigrationInterface, QueryRunner } from 'typeorm';

export class NameSecrets1795319100000 implements MigrationInterface {
  readonly name = 'NameSecrets1795319100000';

  /** On what is sealed with the secret, and no column beside it: whoever edits that has a secret that does not open. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE UNIQUE INDEX "credentials_by_reference" ON "vault"."credentials" ("org_id", ("content"->>'reference'))
        WHERE "content"->>'type' = 'secret'
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "vault"."credentials_by_reference"');
  }
}
