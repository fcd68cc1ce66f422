import {
  deleteCredential,
  listAccesses,
  openCredential,
  type Access,
  type Actor,
} from '#contracts/vault.contract';
import { SessionKeyPair } from '#sealing/session-key';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';
const bearer = { type: 'bearer', name: 'CRM', origins: [ORIGIN], token: 'sk_live_canary' };

describe('the record of accesses', () => {
  let vault: RunningVault;
  const orgId = randomUUID();
  const actor: Actor = { type: 'api_key', id: randomUUID() };
  const executor: Actor = { type: 'service', id: 'executor' };
  const gateway: Actor = { type: 'service', id: 'gateway' };

  beforeAll(async () => {
    vault = await RunningVault.start();
    await vault.addInstance();
    await vault.addInstance();
  });
  afterAll(() => vault.stop());

  const create = async () => (await vault.create(orgId, bearer)).id;
  const accessesOf = async (credentialId: string, of = orgId): Promise<Access[]> =>
    (await vault.ask(listAccesses, { orgId: of, credentialId })).items;
  const actionsOf = async (credentialId: string) =>
    (await accessesOf(credentialId)).map(({ action, result }) => [action, result]);

  it('says which execution a credential was opened for, where it was to go, and under which key it was', async () => {
    const credentialId = await create();
    const purpose = { executionId: randomUUID(), toolKey: 'get_order', callId: randomUUID() };
    await vault.ask(openCredential, { ...vault.opening(orgId, credentialId, `${ORIGIN}:443/`), purpose });

    const [opened] = await accessesOf(credentialId);

    expect(opened).toEqual({
      ...{ id: expect.any(String), at: expect.any(String), action: 'open', result: 'ok', actor: executor },
      ...{ credentialId, credentialVersion: 1, keyId: expect.any(String), origin: ORIGIN, ...purpose },
    });
  });

  it('has every change, newest first, with the API key that made it, and outlives the credential', async () => {
    const { id: credentialId } = await vault.create(orgId, bearer, actor);
    await vault.replace(orgId, credentialId, { ...bearer, token: { keep: true } });
    await vault.open(orgId, credentialId, ORIGIN);
    await vault.ask(deleteCredential, { orgId, credentialId, actor });

    const accesses = await accessesOf(credentialId);

    const seen = accesses.map(({ action, result, actor, credentialVersion }) => ({
      ...{ action, result, actor, credentialVersion },
    }));
    expect(seen).toEqual([
      { action: 'delete', result: 'ok', actor, credentialVersion: 2 },
      { action: 'open', result: 'ok', actor: executor, credentialVersion: 2 },
      { action: 'replace', result: 'ok', actor: gateway, credentialVersion: 2 },
      { action: 'create', result: 'ok', actor, credentialVersion: 1 },
    ]);
  });

  it('has every attempt that failed', async () => {
    const credentialId = await create();
    const refused = { deny: true };
    const outsider = SessionKeyPair.create(randomBytes(32)).session;
    const attempts: [string, string, () => Promise<unknown>][] = [
      ['open', 'credential_origin_mismatch', () => vault.open(orgId, credentialId, 'https://evil.example')],
      [
        'open',
        'forbidden',
        () => vault.ask(openCredential, { ...vault.opening(orgId, credentialId, ORIGIN), session: outsider }),
      ],
      ['open', 'invalid_request', () => vault.open(orgId, credentialId, 'https://u:canary@x.example')],
      ['replace', 'precondition_failed', () => vault.replace(orgId, credentialId, bearer, 9)],
      ['replace', 'invalid_request', () => vault.replace(orgId, credentialId, refused)],
      [
        'delete',
        'precondition_failed',
        () => vault.ask(deleteCredential, { orgId, credentialId, ifVersion: 9 }),
      ],
    ];
    for (const [, code, attempt] of attempts) await expect(attempt()).rejects.toMatchObject({ code });

    const expected = attempts.map(([action, code]) => [action, code]).reverse();
    expect(await actionsOf(credentialId)).toEqual([...expected, ['create', 'ok']]);
    expect(JSON.stringify(await accessesOf(credentialId))).not.toContain('canary');
  });

  it('has attempts on what is not there, or is somebody else’s, in the organization that made them', async () => {
    const credentialId = await create();
    const [nowhere, stranger] = [randomUUID(), randomUUID()];
    for (const [of, id] of [
      [orgId, nowhere],
      [stranger, credentialId],
    ] as const) {
      await expect(vault.open(of, id, ORIGIN)).rejects.toMatchObject({ code: 'credential_not_found' });
    }

    expect(await actionsOf(nowhere)).toEqual([['open', 'credential_not_found']]);
    expect(await actionsOf(credentialId)).toEqual([['create', 'ok']]);
    expect(await accessesOf(credentialId, stranger)).toMatchObject([{ result: 'credential_not_found' }]);
  });

  it('has what could not be entered', async () => {
    const own = randomUUID();
    await expect(vault.create(own, { ...bearer, origins: ['x'] })).rejects.toMatchObject({
      code: 'invalid_request',
    });

    expect(
      await vault.query('SELECT action, result, credential_id FROM vault.accesses WHERE org_id = $1', [own]),
    ).toEqual([{ action: 'create', result: 'invalid_request', credential_id: null }]);
  });

  it('is read page by page, each access once', async () => {
    const credentialId = await create();
    for (let count = 0; count < 4; count += 1) await vault.open(orgId, credentialId, ORIGIN);

    const pages: number[] = [];
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await vault.ask(listAccesses, {
        orgId,
        credentialId,
        limit: 2,
        ...(cursor && { cursor }),
      });
      pages.push(page.items.length);
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);

    expect(pages).toEqual([2, 2, 1]);
    expect(new Set(ids).size).toBe(5);
    expect(ids).toEqual((await accessesOf(credentialId)).map(({ id }) => id));
  });

  it.each([
    "UPDATE vault.accesses SET result = 'ok'",
    'UPDATE vault.accesses SET at = now() WHERE false',
    'DELETE FROM vault.accesses',
    'DELETE FROM vault.accesses WHERE false',
    'TRUNCATE vault.accesses',
  ])('is append-only, whoever asks: %s is refused', async (statement) => {
    await create();
    const before = await vault.query('SELECT * FROM vault.accesses ORDER BY id');

    await expect(vault.query(statement)).rejects.toThrow('vault.accesses is append-only');
    expect(await vault.query('SELECT * FROM vault.accesses ORDER BY id')).toEqual(before);
  });

  it('is written before a secret is handed out: without it, nothing is opened, changed or deleted', async () => {
    const credentialId = await create();
    await vault.query('ALTER TABLE vault.accesses RENAME TO elsewhere');
    const attempts = await Promise.allSettled([
      vault.open(orgId, credentialId, ORIGIN),
      vault.replace(orgId, credentialId, bearer),
      vault.ask(deleteCredential, { orgId, credentialId }),
      vault.create(orgId, bearer),
    ]);
    await vault.query('ALTER TABLE vault.elsewhere RENAME TO accesses');

    expect(attempts).toEqual(
      attempts.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'internal' }) })),
    );
    expect(await vault.open(orgId, credentialId, ORIGIN)).toEqual({
      type: 'bearer',
      token: 'sk_live_canary',
    });
    expect(await actionsOf(credentialId)).toEqual([
      ['open', 'ok'],
      ['create', 'ok'],
    ]);
  });
});
