import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever writes records has no right to delete any: only this function does, those that are old. */
export class PurgeByFunction1795320100000 implements MigrationInterface {
  readonly name = 'PurgeByFunction1795320100000';

  async up(runner: QueryRunner): Promise<void> {
    // With the rights of the owner, for every organization. Instances purge side by side: each takes rows the others
    // have not taken.
    await runner.query(`
      CREATE FUNCTION audit.purge_executions(older_than_days integer, at_most integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp
      AS $$
      DECLARE
        purged integer;
        organizations text := coalesce(current_setting('patchbay.organizations', true), '');
      BEGIN
        IF older_than_days IS NULL OR older_than_days < 1 THEN
          RAISE EXCEPTION 'records are kept for a day at least' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM set_config('patchbay.organizations', 'all', true); -- a SET of the function takes a superuser
        WITH old AS (
          SELECT execution_id FROM audit.executions
           WHERE started_at < now() - make_interval(days => older_than_days)
           LIMIT at_most FOR UPDATE SKIP LOCKED)
        DELETE FROM audit.executions USING old WHERE executions.execution_id = old.execution_id;
        GET DIAGNOSTICS purged = ROW_COUNT;
        PERFORM set_config('patchbay.organizations', organizations, true);
        RETURN purged;
      END $$`);
    await runner.query('REVOKE ALL ON FUNCTION audit.purge_executions FROM PUBLIC');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION audit.purge_executions');
  }
}
