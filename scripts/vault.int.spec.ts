import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { KeyFile } from '../apps/vault/test/key-file.js';
import { RunningVault } from '../apps/vault/test/running-vault.js';

const bearer = { type: 'bearer', name: 'x', origins: ['https://api.example.com'], token: 'abc' };

describe('the vault’s operator', () => {
  let vault: RunningVault;
  let file: KeyFile;
  const orgId = randomUUID();
  const run = (...command: string[]) =>
    promisify(execFile)(process.execPath, ['dist/scripts/vault.js', ...command], {
      env: { NATS_URL: vault.natsUrl },
    }).catch((error: unknown) => error as { stdout: string; stderr: string; code: number });

  beforeAll(async () => {
    vault = await RunningVault.start();
    file = await KeyFile.create();
    await vault.addInstance({ VAULT_KEYS_FILE: file.path });
    await vault.create(orgId, bearer);
  });
  afterAll(async () => {
    await vault.stop();
    await file.remove();
  });

  it('rotates to the key that was added, and is told when the old one can be taken away', async () => {
    expect(await run('rotate')).toMatchObject({ code: 1, stderr: expect.stringContaining('no new key') });
    await file.add();

    const { stdout } = await run('rotate');

    expect(stdout).toContain('from key k0 to k1');
    expect(stdout).toContain('Done: key k0 is retired');
  });

  it('shreds the organization that is named, and no other', async () => {
    expect(await run('shred')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Which organization'),
    });
    expect(await run('shred', 'all')).toMatchObject({ code: 1, stderr: expect.stringContaining('/orgId') });
    expect((await run('shred', randomUUID())).stdout).toContain('Destroyed 0 keys and 0 credentials');

    expect((await run('shred', orgId)).stdout).toContain('Destroyed 1 keys and 1 credentials');
    expect(await vault.query('SELECT * FROM vault.credentials')).toEqual([]);
  });
});
