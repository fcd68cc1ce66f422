import {
  deleteConnection,
  deleteCredential,
  listConnections,
  openCredential,
  shredOrganization,
} from '#contracts/vault.contract';
import type { OAuthServer } from '#testing/oauth-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Connecting, ORIGIN } from '../../test/connecting.js';
import type { RunningVault } from '../../test/running-vault.js';

describe('connected accounts', () => {
  let us: Connecting;
  let vault: RunningVault;
  let server: OAuthServer;
  let orgId: string;

  beforeAll(async () => {
    us = await Connecting.start();
    ({ vault, server, orgId } = us);
  });
  beforeEach(() => us.reset());
  afterAll(() => us.stop());

  describe('of end users', () => {
    const perUser = { connectedBy: 'end_user' };

    it('are each their own', async () => {
      const { id } = await us.create(perUser);
      for (const user of ['alice', 'bob']) {
        server.account = user;
        await us.connect(id, user);
      }

      for (const user of ['bob', 'alice', 'bob']) {
        expect(server.accountOf((await us.open(id, { endUser: user })).token)).toBe(user);
      }
      const nobody = us.open(id, { endUser: 'carol' });
      await expect(nobody).rejects.toMatchObject({ code: 'authorization_required' });
      expect(await us.list(id)).toEqual([
        {
          endUser: 'alice',
          connectedAt: expect.any(String),
          health: expect.objectContaining({ status: 'active' }),
        },
        {
          endUser: 'bob',
          connectedAt: expect.any(String),
          health: expect.objectContaining({ status: 'active' }),
        },
      ]);
    });

    it('do not open in another’s row', async () => {
      const { id } = await us.create(perUser);
      await us.connect(id, 'alice');
      await us.connect(id, 'bob');
      await vault.query(
        `UPDATE vault.tokens t SET sealed = o.sealed, sealed_refresh = o.sealed_refresh FROM vault.tokens o
         WHERE t.credential_id = $1 AND o.credential_id = $1 AND t.end_user = 'bob' AND o.end_user = 'alice'`,
        [id],
      );

      await expect(us.open(id, { endUser: 'bob' })).rejects.toMatchObject({ code: 'authorization_required' });
    });

    it('are opened for nobody when it is not said whose', async () => {
      const { id } = await us.create(perUser);
      await us.connect(id, 'alice');

      const opened = await vault.ask(openCredential, vault.opening(orgId, id, ORIGIN));

      expect(opened).toEqual({ perEndUser: true, version: 1, name: 'Calendar' });
    });

    it('have to be said, where they are theirs, and only there', async () => {
      const [theirs, ours] = [await us.create(perUser), await us.create()];
      const problem = { code: 'invalid_request', details: { problems: [{ pointer: '/endUser' }] } };

      await expect(us.start(theirs.id)).rejects.toMatchObject(problem);
      await expect(us.start(ours.id, 'alice')).rejects.toMatchObject(problem);
      expect((await us.get(theirs.id)).health).toBeUndefined();
      expect((await us.get(ours.id)).health).toEqual({ status: 'not_connected' });
    });

    it('are listed page by page', async () => {
      const { id } = await us.create(perUser);
      for (const user of ['u3', 'u1', 'u2']) await us.connect(id, user);

      const first = await vault.ask(listConnections, { orgId, credentialId: id, limit: 2 });
      const { nextCursor = '' } = first;
      const rest = await vault.ask(listConnections, {
        orgId,
        credentialId: id,
        limit: 2,
        cursor: nextCursor,
      });

      expect([...first.items, ...rest.items].map(({ endUser }) => endUser)).toEqual(['u1', 'u2', 'u3']);
      expect(rest.nextCursor).toBeUndefined();
    });

    it('are disconnected one by one, or with their credential; the server is told', async () => {
      const { id } = await us.create({ ...perUser, revocationUrl: server.revocationUrl });
      for (const user of ['alice', 'bob', 'carol']) {
        server.account = user;
        await us.connect(id, user);
      }

      await vault.ask(deleteConnection, { orgId, credentialId: id, endUser: 'bob' });
      const again = vault.ask(deleteConnection, { orgId, credentialId: id, endUser: 'bob' });
      await expect(again).rejects.toMatchObject({ code: 'connection_not_found' });
      await expect(us.open(id, { endUser: 'bob' })).rejects.toMatchObject({ code: 'authorization_required' });
      expect(server.accountOf((await us.open(id, { endUser: 'alice' })).token)).toBe('alice');

      await vault.ask(deleteCredential, { orgId, credentialId: id });
      while (server.revoked.length < 3) await new Promise(setImmediate);
      expect(server.revoked.toSorted()).toEqual(['alice', 'bob', 'carol']);
      expect(await vault.query('SELECT 1 FROM vault.tokens WHERE credential_id = $1', [id])).toEqual([]);
    });
  });

  describe('outlast', () => {
    it.each([
      ['another name', { name: 'Other' }],
      ['the same secret', { clientSecret: { keep: true } }],
      ['fewer origins', { origins: [] }],
      ['other parameters', { authorizationParameters: [{ name: 'prompt', value: 'none' }] }],
    ])('an edit that leaves what was agreed to: %s', async (_what, changes) => {
      const id = await us.connected({ origins: [ORIGIN, 'https://other.example.com'] });
      await vault.replace(orgId, id, us.form(changes));

      expect((await us.get(id)).health?.status).toBe('active');
      expect(await us.list(id)).toHaveLength(1);
      await vault.replace(orgId, id, us.form());
      expect((await us.list(id)).length).toBe('origins' in changes ? 0 : 1);
    });

    it.each([
      ['another scope', { scope: 'more' }],
      ['another client', { clientId: 'other' }],
      ['another token endpoint', { tokenUrl: 'https://auth.example.com/token' }],
      ['another place to revoke', { revocationUrl: 'https://auth.example.com/revoke' }],
      ['another owner', { connectedBy: 'end_user' }],
      ['one more origin', { origins: [ORIGIN, 'https://other.example.com'] }],
      ['another type', { type: 'bearer', token: 'some-token' }],
    ])('no edit that makes it something else: %s', async (what, changes) => {
      const id = await us.connected();
      const form = what === 'another type' ? { name: 'x', origins: [ORIGIN], ...changes } : us.form(changes);

      await vault.replace(orgId, id, form);

      expect(await vault.query('SELECT 1 FROM vault.tokens WHERE credential_id = $1', [id])).toEqual([]);
      expect(await us.healthOf(id, 2)).toEqual(['active', 'not_connected']);
    });

    it('a rotation of keys, refresh token included; and nothing outlasts shredding', async () => {
      const id = await us.connected();
      const before = await vault.query(
        'SELECT sealed, sealed_refresh FROM vault.tokens WHERE credential_id = $1',
        [id],
      );
      const [rotated] = [await vault.rotate('new')];
      expect(rotated.state).toBe('finished');

      expect((await us.open(id)).token).toBe(server.issued[0]);
      await us.end(id);
      expect((await us.open(id)).token).toBe(server.issued[1]);
      expect(server.reuses).toBe(0);

      const [credential] = await vault.query('SELECT * FROM vault.credentials WHERE id = $1', [id]);
      const [token] = await vault.query('SELECT * FROM vault.tokens WHERE credential_id = $1', [id]);
      await us.start(id);
      await vault.ask(shredOrganization, { orgId });
      for (const table of ['tokens', 'authorizations']) {
        expect(await vault.query(`SELECT 1 FROM vault.${table} WHERE org_id = $1`, [orgId])).toEqual([]);
      }
      await insert('credentials', credential!); // as from a dump
      await insert('tokens', { ...token!, ...before[0] });
      await expect(us.open(id)).rejects.toMatchObject({ code: 'credential_unreadable' });
    });

    async function insert(table: string, row: Record<string, unknown>): Promise<void> {
      await vault.query(
        `INSERT INTO vault.${table} SELECT * FROM jsonb_populate_record(null::vault.${table}, $1)`,
        [JSON.stringify(row)],
      );
    }
  });
});
