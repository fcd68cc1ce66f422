import {
  credentialHealthChanged,
  deleteCredential,
  getCredential,
  openCredential,
  type CredentialHealthChanged,
  type CredentialInput,
} from '#contracts/vault.contract';
import { startUpstream, type ReceivedRequest, type UpstreamServer } from '#testing/upstream-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jwtVerify } from 'jose';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once, EventEmitter } from 'node:events';
import { RunningVault } from '../../test/running-vault.js';

const ORIGIN = 'https://api.example.com';
const CLIENT_SECRET = 'cs_live/+:ü canary';

describe('access tokens', () => {
  let vault: RunningVault;
  let server: UpstreamServer;
  let issued: number;
  let lasts: number | undefined;
  const orgId = randomUUID();
  const heard: CredentialHealthChanged[] = [];
  const news = new EventEmitter();

  beforeAll(async () => {
    server = await startUpstream();
    vault = await RunningVault.start();
    vault.egressAllow = server.origin;
    await vault.addInstance();
    await vault.addInstance();
    vault.link.connection.subscribe(credentialHealthChanged.subject, {
      callback: (_error, message) => {
        heard.push(message.json<CredentialHealthChanged>());
        news.emit('heard');
      },
    });
    await vault.link.connection.flush();
  });
  beforeEach(() => {
    server.requests.length = 0;
    issued = 0;
    lasts = 3600;
    server.answer((_request, reply) => {
      issued += 1;
      const answer = { access_token: `token-${issued}-secret`, token_type: 'Bearer', expires_in: lasts };
      reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  afterAll(async () => {
    await vault.stop();
    await server.stop();
  });

  const buyer = (changes: object = {}) =>
    ({
      ...{ type: 'oauth2_client_credentials', name: 'CRM', origins: [ORIGIN] },
      ...{ tokenUrl: `${server.origin}/oauth/token`, clientId: 'client:1', clientSecret: CLIENT_SECRET },
      ...changes,
    }) as CredentialInput;
  const create = async (changes?: object) => (await vault.create(orgId, buyer(changes))).id;
  const get = (credentialId: string) => vault.ask(getCredential, { orgId, credentialId });
  const open = async (credentialId: string, refresh?: number) => {
    const request = vault.opening(orgId, credentialId, ORIGIN);
    const opened = await vault.ask(openCredential, {
      ...request,
      ...(refresh !== undefined && { refresh }),
    });
    return { ...opened.token, secret: vault.unseal(opened, orgId, credentialId) };
  };
  const formOf = ({ body }: ReceivedRequest) => Object.fromEntries(new URLSearchParams(body));
  const only = () => {
    expect(server.requests).toHaveLength(1);
    return server.requests[0] as ReceivedRequest;
  };

  it('are what an executor gets, with how long they may be used, instead of the secret', async () => {
    const id = await create({
      expiredWhen: 'body.error == "expired"',
      scope: 'a b',
      audience: 'https://aud',
    });

    const opened = await open(id);

    expect(opened).toEqual({
      secret: { type: 'bearer', token: 'token-1-secret' },
      version: 1,
      lifetimeMs: expect.any(Number),
      expiredWhen: 'body.error == "expired"',
    });
    expect(opened.lifetimeMs).toBeLessThanOrEqual(3_570_000);
    expect(opened.lifetimeMs).toBeGreaterThan(3_500_000);
    const { method, url, headers } = only();
    expect([method, url]).toEqual(['POST', '/oauth/token']);
    expect(formOf(only())).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'https://aud',
    });
    const pair = `${encodeURIComponent('client:1')}:cs_live%2F%2B%3A%C3%BC+canary`;
    expect(headers.authorization).toBe(`Basic ${Buffer.from(pair).toString('base64')}`);
  });

  it('may be bought with id and secret in the form', async () => {
    await open(await create({ clientAuth: 'post' }));

    expect(formOf(only())).toMatchObject({ client_id: 'client:1', client_secret: CLIENT_SECRET });
    expect(only().headers.authorization).toBeUndefined();
  });

  it.each(['RS256', 'ES256'] as const)(
    'may be bought with an assertion signed with %s',
    async (algorithm) => {
      const { privateKey, publicKey } =
        algorithm === 'RS256'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
      const subject = { issuer: 'us', subject: 'agent', audience: 'https://aud', keyId: 'k1' };
      const jwt = {
        type: 'oauth2_jwt_bearer',
        name: 'x',
        origins: [ORIGIN],
        algorithm,
        privateKey: pem,
        ...subject,
      };
      const { id } = await vault.create(orgId, { ...jwt, tokenUrl: `${server.origin}/token` });

      expect(await open(id)).toMatchObject({ secret: { type: 'bearer', token: 'token-1-secret' } });

      const { grant_type: grant, assertion = '' } = formOf(only());
      expect(grant).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
      const verified = await jwtVerify(assertion, publicKey, {
        issuer: 'us',
        subject: 'agent',
        audience: 'https://aud',
      });
      expect(verified.protectedHeader).toMatchObject({ alg: algorithm, kid: 'k1' });
      expect(verified.payload.exp).toBeLessThanOrEqual(Date.now() / 1000 + 300);
    },
  );

  it('are fetched once, however many ask however many vaults at a time', async () => {
    const id = await create();

    const opened = await Promise.all(Array.from({ length: 20 }, () => open(id)));

    expect(new Set(opened.map(({ version }) => version))).toEqual(new Set([1]));
    expect(issued).toBe(1);
    await open(id);
    expect(issued).toBe(1);
  });

  it('are replaced once when an API refuses one, not again at once, and not when there is a newer', async () => {
    const id = await create();
    await open(id);

    const renewed = await Promise.all(Array.from({ length: 10 }, () => open(id, 1)));
    expect(new Set(renewed.map(({ version }) => version))).toEqual(new Set([2]));
    expect(issued).toBe(2);
    expect((await open(id, 2)).version).toBe(2); // an API that takes none would have us fetch for ever
    expect(issued).toBe(2);
  });

  it('are fetched anew once their time is over, and ahead of it behind everybody’s back', async () => {
    const id = await create();
    await open(id);
    await vault.query(`UPDATE vault.tokens SET refresh_at = now() WHERE credential_id = $1`, [id]);

    expect((await open(id)).version).toBe(1);
    while (
      ((await vault.query('SELECT version FROM vault.tokens WHERE credential_id = $1', [id]))[0]
        ?.version as number) < 2
    );
    expect((await open(id)).version).toBe(2);
    await vault.query(`UPDATE vault.tokens SET expires_at = now() WHERE credential_id = $1`, [id]);
    expect((await open(id)).version).toBe(3);
  });

  it('are kept sealed, and open nowhere else', async () => {
    const [one, other] = [await create(), await create()];
    await open(one);
    await open(other);

    const rows = await vault.query(`SELECT to_jsonb(t)::text AS row FROM vault.tokens t`);
    expect(JSON.stringify(rows)).not.toMatch(/token-\d-secret/);
    await vault.query(
      `UPDATE vault.tokens SET sealed = (SELECT sealed FROM vault.tokens WHERE credential_id = $1) WHERE credential_id = $2`,
      [one, other],
    );
    expect((await open(other)).secret).toEqual({ type: 'bearer', token: 'token-3-secret' });
  });

  it('say in the credential’s health what the server refused, without the secret, and tell others', async () => {
    const id = await create();
    expect(await get(id)).not.toHaveProperty('health');
    const pair = Buffer.from('client%3A1:cs_live%2F%2B%3A%C3%BC+canary').toString('base64');
    const description = `unknown ${CLIENT_SECRET.slice(0, 9)}… ${pair}`;
    server.answerJson(401, { error: 'invalid_client', error_description: description });

    await expect(open(id)).rejects.toMatchObject({ code: 'credential_refused' });
    await expect(open(id)).rejects.toMatchObject({ code: 'credential_refused' });

    expect(server.requests).toHaveLength(1); // the second was not sent: it is too soon
    const { health } = await get(id);
    expect(health).toMatchObject({
      status: 'revoked',
      lastError: { message: expect.stringMatching(/answered 401: invalid_client: unknown .*‹redacted›/) },
    });
    expect(JSON.stringify(health) + vault.log.join()).not.toContain(pair);
    while (!heard.some((one) => one.credentialId === id)) await once(news, 'heard');
    expect(heard.filter((one) => one.credentialId === id)).toEqual([
      { orgId, credentialId: id, status: 'revoked' },
    ]);
  });

  it.each<[string, number, unknown]>([
    ['a server error', 503, { error: 'temporarily_unavailable' }],
    ['a redirect', 302, {}],
    ['no token', 200, { token_type: 'bearer' }],
    ['a token with a line break', 200, { access_token: 'a\r\nb' }],
    ['a token of another kind', 200, { access_token: 'abc', token_type: 'mac' }],
  ])('are missed for a while after %s, and are there again', async (_what, status, body) => {
    const id = await create();
    server.answerJson(status, body);

    await expect(open(id)).rejects.toMatchObject({ code: 'service_unavailable' });
    expect((await get(id)).health).toMatchObject({ status: 'refresh_failed' });

    server.answerJson(200, { access_token: 'fine', expires_in: '60' });
    await vault.query(`UPDATE vault.tokens SET retry_at = now() WHERE credential_id = $1`, [id]);
    const { secret, lifetimeMs } = await open(id);
    expect(secret).toEqual({ type: 'bearer', token: 'fine' });
    expect(lifetimeMs).toBeLessThanOrEqual(48_000);
    const { health } = await get(id);
    expect(health).toEqual({ status: 'active', expiresAt: expect.any(String) });
  });

  it('go with their credential: replaced, it buys anew; deleted, nothing is left', async () => {
    const id = await create();
    await open(id);
    await vault.replace(orgId, id, buyer({ clientSecret: { keep: true }, name: 'New' }));

    expect((await open(id)).secret).toEqual({ type: 'bearer', token: 'token-2-secret' });
    await vault.ask(deleteCredential, { orgId, credentialId: id });
    expect(await vault.query('SELECT 1 FROM vault.tokens WHERE credential_id = $1', [id])).toEqual([]);
  });

  it('are bought where the operator lets us call, and nowhere else', async () => {
    for (const tokenUrl of [
      'http://127.0.0.1:1/token',
      'https://169.254.169.254/token',
      'https://localhost/',
      'x y',
    ]) {
      await expect(create({ tokenUrl })).rejects.toMatchObject({
        code: 'invalid_request',
        details: { problems: [expect.objectContaining({ pointer: '/credential/tokenUrl' })] },
      });
    }
  });

  it('ask for the secret again before it goes to another endpoint', async () => {
    const id = await create();
    const moved = buyer({ clientSecret: { keep: true }, tokenUrl: 'https://evil.example.com/token' });

    await expect(vault.replace(orgId, id, moved)).rejects.toMatchObject({
      details: {
        problems: [expect.objectContaining({ pointer: '/credential/clientSecret', code: 'secret_required' })],
      },
    });
  });
});
