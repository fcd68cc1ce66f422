import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Executors have no right to delete executions: only this function does, those that ended long ago. */
export class PurgeByFunction1795320200000 implements MigrationInterface {
  readonly name = 'PurgeByFunction1795320200000';

  async up(runner: QueryRunner): Promise<void> {
    // With the rights of the owner, for every organization. Ids are UUIDv7, so the primary key finds the old ones.
    await runner.query(`
      CREATE FUNCTION executor.purge_executions(older_than_hours integer, at_most integer) RETURNS integer
      LANGUAGE plpgsql SECURITY DEFINER
      SET search_path = pg_catalog, pg_temp
      AS $$
      DECLARE
        purged integer;
        organizations text := coalesce(current_setting('patchbay.organizations', true), '');
        milliseconds bigint := extract(epoch FROM now() - make_interval(hours => older_than_hours)) * 1000;
        first_kept uuid := rpad(lpad(to_hex(milliseconds), 12, '0'), 32, '0');
      BEGIN
        IF older_than_hours IS NULL OR older_than_hours < 1 THEN
          RAISE EXCEPTION 'executions are kept for an hour at least' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        PERFORM set_config('patchbay.organizations', 'all', true); -- a SET of the function takes a superuser
        DELETE FROM executor.executions WHERE execution_id IN (
          SELECT execution_id FROM executor.executions
           WHERE execution_id < first_kept AND state = 'finished'
           ORDER BY execution_id LIMIT at_most);
        GET DIAGNOSTICS purged = ROW_COUNT;
        PERFORM set_config('patchbay.organizations', organizations, true);
        RETURN purged;
      END $$`);
    await runner.query('REVOKE ALL ON FUNCTION executor.purge_executions FROM PUBLIC');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION executor.purge_executions');
  }
}
