import { getRotation, listAccesses, type CredentialInput } from '#contracts/vault.contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { KeyFile } from '../../test/key-file.js';
import { RunningVault } from '../../test/running-vault.js';
import { sealSecret } from '../crypto/envelope.js';
import { Keyring } from '../crypto/keyring.js';

const ORIGIN = 'https://api.example.com';
const bearer = (token: string): CredentialInput => ({ type: 'bearer', name: 'x', origins: [ORIGIN], token });

describe('a rotation', () => {
  let vault: RunningVault;
  let file: KeyFile;
  const orgId = randomUUID();

  beforeEach(async () => {
    vault = await RunningVault.start();
    file = await KeyFile.create();
  });
  afterEach(async () => {
    await vault.stop();
    await file.remove();
  });

  const addInstance = () => vault.addInstance({ VAULT_KEYS_FILE: file.path });
  const enter = async (token: string, of: string = orgId) => (await vault.create(of, bearer(token))).id;
  const open = (id: string, of: string = orgId) => vault.open(of, id, ORIGIN);
  const states = async () => {
    const rows = await vault.query('SELECT id, state FROM vault.key_versions ORDER BY created_at');
    return rows.map(({ id, state }) => `${id as string} ${state as string}`);
  };
  const rowsOf = async (table: string) => vault.query(`SELECT to_jsonb(t) AS row FROM vault.${table} t`);
  const restore = async (table: string, rows: Record<string, unknown>[]) => {
    await vault.query(`DELETE FROM vault.${table}`);
    for (const { row } of rows) {
      await vault.query(
        `INSERT INTO vault.${table} SELECT * FROM jsonb_populate_record(NULL::vault.${table}, $1)`,
        [row],
      );
    }
  };

  it('twenty times while two vaults are in full use fails no request, and leaves nothing under old keys', async () => {
    await addInstance();
    await addInstance();
    const orgs = Array.from({ length: 5 }, () => randomUUID());
    const ids = new Map<string, string>();
    const tokens = new Map<string, string>();
    for (let count = 0; count < 50; count += 1) {
      const of = orgs[count % orgs.length]!;
      const id = await enter(`token ${count}`, of);
      ids.set(id, of);
      tokens.set(id, `token ${count}`);
    }
    const failures: unknown[] = [];
    let requests = 0;
    let isOver = false;
    const reader = async () => {
      while (!isOver) {
        for (const [id, of] of ids) {
          await open(id, of).catch((error: unknown) => failures.push(error));
          requests += 1;
        }
      }
    };
    const writer = async () => {
      for (let count = 0; !isOver; count += 1) {
        const of = orgs[count % orgs.length]!;
        const own = randomUUID(); // an organization that has no key yet
        try {
          const { id } = await vault.create(count % 2 ? of : own, bearer(`new ${count}`));
          await vault.replace(count % 2 ? of : own, id, { ...bearer(''), token: { keep: true } });
          expect(await open(id, count % 2 ? of : own)).toMatchObject({ token: `new ${count}` });
        } catch (error) {
          failures.push(error);
        }
        requests += 3;
      }
    };
    const load = [reader(), reader(), reader(), writer()];

    for (let count = 0; count < 20; count += 1) {
      const toKey = await file.add();
      expect(await vault.rotate()).toMatchObject({ state: 'finished', toKey, remaining: 0 });
    }
    isOver = true;
    await Promise.all(load);

    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(200);
    expect(await states()).toEqual([
      ...Array.from({ length: 20 }, (_, count) => `k${count} retired`),
      'k20 current',
    ]);
    expect(await vault.query('SELECT DISTINCT key_version FROM vault.organization_keys')).toEqual([
      { key_version: 'k20' },
    ]);
    for (const [id, of] of ids) expect(await open(id, of)).toMatchObject({ token: tokens.get(id) });
  }, 120_000);

  it('makes what was saved before it unreadable, whoever still has the old key', async () => {
    await addInstance();
    const id = await enter('abc');
    const saved = await rowsOf('credentials');
    const savedKeys = await rowsOf('organization_keys');
    const newKey = await file.add();
    await vault.rotate(newKey);
    const rotated = await rowsOf('credentials');
    expect(await open(id)).toMatchObject({ token: 'abc' });

    await restore('credentials', saved);
    await expect(open(id)).rejects.toMatchObject({ code: 'credential_unreadable' });

    const newKeys = await rowsOf('organization_keys');
    await restore('organization_keys', savedKeys);
    await expect(open(id)).rejects.toMatchObject({ code: 'credential_unreadable' });
    expect(vault.log.join('\n')).toContain('key `k0` is retired');

    await restore('organization_keys', newKeys);
    await restore('credentials', rotated);
    expect(await open(id)).toMatchObject({ token: 'abc' });
  });

  it('changes nothing of a credential but its envelopes, all of them', async () => {
    await addInstance();
    const entered: CredentialInput = {
      ...{ type: 'headers', name: 'x', origins: [ORIGIN] },
      headers: [
        { name: 'X-A', value: 'the first secret' },
        { name: 'X-B', value: 'the second one is longer' },
      ],
    };
    const { id } = await vault.create(orgId, entered);
    const rest = `SELECT content #- '{headers,0,value,sealed}' #- '{headers,1,value,sealed}' AS shown,
      version, updated_at, origins FROM vault.credentials`;
    const parts = `SELECT content #>> '{headers,0,value,sealed}' AS a, content #>> '{headers,1,value,sealed}' AS b
      FROM vault.credentials`;
    const before = await vault.query(rest);
    const [sealedBefore] = await vault.query(parts);
    await file.add();
    await vault.rotate();

    expect(await vault.query(rest)).toEqual(before);
    const [sealedAfter] = await vault.query(parts);
    const pieces = (row: Record<string, unknown> | undefined) =>
      Object.values(row ?? {}).flatMap((sealed) => (sealed as string).split('.').slice(1));
    expect(pieces(sealedAfter).filter((piece) => pieces(sealedBefore).includes(piece))).toEqual([]);
    expect(await open(id)).toMatchObject({ headers: entered.headers });
  });

  it('waits, sealing nothing under the new key, until every vault has it', async () => {
    await file.add();
    await addInstance();
    const stopOther = await vault.addInstance(file.keys[1]);
    await enter('before');
    const added = await file.add();
    const started = await startAtTheOneThatKnows(added);

    const waiting = await vault.rotationWhen(({ waitingFor }) => waitingFor === 1);
    await enter('meanwhile');
    expect(waiting).toMatchObject({ id: started.id, state: 'introducing', fromKey: 'k1', toKey: added });
    expect(await vault.query('SELECT DISTINCT key_version AS v FROM vault.organization_keys')).toEqual([
      { v: 'k1' },
    ]);

    await stopOther();
    await vault.addInstance(`${file.keys[1]!},${file.keys[2]!}`);
    expect(await vault.rotationWhen(({ state }) => state === 'finished')).toMatchObject({ remaining: 0 });
    expect(await states()).toEqual(['k1 retired', 'k2 current']);
  });

  /** Requests are shared: the vault that lacks the key refuses to begin. */
  async function startAtTheOneThatKnows(keyId: string) {
    for (;;) {
      const started = await vault.startRotation(keyId).catch((error: unknown) => String(error));
      if (typeof started !== 'string') return started;
      expect(started).toContain(`has no key \`${keyId}\``);
    }
  }

  it('is refused to a key that is in use or was, to one that nobody has, and beside another', async () => {
    await addInstance();
    await expect(vault.startRotation()).rejects.toThrow('There is no new key');
    await expect(vault.startRotation('k0')).rejects.toThrow('Key `k0` is, or was, in use');
    await expect(vault.startRotation('k9')).rejects.toThrow('This vault has no key `k9`');
    await expect(vault.ask(getRotation, {})).rejects.toMatchObject({ code: 'not_found' });
    await file.add();
    await vault.rotate();
    await expect(vault.startRotation('k0')).rejects.toThrow('Key `k0` is, or was, in use');
    await file.add();
    await vault.query(`INSERT INTO vault.instances VALUES ($1, '{}', now() + interval '1 hour')`, [
      randomUUID(),
    ]);
    await vault.startRotation();
    await file.add();

    await expect(vault.startRotation()).rejects.toThrow('A rotation is under way');
  });

  it('is on record with every credential that it moves', async () => {
    await addInstance();
    const id = await enter('abc');
    await file.add();
    await vault.rotate();

    const { items } = await vault.ask(listAccesses, { orgId, credentialId: id });
    expect(items).toMatchObject([
      { action: 'rotate', result: 'ok', actor: { type: 'service', id: 'vault' }, keyId: expect.any(String) },
      { action: 'create', result: 'ok' },
    ]);
    expect(items[0]?.keyId).not.toBe(items[1]?.keyId);
  });

  it('is not held up by what does not open any more, and notes it', async () => {
    await addInstance();
    const [good, bad] = [await enter('good'), await enter('bad')];
    await vault.query(
      `UPDATE vault.credentials SET content = jsonb_set(content, '{token,sealed}', '"v1.x"') WHERE id = $1`,
      [bad],
    );
    await file.add();
    await vault.rotate();

    expect(await open(good)).toMatchObject({ token: 'good' });
    await expect(open(bad)).rejects.toMatchObject({ code: 'credential_unreadable' });
    const { items } = await vault.ask(listAccesses, { orgId, credentialId: bad, limit: 2 });
    expect(items.find(({ action }) => action === 'rotate')).toMatchObject({
      result: 'credential_unreadable',
    });
  });

  it('takes along what older vaults sealed under the key itself', async () => {
    await addInstance();
    const id = randomUUID();
    const terms = JSON.stringify([[ORIGIN], { type: 'bearer', token: null }]);
    const owner = { orgId, credentialId: id, version: 1, field: 'token', terms };
    const sealed = sealSecret(Buffer.from('from before'), Keyring.parse(file.keys[0]!).current, owner);
    const content = { type: 'bearer', token: { sealed, masked: '••••' } };
    await vault.query(`INSERT INTO vault.credentials VALUES ($1, $2, 'x', $3, $4, 1, now(), now())`, [
      ...[orgId, id, [ORIGIN], content],
    ]);
    const saved = await rowsOf('credentials');
    expect(await open(id)).toMatchObject({ token: 'from before' });
    await file.add();

    expect(await vault.rotate()).toMatchObject({ total: 1 });
    expect(await open(id)).toMatchObject({ token: 'from before' });
    await restore('credentials', saved);
    await expect(open(id)).rejects.toMatchObject({ code: 'credential_unreadable' });
  });
});

