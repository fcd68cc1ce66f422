import { credentialChanged, listCredentials, shredOrganization } from '#contracts/vault.contract';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { KeyFile } from '../../test/key-file.js';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';
const bearer = { type: 'bearer', name: 'x', origins: [ORIGIN], token: 'sk_live' };

describe('an organization that is shredded', () => {
  let vault: RunningVault;
  let file: KeyFile;
  const orgId = randomUUID();
  const other = randomUUID();
  let ids: string[] = [];
  let saved: unknown[];
  let savedKeys: unknown[];

  const dump = async (table: string) => {
    const rows = await vault.query(`SELECT to_jsonb(t) AS row FROM vault.${table} t WHERE org_id = $1`, [
      orgId,
    ]);
    return rows.map(({ row }) => row);
  };
  const restore = async (table: string, rows: unknown[]) => {
    for (const row of rows) {
      const one = `SELECT * FROM jsonb_populate_record(NULL::vault.${table}, $1)`;
      await vault.query(`INSERT INTO vault.${table} ${one} ON CONFLICT DO NOTHING`, [row]);
    }
  };
  const open = (id: string) => vault.open(orgId, id, ORIGIN);

  beforeAll(async () => {
    vault = await RunningVault.start();
    file = await KeyFile.create();
    await vault.addInstance({ VAULT_KEYS_FILE: file.path });
    await vault.addInstance({ VAULT_KEYS_FILE: file.path });
    for (let count = 0; count < 3; count += 1) ids.push((await vault.create(orgId, bearer)).id);
    // Every vault has the key in its memory.
    await Promise.all(Array.from({ length: 50 }, (_, count) => open(ids[count % 3]!)));
    saved = await dump('credentials');
    savedKeys = await dump('organization_keys');
  });
  afterAll(async () => {
    await vault.stop();
    await file.remove();
  });

  it('has no credential and no key any more, executors are told, and another keeps its own', async () => {
    const theirs = (await vault.create(other, bearer)).id;
    const heard: unknown[] = [];
    const subscription = vault.link.connection.subscribe(credentialChanged.subject, {
      callback: (_error, message) => void heard.push(message.json()),
    });
    await vault.link.connection.flush();

    expect(await vault.ask(shredOrganization, { orgId: orgId.toUpperCase() })).toEqual({
      keys: 1,
      credentials: 3,
    });
    await vault.link.connection.flush();
    subscription.unsubscribe();

    expect(heard).toHaveLength(3);
    expect(heard).toEqual(expect.arrayContaining(ids.map((credentialId) => ({ orgId, credentialId }))));
    expect(await vault.ask(listCredentials, { orgId })).toEqual({ items: [] });
    expect(await dump('organization_keys')).toEqual([]);
    for (const id of ids) await expect(open(id)).rejects.toMatchObject({ code: 'credential_not_found' });
    expect(await vault.open(other, theirs, ORIGIN)).toMatchObject({ token: 'sk_live' });
    expect(
      await vault.query(
        `SELECT actor_type, count(*)::int FROM vault.accesses WHERE org_id = $1 AND action = 'shred' GROUP BY 1`,
        [orgId],
      ),
    ).toEqual([{ actor_type: 'operator', count: 4 }]);
  });

  it('stays unreadable when its credentials are put back, though the keys that wrap keys are all there', async () => {
    await restore('credentials', saved);

    for (let count = 0; count < 10; count += 1) {
      for (const id of ids) await expect(open(id)).rejects.toMatchObject({ code: 'credential_unreadable' });
    }
  });

  it('can enter new credentials, under a new key; the old ones stay unreadable', async () => {
    ids = [...ids, (await vault.create(orgId, bearer)).id];

    expect(await open(ids[3]!)).toMatchObject({ token: 'sk_live' });
    await expect(open(ids[0]!)).rejects.toMatchObject({ code: 'credential_unreadable' });
  });

  it('stays unreadable when its wrapped keys are put back too, from the next rotation on', async () => {
    await vault.ask(shredOrganization, { orgId });
    await file.add();
    await vault.rotate();
    await restore('credentials', saved);
    await restore('organization_keys', savedKeys);

    for (const row of saved as { id: string }[]) {
      await expect(open(row.id)).rejects.toMatchObject({ code: 'credential_unreadable' });
    }
    expect(vault.log.join('\n')).toContain('key `k0` is retired');
  });
});
