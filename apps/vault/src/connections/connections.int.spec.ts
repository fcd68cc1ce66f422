import {
  credentialHealthChanged,
  deleteConnection,
  deleteCredential,
  getCredential,
  listAccesses,
  listConnections,
  openCredential,
  shredOrganization,
  type CredentialHealthChanged,
} from '#contracts/vault.contract';
import { OAuthServer } from '#testing/oauth-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { Connecting, ORIGIN } from '../../test/connecting.js';
import { NEW_KEY, OLD_KEY, RunningVault } from '../../test/running-vault.js';
import { HealthWatch } from '../tokens/health-watch.service.js';

describe('connected accounts', () => {
  let vault: RunningVault;
  let server: OAuthServer;
  let us: Connecting;
  const orgId = randomUUID();
  const heard: CredentialHealthChanged[] = [];
  const news = new EventEmitter();

  beforeAll(async () => {
    server = await OAuthServer.start();
    vault = await RunningVault.start();
    vault.egressAllow = server.origin;
    await vault.addInstance(`${NEW_KEY},${OLD_KEY}`);
    await vault.addInstance(`${NEW_KEY},${OLD_KEY}`);
    us = new Connecting(vault, server, orgId);
    vault.link.connection.subscribe(credentialHealthChanged.subject, {
      callback: (_error, message) => {
        heard.push(message.json<CredentialHealthChanged>());
        news.emit('heard');
      },
    });
    await vault.link.connection.flush();
  });
  beforeEach(() => {
    Object.assign(server, { expiresIn: 3600, givesRefreshTokens: true, rotates: true, reuses: 0 });
    Object.assign(server, { iss: undefined, refusal: undefined, fault: undefined, account: 'somebody' });
    Object.assign(server, { clientSecret: 'client-secret-canary' });
    server.forgetRequests();
    server.issued.length = 0;
    server.revoked.length = 0;
  });
  afterAll(async () => {
    await vault.stop();
    await server.stop();
  });

  const connected = async (changes?: object, endUser?: string) => {
    const { id } = await us.create(changes);
    await us.connect(id, endUser);
    return id;
  };
  const get = (credentialId: string) => vault.ask(getCredential, { orgId, credentialId });
  const list = async (credentialId: string) =>
    (await vault.ask(listConnections, { orgId, credentialId })).items;
  const end = (id: string) =>
    vault.query(`UPDATE vault.tokens SET expires_at = now(), refresh_at = now() WHERE credential_id = $1`, [
      id,
    ]);
  const healthOf = async (id: string, count: number) => {
    while (heard.filter((one) => one.credentialId === id).length < count) await once(news, 'heard');
    return heard.filter((one) => one.credentialId === id).map(({ status }) => status);
  };

  describe('by authorization code with PKCE', () => {
    it('are asked for with the challenge of a verifier that only the vault has', async () => {
      const parameters = [
        { name: 'access_type', value: 'offline' },
        { name: 'prompt', value: 'consent & more' },
      ];
      const authorizationUrl = `${server.endpoints.authorizationUrl}?tenant=a%20b`;
      const { id } = await us.create({
        authorizationUrl,
        audience: 'https://aud',
        authorizationParameters: parameters,
      });

      const { url, browser } = await us.begin(await us.start(id));

      expect(url.origin + url.pathname).toBe(server.endpoints.authorizationUrl);
      expect(Object.fromEntries(url.searchParams)).toEqual({
        tenant: 'a b',
        response_type: 'code',
        client_id: server.clientId,
        redirect_uri: 'https://gateway.example.com/v1/oauth/callback',
        scope: 'read write',
        audience: 'https://aud',
        state: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        code_challenge_method: 'S256',
        access_type: 'offline',
        prompt: 'consent & more',
      });
      await us.finish({ ...(await us.signIn(url)), browser });
      expect(server.tokenRequests).toEqual([
        {
          grant_type: 'authorization_code',
          code: expect.any(String),
          redirect_uri: 'https://gateway.example.com/v1/oauth/callback',
          code_verifier: expect.stringMatching(/^[\w-]{43}$/),
        },
      ]);
      expect((await us.open(id)).token).toBe(server.issued[0]);
    });

    it('need no secret of a public client', async () => {
      server.clientSecret = undefined;

      const id = await connected();
      await end(id);

      expect((await us.open(id)).token).toBe(server.issued[1]);
      expect(server.tokenRequests.map((form) => form.client_id)).toEqual([server.clientId, server.clientId]);
    });

    it('are connected by a link that is good once, and for ten minutes', async () => {
      const { id } = await us.create();
      const [used, old] = [await us.start(id), await us.start(id)];
      await us.begin(used);
      await vault.query(
        `UPDATE vault.authorizations SET expires_at = now() WHERE credential_id = $1 AND ticket_hash IS NOT NULL`,
        [id],
      );

      await expect(us.begin(used)).rejects.toMatchObject({ code: 'not_found' });
      await expect(us.begin(old)).rejects.toMatchObject({ code: 'not_found' });
      await expect(us.begin('x'.repeat(43))).rejects.toMatchObject({ code: 'not_found' });
    });

    it('go to one of two browsers that open the link at once', async () => {
      const { id } = await us.create();
      const ticket = await us.start(id);

      const begun = await Promise.allSettled([us.begin(ticket), us.begin(ticket), us.begin(ticket)]);

      expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it.each<[string, (back: Record<string, string>) => object, string]>([
      ['another browser', (back) => ({ ...back, browser: 'y'.repeat(43) }), 'forbidden'],
      ['a browser without its cookie', ({ state, code }) => ({ state, code }), 'forbidden'],
      ['another state', (back) => ({ ...back, state: 'z'.repeat(43) }), 'not_found'],
      ['another code', (back) => ({ ...back, code: 'code-of-somebody-else' }), 'credential_refused'],
      ['no code', ({ state, browser }) => ({ state, browser }), 'credential_refused'],
      [
        'an error',
        ({ state, browser }) => ({ state, browser, error: 'access_denied' }),
        'credential_refused',
      ],
      ['an error beside a code', (back) => ({ ...back, error: 'access_denied' }), 'credential_refused'],
    ])('are not, when what comes back is %s; and then nothing can', async (_what, changed, code) => {
      const { id } = await us.create();
      const { url, browser } = await us.begin(await us.start(id));
      const back = { ...(await us.signIn(url)), browser };

      await expect(us.finish(changed(back))).rejects.toMatchObject({ code });

      if (code !== 'not_found') await expect(us.finish(back)).rejects.toMatchObject({ code: 'not_found' });
      else await us.finish(back); // it was somebody else's state: ours is still good
      const isConnected = code === 'not_found';
      expect((await get(id)).health?.status).toBe(isConnected ? 'active' : 'not_connected');
    });

    it('are not, when it comes back too late, twice, or after the credential has become another', async () => {
      const { id } = await us.create();
      const [late, twice, changed] = await Promise.all(
        [0, 1, 2].map(async () => us.begin(await us.start(id))),
      );
      const back = async (flow = late) => ({ ...(await us.signIn(flow!.url)), browser: flow!.browser });
      const answer = await back(twice);
      await us.finish(answer);
      await expect(us.finish(answer)).rejects.toMatchObject({ code: 'not_found' });

      await vault.replace(orgId, id, us.form({ scope: 'other' }));
      await expect(us.finish(await back(changed))).rejects.toMatchObject({ code: 'precondition_failed' });

      await vault.query(`UPDATE vault.authorizations SET expires_at = now() WHERE credential_id = $1`, [id]);
      await expect(us.finish(await back(late))).rejects.toMatchObject({ code: 'not_found' });
    });

    it('are not, when the verifier is not the one of the challenge', async () => {
      const { id } = await us.create();
      const [one, other] = [await us.begin(await us.start(id)), await us.begin(await us.start(id))];
      const { code } = await us.signIn(one.url);

      await expect(us.finish({ code, state: other.state, browser: other.browser })).rejects.toMatchObject({
        code: 'credential_refused',
      });
      expect(vault.log.join('\n')).not.toContain(code);
    });

    it.each([
      ['itself', 'https://idp.example.com', true],
      ['another', 'https://evil.example.com', false],
      ['nobody', undefined, false],
    ])(
      'are checked for who sent them back, where the credential says who must: %s',
      async (_who, iss, isTaken) => {
        const { id } = await us.create({ issuer: 'https://idp.example.com' });
        server.iss = iss;

        const connecting = us.connect(id);

        await (isTaken
          ? connecting
          : expect(connecting).rejects.toMatchObject({ code: 'credential_refused' }));
        expect(server.issued).toHaveLength(isTaken ? 1 : 0);
      },
    );

    it('are on record: who gave out the link, what became of it, and no secret', async () => {
      const { id } = await us.create();
      const { url, browser } = await us.begin(await us.start(id));
      await expect(us.finish({ ...(await us.signIn(url)), browser: 'y'.repeat(43) })).rejects.toThrow();
      await us.connect(id);
      await vault.ask(deleteConnection, { orgId, credentialId: id });

      const { items } = await vault.ask(listAccesses, { orgId, credentialId: id });

      expect(items.map(({ action, result, actor }) => [action, result, actor.id])).toEqual([
        ['disconnect', 'ok', 'gateway'],
        ['connect', 'ok', 'key-1'],
        ['connect', 'forbidden', 'key-1'],
        ['create', 'ok', 'gateway'],
      ]);
      const everything = JSON.stringify([
        await vault.query('SELECT to_jsonb(t) FROM vault.tokens t'),
        await vault.query('SELECT to_jsonb(a) FROM vault.authorizations a'),
        vault.log,
        items,
      ]);
      for (const secret of [
        browser,
        url.searchParams.get('state')!,
        server.clientSecret!,
        ...server.issued,
      ]) {
        expect(everything).not.toContain(secret);
      }
    });
  });

  describe('have their tokens refreshed', () => {
    it('once, however many ask however many vaults at once, with a refresh token that is good once', async () => {
      const id = await connected();
      for (let round = 1; round <= 5; round += 1) {
        await end(id);

        const opened = await Promise.all(Array.from({ length: 40 }, () => us.open(id)));

        expect(new Set(opened.map(({ token }) => token))).toEqual(new Set([server.issued[round]]));
      }
      expect(server.issued).toHaveLength(6);
      expect(server.reuses).toBe(0);
    });

    it('with the old refresh token, when the server gives no new one', async () => {
      server.rotates = false;
      const id = await connected();
      for (const round of [1, 2, 3]) {
        await end(id);
        expect((await us.open(id)).token).toBe(server.issued[round]);
      }
    });

    it('when an API refuses one, once', async () => {
      const id = await connected();

      const renewed = await Promise.all(Array.from({ length: 10 }, () => us.open(id, { refresh: 1 })));

      expect(new Set(renewed.map(({ version }) => version))).toEqual(new Set([2]));
      expect(server.issued).toHaveLength(2);
      expect(server.reuses).toBe(0);
    });

    it('after a pause when the server is in trouble; the account stays connected, and it is on record', async () => {
      const id = await connected();
      await end(id);
      server.fault = (_request, reply) => {
        reply.writeHead(503).end();
        return true;
      };

      await expect(us.open(id)).rejects.toMatchObject({ code: 'service_unavailable' });
      expect((await get(id)).health).toMatchObject({
        status: 'refresh_failed',
        lastError: expect.anything(),
      });
      server.fault = undefined;
      await vault.query('UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1', [id]);
      expect((await us.open(id)).token).toBe(server.issued[1]);

      expect(await healthOf(id, 3)).toEqual(['active', 'refresh_failed', 'active']);
      const { items } = await vault.ask(listAccesses, { orgId, credentialId: id });
      expect(items).toContainEqual(
        expect.objectContaining({
          action: 'refresh',
          result: 'service_unavailable',
          actor: { type: 'service', id: 'vault' },
        }),
      );
    });

    it('not any more once access was withdrawn: nothing is kept, nobody asks again, and it says so', async () => {
      const id = await connected();
      const { refresh_token: canary } = await refreshTokenOf(id);
      server.revokeAll();
      await end(id);

      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });
      await vault.query('UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1', [id]);
      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });

      expect(server.tokenRequests).toHaveLength(3); // code, a refresh that worked, one that did not
      const { health } = await get(id);
      expect(health).toMatchObject({
        status: 'revoked',
        lastError: { message: expect.stringContaining('invalid_grant') },
      });
      expect(JSON.stringify(health) + vault.log.join()).not.toContain(canary);
      expect(await healthOf(id, 2)).toEqual(['active', 'revoked']);
      await us.connect(id);
      expect((await us.open(id)).token).toBe(server.issued.at(-1));
    });

    it('goes on when only the client’s secret was wrong, once there is a right one', async () => {
      const id = await connected();
      server.clientSecret = 'a-newer-secret';
      await end(id);
      await expect(us.open(id)).rejects.toMatchObject({ code: 'service_unavailable' });

      await vault.replace(orgId, id, us.form({ clientSecret: 'a-newer-secret' }));
      await vault.query('UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1', [id]);

      expect((await us.open(id)).token).toBe(server.issued[1]);
    });

    it('and kept, though the database fails at the moment they come', async () => {
      const id = await connected();
      await vault.query(`
        CREATE SEQUENCE vault.failures;
        CREATE FUNCTION vault.fail_once() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.version > OLD.version AND nextval('vault.failures') = 1 THEN RAISE 'the disk is full'; END IF;
          RETURN NEW;
        END $$;
        CREATE TRIGGER fail_once BEFORE UPDATE ON vault.tokens FOR EACH ROW EXECUTE FUNCTION vault.fail_once()`);

      for (const round of [1, 2]) {
        await end(id);
        expect((await us.open(id)).token).toBe(server.issued[round]);
      }

      const [failures] = await vault.query('SELECT last_value::int AS count FROM vault.failures');
      await vault.query(`
        DROP TRIGGER fail_once ON vault.tokens; DROP FUNCTION vault.fail_once(); DROP SEQUENCE vault.failures`);
      expect(failures).toEqual({ count: 3 }); // one failed
      expect(server.reuses).toBe(0);
    });

    it('and not kept, when the account is disconnected meanwhile', async () => {
      const id = await connected();
      await end(id);
      const { reached, goOn } = holdServer();

      const opening = us.open(id);
      await reached;
      await vault.ask(deleteConnection, { orgId, credentialId: id });
      goOn();

      await expect(opening).rejects.toMatchObject({ code: 'service_unavailable' });
      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });
      expect(await vault.query('SELECT 1 FROM vault.tokens WHERE credential_id = $1', [id])).toEqual([]);
    });

    it('and do not take the place of an account that is connected meanwhile', async () => {
      const id = await connected();
      await end(id);
      const { reached, goOn } = holdServer();
      server.account = 'another';

      const opening = us.open(id);
      await reached;
      await us.connect(id);
      goOn();

      await expect(opening).rejects.toMatchObject({ code: 'service_unavailable' });
      expect(server.accountOf((await us.open(id)).token)).toBe('another');
    });

    /** The server's next answer to a refresh waits until it is let go on. */
    function holdServer() {
      const [reached, mayGoOn] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      server.fault = async ({ body }) => {
        if (!body.includes('refresh_token')) return false;
        reached.resolve(undefined);
        await mayGoOn.promise;
        return false;
      };
      return { reached: reached.promise, goOn: () => mayGoOn.resolve(undefined) };
    }

    /** The one that the server would take next, as it is asked for it. */
    async function refreshTokenOf(id: string): Promise<Record<string, string>> {
      await end(id);
      await us.open(id);
      return server.tokenRequests.at(-1) ?? {};
    }
  });

  describe('without a refresh token', () => {
    beforeEach(() => {
      server.givesRefreshTokens = false;
    });

    it('are expiring, then expired, and said to be so once by all vaults', async () => {
      const id = await connected();
      const [, watch] = [await us.open(id, { refresh: 1 }), vault.get(HealthWatch)];
      expect(server.issued).toHaveLength(1); // there is nothing to renew it with

      await vault.query('UPDATE vault.tokens SET refresh_at = now() WHERE credential_id = $1', [id]);
      expect((await get(id)).health?.status).toBe('expiring');
      await Promise.all(watch.map((one) => one.look()));
      expect((await us.open(id)).token).toBe(server.issued[0]);

      await end(id);
      expect((await get(id)).health).toEqual({ status: 'expired' });
      await expect(us.open(id)).rejects.toMatchObject({ code: 'authorization_required' });
      await Promise.all(watch.map((one) => one.look()));
      await us.connect(id);

      expect(await healthOf(id, 4)).toEqual(['active', 'expiring', 'expired', 'active']);
    });

    it('are used for as long as the server says, and for ever when it says nothing', async () => {
      server.expiresIn = 60 * 24 * 3600;
      const months = await connected();
      server.expiresIn = undefined;
      const forEver = await connected();

      const ends = Date.parse((await get(months)).health?.expiresAt ?? '');
      expect(ends).toBeGreaterThan(Date.now() + 59 * 24 * 3_600_000);
      expect((await get(forEver)).health).toEqual({ status: 'active' });
      expect((await us.open(forEver)).lifetimeMs).toBeGreaterThan(0);
    });
  });

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
      expect(await list(id)).toEqual([
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
      expect((await get(theirs.id)).health).toBeUndefined();
      expect((await get(ours.id)).health).toEqual({ status: 'not_connected' });
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
      const id = await connected({ origins: [ORIGIN, 'https://other.example.com'] });
      await vault.replace(orgId, id, us.form(changes));

      expect((await get(id)).health?.status).toBe('active');
      expect(await list(id)).toHaveLength(1);
      await vault.replace(orgId, id, us.form());
      expect((await list(id)).length).toBe('origins' in changes ? 0 : 1);
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
      const id = await connected();
      const form = what === 'another type' ? { name: 'x', origins: [ORIGIN], ...changes } : us.form(changes);

      await vault.replace(orgId, id, form);

      expect(await vault.query('SELECT 1 FROM vault.tokens WHERE credential_id = $1', [id])).toEqual([]);
      expect(await healthOf(id, 2)).toEqual(['active', 'not_connected']);
    });

    it('a rotation of keys, refresh token included; and nothing outlasts shredding', async () => {
      const id = await connected();
      const before = await vault.query(
        'SELECT sealed, sealed_refresh FROM vault.tokens WHERE credential_id = $1',
        [id],
      );
      const [rotated] = [await vault.rotate('new')];
      expect(rotated.state).toBe('finished');

      expect((await us.open(id)).token).toBe(server.issued[0]);
      await end(id);
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