describe('a vault', () => {
  let vault: RunningVault;
  const [first, second] = [0, 1].map((count) => `k${count}:${randomBytes(32).toString('base64')}`) as [
    string,
    string,
  ];
  beforeAll(async () => {
    vault = await RunningVault.start();
    await (
      await vault.addInstance(first)
    )();
  });
  afterAll(() => vault.stop());

  it.each([
    ['lacks a key in use', second],
    ['has another key of its name', `k0:${randomBytes(32).toString('base64')}`],
  ])('that %s does not start, and names the key, not its bytes', async (_what, keys) => {
    const refusal = await vault.addInstance(keys).catch((error: unknown) => error as Error);

    expect(refusal).toBeInstanceOf(Error);
    expect((refusal as Error).message).toContain(
      "The vault's key `k0`, which is in use, is missing, or not the key",
    );
    expect(JSON.stringify(refusal) + (refusal as Error).stack!).not.toContain(keys.split(':')[1]!);
  });

  it('starts with more keys than are in use, and goes on with the one that is', async () => {
    await vault.addInstance(`${first},${second}`);

    await vault.create(randomUUID(), bearer('abc'));
    expect(await vault.query('SELECT key_version AS v FROM vault.organization_keys')).toEqual([{ v: 'k0' }]);
  });
});
