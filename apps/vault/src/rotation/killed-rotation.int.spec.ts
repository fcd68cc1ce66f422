import { Child } from '#devstack/child-process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import pg from 'pg';
import { KeyFile } from '../../test/key-file.js';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';

describe('a rotation whose vault is killed (kill -9)', () => {
  let vault: RunningVault;
  let file: KeyFile;
  let holder: pg.Client;
  let child: Child;
  const orgId = randomUUID();
  const ids: string[] = [];

  const spawn = async () => {
    const child = new Child('vault', process.execPath, [resolve('dist/apps/vault/src/main.js')], {
      env: {
        DATABASE_URL: vault.serviceUrl,
        NATS_URL: vault.natsUrl,
        VAULT_KEYS_FILE: file.path,
        EXECUTOR_KEY: vault.executorKey.toString('base64'),
        CREDENTIAL_GRANT_KEY: vault.grantKey.toString('base64'),
        VAULT_INTAKE_KEY: vault.intakeKey.toString('base64'),
        OPERATIONS_HOST: '127.0.0.1',
      },
    });
    await child.waitForLine(/"message":"ready/, 30_000);
    return child;
  };

  beforeAll(async () => {
    vault = await RunningVault.start();
    file = await KeyFile.create();
    holder = new pg.Client(vault.databaseUrl);
    await holder.connect();
  });
  afterAll(async () => {
    await child.stop(5000);
    await holder.end();
    await vault.stop();
    await file.remove();
  });

  it('is gone on with by the next one, time and again, and every credential opens', async () => {
    child = await spawn();
    for (let count = 0; count < 300; count += 1) {
      const token = { type: 'bearer', name: 'x', origins: [ORIGIN], token: `token ${count}` };
      ids.push((await vault.create(orgId, token)).id);
    }
    await file.add();
    // One record is held, so that the rotation is not over before its vault is killed.
    await holder.query('BEGIN');
    await holder.query('SELECT FROM vault.credentials WHERE id = $1 FOR UPDATE', [ids[0]]);
    const { id } = await vault.startRotation();

    for (const isEnough of [
      (left: number) => left < 300,
      (left: number) => left <= 150,
      (left: number) => left === 1,
    ]) {
      await vault.rotationWhen(({ remaining }) => isEnough(remaining));
      await child.kill();
      child = await spawn();
      expect(await vault.rotationWhen(() => true)).toMatchObject({ id, state: 'rewrapping', toKey: 'k1' });
    }
    await holder.query('ROLLBACK');

    expect(await vault.rotationWhen(({ state }) => state === 'finished')).toMatchObject({ id, remaining: 0 });
    for (const [count, credentialId] of ids.entries()) {
      expect(await vault.open(orgId, credentialId, ORIGIN)).toMatchObject({ token: `token ${count}` });
    }
    expect(await vault.query('SELECT id, state FROM vault.key_versions ORDER BY id')).toEqual([
      { id: 'k0', state: 'retired' },
      { id: 'k1', state: 'current' },
    ]);
    expect(await vault.query('SELECT key_version FROM vault.organization_keys')).toEqual([
      { key_version: 'k1' },
    ]);
    // Each was moved once: what a batch had not committed was not moved, and what it had is not moved again.
    expect(
      await vault.query(`SELECT count(*)::int AS moves, count(DISTINCT credential_id)::int AS credentials
        FROM vault.accesses WHERE action = 'rotate'`),
    ).toEqual([{ moves: 300, credentials: 300 }]);
  }, 90_000);
});
