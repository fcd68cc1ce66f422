import { deleteConnection, listAccesses } from '#contracts/vault.contract';
import type { OAuthServer } from '#testing/oauth-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Connecting } from '../../test/connecting.js';
import type { RunningVault } from '../../test/running-vault.js';

describe('accounts that are connected by authorization code with PKCE', () => {
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

    const id = await us.connected();
    await us.end(id);

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
    ['an error', ({ state, browser }) => ({ state, browser, error: 'access_denied' }), 'credential_refused'],
    ['an error beside a code', (back) => ({ ...back, error: 'access_denied' }), 'credential_refused'],
  ])('are not, when what comes back is %s; and then nothing can', async (_what, changed, code) => {
    const { id } = await us.create();
    const { url, browser } = await us.begin(await us.start(id));
    const back = { ...(await us.signIn(url)), browser };

    await expect(us.finish(changed(back))).rejects.toMatchObject({ code });

    if (code !== 'not_found') await expect(us.finish(back)).rejects.toMatchObject({ code: 'not_found' });
    else await us.finish(back); // it was somebody else's state: ours is still good
    const isConnected = code === 'not_found';
    expect((await us.get(id)).health?.status).toBe(isConnected ? 'active' : 'not_connected');
  });

  it('are not, when it comes back too late, twice, or after the credential has become another', async () => {
    const { id } = await us.create();
    const [late, twice, changed] = await Promise.all([0, 1, 2].map(async () => us.begin(await us.start(id))));
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

      await (isTaken ? connecting : expect(connecting).rejects.toMatchObject({ code: 'credential_refused' }));
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
    for (const secret of [browser, url.searchParams.get('state')!, server.clientSecret!, ...server.issued]) {
      expect(everything).not.toContain(secret);
    }
  });
});
