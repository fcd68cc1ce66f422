import type { Execution } from '#contracts/executor.contract';
import type { Credential, CredentialInput } from '#contracts/vault.contract';
import { Browser } from '#testing/browser';
import { OAuthServer } from '#testing/oauth-server';
import { TestPlatform } from '#testing/test-platform';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { generateKeyPairSync } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { Finder } from './canaries/finder.js';
import { textCanary } from './canaries/secrets.js';
import { dumpOf, filesBelow, type Piece } from './canaries/surfaces.js';

/** Of every credential here: no secret, and found wherever secrets would be. */
const controlName = 'Calendar of accounts that are looked for';

describe('accounts that people connect by OAuth', () => {
  let test: TestPlatform;
  let server: OAuthServer;
  let api: UpstreamServer;
  let bus: NatsConnection;
  let database: pg.Client;
  /** All that was said on the bus, and every reply of REST and every page. */
  const seen: string[] = [];
  const secrets: string[] = [];
  let count = 0;

  beforeAll(async () => {
    server = await OAuthServer.start();
    api = await startUpstream();
    const environment = { EGRESS_ALLOW: `${server.origin},${api.origin}`, LOG_LEVEL: 'trace' };
    test = await TestPlatform.start({ environment, operator: true });
    bus = await test.connectOperator();
    bus.subscribe('>', { callback: (_error, message) => void seen.push(message.string()) });
    await bus.flush();
    database = new pg.Client(test.platform.databaseUrl);
    await database.connect();
  }, 60_000);
  beforeEach(() => {
    Object.assign(server, { account: 'ours', refusal: undefined, expiresIn: 3600 });
    api.requests.length = 0;
    // Says whose token it got, and shows all that it got.
    api.answer(({ headers }, reply) => {
      const account = server.accountOf(headers.authorization);
      const body = { account, echo: headers.authorization, encoded: btoa(headers.authorization ?? '') };
      reply.writeHead(account === undefined ? 401 : 200, { 'content-type': 'application/json' });
      reply.end(JSON.stringify(body));
    });
  });
  afterAll(async () => {
    await database.end();
    await bus.close();
    await test.stop();
    await api.stop();
    await server.stop();
  }, 30_000);

  const credential = (changes: object = {}) =>
    ({
      ...{ type: 'oauth2_authorization_code', name: controlName, origins: [api.origin], ...server.endpoints },
      ...{ clientId: server.clientId, clientSecret: server.clientSecret, connectedBy: 'organization' },
      ...changes,
    }) as CredentialInput;
  /** A credential, and a tool that uses it. */
  const publish = async (changes?: object, entered = credential(changes), method: 'GET' | 'POST' = 'GET') => {
    const id = await test.addCredential(entered);
    const key = `calendar_${(count += 1)}`;
    await test.publish({
      ...{ key, name: 'Look into the calendar', description: 'Looks into the calendar of the caller.' },
      ...{ parameters: { type: 'object', properties: {} }, response: { expose: 'all' as const } },
      request: { method, url: `${api.origin}/calendar`, credentialId: id },
    });
    return { id, key };
  };
  const rest = async (method: string, path: string, body?: unknown) => {
    const reply = await test.rest(method, path, body);
    seen.push(JSON.stringify(reply.body ?? null));
    return reply;
  };
  const linkTo = async (id: string, endUser?: string): Promise<string> => {
    const reply = await test.rest('POST', `/v1/credentials/${id}/connections`, endUser ? { endUser } : {});
    expect(reply.status).toBe(200);
    const { connectUrl } = reply.body as { connectUrl: string };
    secrets.push(connectUrl.split('/').at(-1) ?? '');
    return connectUrl;
  };
  const connect = async (id: string, endUser?: string) => {
    const browser = new Browser();
    const page = await browser.follow(await linkTo(id, endUser));
    seen.push(page.text);
    return page;
  };
  /** As far as the authorization server's answer. */
  const signIn = async (id: string, browser = new Browser()) => {
    const { next: toServer = '' } = await browser.visit(await linkTo(id));
    secrets.push(
      new URL(toServer).searchParams.get('state') ?? '',
      ...browser.cookiesOf(test.platform.restUrl),
    );
    const { next: back = '' } = await browser.visit(toServer);
    return { browser, back };
  };
  const execute = async (toolKey: string, contactId?: unknown): Promise<Execution> => {
    const context = contactId === undefined ? {} : { context: { contact: { id: contactId } } };
    const execution = await test.execute({ toolKey, ...context });
    seen.push(JSON.stringify(execution));
    return execution;
  };
  const healthOf = async (id: string) =>
    ((await rest('GET', `/v1/credentials/${id}`)).body as Credential).health;

  it('are connected in a browser, and used by the organization’s tools', async () => {
    const { id, key } = await publish();
    expect(await healthOf(id)).toEqual({ status: 'not_connected' });
    expect(await execute(key)).toMatchObject({
      status: 'refused',
      error: { code: 'authorization_required', retryable: false, hint: expect.stringContaining('connected') },
    });

    const page = await connect(id);

    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('<h1>Connected</h1>') });
    expect(await healthOf(id)).toMatchObject({ status: 'active' });
    const { status, result } = await execute(key);
    expect([status, result]).toEqual([
      'succeeded',
      { account: 'ours', echo: 'Bearer ‹redacted›', encoded: expect.stringContaining('‹redacted›') },
    ]);
  });

  it('are disconnected at once', async () => {
    const { id, key } = await publish({ revocationUrl: server.revocationUrl });
    await connect(id);
    expect((await execute(key)).status).toBe('succeeded');

    expect((await rest('DELETE', `/v1/credentials/${id}/connections`)).status).toBe(204);

    await test.eventually(
      () => execute(key),
      ({ status }) => status === 'refused',
    );
    await test.eventually(
      () => Promise.resolve(server.revoked),
      (revoked) => revoked.length > 0,
    );
    expect((await rest('DELETE', `/v1/credentials/${id}/connections`)).status).toBe(404);
  });

  it.each<[string, (back: URL) => void, number]>([
    ['another state', (back) => back.searchParams.set('state', 'x'.repeat(43)), 404],
    ['no state', (back) => back.searchParams.delete('state'), 400],
    ['two states', (back) => back.searchParams.append('state', 'x'.repeat(43)), 400],
    ['another code', (back) => back.searchParams.set('code', 'code-of-somebody-else'), 409],
    ['no code', (back) => back.searchParams.delete('code'), 409],
    ['an error', (back) => back.searchParams.set('error', '<script>alert(1)</script>'), 409],
  ])('are not, when a browser comes back with %s', async (_what, change, status) => {
    const { id } = await publish();
    const { browser, back } = await signIn(id);
    const changed = new URL(back);
    change(changed);

    const page = await browser.visit(changed.href);

    expect(page.status).toBe(status);
    expect(page.text).not.toContain('alert');
    expect(await healthOf(id)).toEqual({ status: 'not_connected' });
  });

  it('are not, when another browser comes back, when the same comes twice, or too late', async () => {
    const { id } = await publish();
    const other = await signIn(id);
    expect((await new Browser().visit(other.back)).status).toBe(403);
    expect((await other.browser.visit(other.back)).status).toBe(404); // nor now

    const late = await signIn(id);
    await database.query('UPDATE vault.authorizations SET expires_at = now() WHERE credential_id = $1', [id]);
    expect((await late.browser.visit(late.back)).status).toBe(404);
    expect(await healthOf(id)).toEqual({ status: 'not_connected' });

    const twice = await signIn(id);
    expect((await twice.browser.visit(twice.back)).status).toBe(200);
    expect((await twice.browser.visit(twice.back)).status).toBe(404);
    expect(await healthOf(id)).toMatchObject({ status: 'active' });
  });

  it('are not, when whoever is asked does not agree, or the code is for another’s challenge', async () => {
    const { id } = await publish();
    server.refusal = 'access_denied';
    expect((await connect(id)).status).toBe(409);
    server.refusal = undefined;

    const [one, other] = [await signIn(id), await signIn(id)];
    const mixed = new URL(one.back);
    mixed.searchParams.set('code', new URL(other.back).searchParams.get('code') ?? '');

    expect((await one.browser.visit(mixed.href)).status).toBe(409);
    expect(await healthOf(id)).toEqual({ status: 'not_connected' });
  });

  it.each(['GET', 'POST'] as const)(
    'have their token refreshed when the API refuses it to a %s, which goes once more; neither token is told',
    async (method) => {
      const { id, key } = await publish({}, credential(), method);
      await connect(id);
      await execute(key);
      const old = server.issued.at(-1) ?? '';
      server.dropAccessToken(old);
      api.answer(({ headers }, reply) => {
        const isTaken = server.accountOf(headers.authorization) !== undefined;
        reply.writeHead(isTaken ? 200 : 401, { 'content-type': 'application/json' });
        reply.end(JSON.stringify({ now: headers.authorization, before: `Bearer ${old}` }));
      });
      api.requests.length = 0;

      const { status, http, result } = await execute(key);

      const renewed = server.issued.at(-1) ?? '';
      expect([status, http]).toEqual(['succeeded', { status: 200, attempts: 2 }]);
      expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
        `Bearer ${old}`,
        `Bearer ${renewed}`,
      ]);
      expect(result).toEqual({ now: 'Bearer ‹redacted›', before: 'Bearer ‹redacted›' });
      expect(server.reuses).toBe(0);
    },
  );

  it('are each end user’s own: nobody’s token goes out for another, however many call at once', async () => {
    const { id, key } = await publish({ connectedBy: 'end_user' });
    for (const user of ['alice', 'bob', '4711']) {
      server.account = user;
      expect((await connect(id, user)).status).toBe(200);
    }
    const callers = ['alice', 'bob', 4711, 'carol', undefined];
    const calls = Array.from({ length: 60 }, (_, at) => callers[at % callers.length]);

    const executions = await Promise.all(calls.map((contact) => execute(key, contact)));

    const outcomes = executions.map(({ status, result, error }) => [status, result.account ?? error?.code]);
    expect(outcomes).toEqual(
      calls.map((contact) =>
        contact === 'carol' || contact === undefined
          ? ['refused', 'authorization_required']
          : ['succeeded', String(contact)],
      ),
    );
    const { body } = await rest('GET', `/v1/credentials/${id}/connections`);
    expect(body.items.map(({ endUser }: { endUser: string }) => endUser)).toEqual(['4711', 'alice', 'bob']);
    await rest('DELETE', `/v1/credentials/${id}/connections/bob`);
    await test.eventually(
      () => execute(key, 'bob'),
      ({ status }) => status === 'refused',
    );
    expect((await execute(key, 'alice')).result.account).toBe('alice');
  });

  it('are those of the contact that a test names', async () => {
    const { id, key } = await publish({ connectedBy: 'end_user' });
    server.account = 'alice';
    await connect(id, 'alice');
    const run = async (context: object) => {
      const { body } = await rest('POST', `/v1/tools/${key}/test`, { arguments: {}, context });
      return body as { execution: Execution; exchange?: { request: { headers: object[] } } };
    };

    const tested = await run({ contact: { id: 'alice' } });

    expect(tested.execution.result).toMatchObject({ account: 'alice' });
    expect(tested.exchange?.request.headers).toContainEqual({
      name: 'Authorization',
      value: `Bearer ‹credential: ${controlName}›`,
    });
    expect((await run({})).execution.error?.code).toBe('authorization_required');
  });

  it('are used beside tokens that a credential buys by itself, by client credentials or an assertion', async () => {
    const common = { name: 'CRM', origins: [api.origin], tokenUrl: server.endpoints.tokenUrl };
    const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const assertion = {
      algorithm: 'ES256',
      privateKey,
      issuer: 'us',
      subject: 'agent',
      audience: 'https://aud',
    };
    const { clientId, clientSecret } = server;
    const bought = [
      await publish({}, {
        ...common,
        type: 'oauth2_client_credentials',
        clientId,
        clientSecret,
      } as CredentialInput),
      await publish({}, { ...common, type: 'oauth2_jwt_bearer', ...assertion } as CredentialInput),
    ];

    const accounts = [];
    for (const { key } of bought) accounts.push((await execute(key)).result.account);

    expect(accounts).toEqual(['the client', 'the assertion']);
  });

  it('leave no secret in any encoding on the bus, in spans, replies and pages, nor in files and tables', async () => {
    await bus.flush();
    const verifiers = server.tokenRequests
      .map((form) => form.code_verifier ?? '')
      .filter((one) => one !== '');
    const all = [...new Set([...secrets, ...server.secrets, ...verifiers, server.clientSecret ?? ''])];
    const finder = new Finder([
      ...all.map((secret, at) => textCanary(`secret ${at}`, secret)),
      textCanary('control', controlName),
    ]);
    const found = new Map<string, string[]>();
    const look = ({ where, bytes }: Piece) => {
      for (const name of finder.namesIn(bytes)) found.set(name, [...(found.get(name) ?? []), where]);
    };

    for (const [where, text] of Object.entries({
      said: seen.join('\n'),
      spans: JSON.stringify(test.spans),
    })) {
      look({ where, bytes: Buffer.from(text) });
    }
    for await (const piece of dumpOf(test.platform.databaseUrl)) look(piece);
    for (const folder of ['logs', 'nats', 'postgres']) {
      for await (const piece of filesBelow(await realpath(join(test.platform.home, folder)))) look(piece);
    }

    expect(all.length).toBeGreaterThan(60);
    expect(found.get('control')).toEqual(
      expect.arrayContaining(['said', 'vault.credentials', expect.stringContaining('pg_wal')]),
    );
    expect([...found.keys()]).toEqual(['control']);
  }, 60_000);
});
