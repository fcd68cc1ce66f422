import type { CredentialInput } from '#contracts/vault.contract';
import { DnsServer } from '#egress/testing/dns-server';
import { hostForms, rawUrls, v4, v6 } from '#egress/testing/ssrf-vectors';
import { TestPlatform } from '#testing/test-platform';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Canary } from './canary.js';

/**
 * Every vector at every place where somebody can say where to go. The operator's policy is as wide as it gets without naming
 * a network: http and https, on the canary's own port. What keeps the canary quiet are addresses and names alone.
 */
describe('where a tenant cannot go', () => {
  let canary: Canary;
  let dns: DnsServer;
  let redirecting: UpstreamServer;
  let test: TestPlatform;
  let database: pg.Client;
  let folder: string;
  let n = 0;

  /** `a7.rebind.partner.com` has the seventh of these addresses; `open.partner.com` is loopback, by the operator's leave. */
  const addresses = [...v4, ...v6];
  const answerTo = (name: string) => {
    const nth = /^a(\d+)\.rebind\.partner\.com$/.exec(name)?.[1];
    if (nth !== undefined) return { addresses: [addresses[Number(nth)] ?? ''] };
    return name === 'open.partner.com' ? { addresses: ['127.0.0.1'] } : ('nxdomain' as const);
  };

  beforeAll(async () => {
    canary = await Canary.start();
    dns = await DnsServer.start(({ name }) => answerTo(name));
    redirecting = await startUpstream();
    redirecting.answer(({ url }, response) => {
      response.writeHead(Number(url.slice(1, 4)), { location: `http://127.0.0.1:${canary.port}/` }).end();
    });
    folder = await mkdtemp(join(tmpdir(), 'patchbay-ssrf-'));
    const policy = {
      allow: [redirecting.origin, `http://open.partner.com:${canary.port}`],
      schemes: ['https', 'http'],
      ports: [443, 8443, 80, canary.port],
    };
    await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
    test = await TestPlatform.start({
      environment: { EGRESS_POLICY_FILE: join(folder, 'policy.json'), EGRESS_DNS_SERVERS: dns.address },
    });
    database = new pg.Client({ connectionString: test.platform.databaseUrl });
    await database.connect();
    await test.publish(tool('model', 'https://api.partner.com/'));
  }, 60_000);
  afterAll(async () => {
    await database.end();
    await test.stop();
    await redirecting.stop();
    await canary.stop();
    dns.stop();
    await rm(folder, { recursive: true });
  }, 30_000);

  afterEach(() => expect(canary.connections).toBe(0));

  const tool = (key: string, url: string, credentialId?: string) => ({
    key,
    name: 'Vector',
    description: 'Goes where it should not.',
    request: { method: 'GET' as const, url, ...(credentialId !== undefined && { credentialId }) },
  });
  const named = (index: number | string) => `http://a${index}.rebind.partner.com:${canary.port}/`;
  /** Addresses and spellings with the canary's port behind them, and URLs as they are. */
  const vectors = () => [
    ...v4.map((address) => `http://${address}:${canary.port}/`),
    ...v6.map((address) => `http://[${address}]:${canary.port}/`),
    ...hostForms.flatMap((host) => [`http://${host}:${canary.port}/`, `https://${host}/`]),
    ...rawUrls,
  ];
  /** Those that are spelled oddly and lead to a public host all the same: not refused once they are read as URLs. */
  const leadToPublicHosts = /^\s*https?:\/\/example\.com([/\s]|$)/;
  const dangerous = () => vectors().filter((url) => !leadToPublicHosts.test(url));

  /** A few at a time: this is about many requests, not about load. */
  async function each<Item, Result>(
    items: readonly Item[],
    ask: (item: Item, index: number) => Promise<Result>,
    atOnce = 6,
  ) {
    const results: Result[] = [];
    const queue = [...items.entries()];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        results[next[0]] = await ask(next[1], next[0]);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return results;
  }
  /** The items whose result is not what it should be. */
  const wrong = <Item, Result>(
    items: readonly Item[],
    results: readonly Result[],
    isRight: (one: Result) => boolean,
  ) => items.flatMap((item, index) => (isRight(results[index]!) ? [] : [[item, results[index]]]));
  const isInvalid = ({ status, body }: { status: number; body: { code?: string } }) =>
    status === 400 && body.code === 'invalid_request';

  /** Puts published tools with these URLs past the catalog's check, as if they had been saved under another policy. */
  async function plant(urls: readonly string[], execution?: object): Promise<string[]> {
    const keys = urls.map(() => `planted_${(n += 1)}`);
    const definitions = urls.map((url, index) => ({
      ...tool(keys[index]!, url),
      ...(execution && { execution }),
    }));
    for (const table of ['catalog.tools', 'catalog.tool_versions']) {
      await database.query(
        `INSERT INTO ${table}
         SELECT (jsonb_populate_record(model, jsonb_build_object('key', one->>'key', 'definition',
           model.definition::jsonb || one))).*
         FROM ${table} AS model, jsonb_array_elements($1::jsonb) AS one WHERE model.key = 'model'`,
        [JSON.stringify(definitions).replaceAll('\\u0000', '\\u0001')], // jsonb has no NUL
      );
    }
    return keys;
  }

  it('is where the canary is heard', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const socket = connect(canary.port, host);
      const arrived = await new Promise((resolve) =>
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false)),
      );
      socket.destroy();
      if (host === '127.0.0.1') expect(arrived).toBe(true);
    }
    await test.publish(tool('open', `http://open.partner.com:${canary.port}/`));
    const open = await test.execute({ toolKey: 'open' });

    expect(open).toMatchObject({ status: 'succeeded', http: { status: 200 } });
    expect(canary.connections).toBeGreaterThanOrEqual(2);
    canary.connections = 0;
  });

  describe('by a URL', () => {
    it('is refused when a tool is saved', async () => {
      const urls = dangerous();
      const replies = await each(urls, (url, index) =>
        test.rest('POST', '/v1/tools', tool(`saved_${index}`, url)),
      );

      expect(wrong(urls, replies, isInvalid)).toEqual([]);
      expect(replies.every(({ body }) => JSON.stringify(body).includes('/request/url'))).toBe(true);
    });

    it('is refused when a draft is edited, or an environment is put there', async () => {
      const urls = dangerous().filter((url) => url !== ''); // an environment without a base URL has the tool's
      const edits = await each(urls, (url) => test.rest('PUT', '/v1/tools/model', tool('model', url)));
      const moves = await each(urls, (baseUrl) =>
        test.rest('PUT', '/v1/tools/model/environments/dev', { version: 1, baseUrl }),
      );

      expect(wrong(urls, edits, isInvalid)).toEqual([]);
      expect(wrong(urls, moves, isInvalid)).toEqual([]);
    });

    it('is refused when a tool is executed or tested that was saved before', async () => {
      const keys = await plant(vectors());
      const executed = await each(keys, (toolKey) =>
        test.execute({ toolKey }).catch((error: unknown) => error),
      );
      const tested = await each(keys, (key) => test.rest('POST', `/v1/tools/${key}/test`, {}));

      const wentWell = (one: unknown) => JSON.stringify(one).includes('succeeded');
      expect(executed.filter(wentWell)).toEqual([]);
      expect(tested.filter(wentWell)).toEqual([]);
      const refused = executed.filter((one) => (one as { status?: string }).status === 'refused');
      expect(refused.length).toBeGreaterThan(100); // most get as far as the gate
    });

    it('is refused in the background, where nothing runs yet', async () => {
      const keys = await plant(vectors(), { mode: 'async' });
      const executed = await each(keys, (toolKey) =>
        test.execute({ toolKey }).catch((error: unknown) => error),
      );

      expect(executed.filter((one) => JSON.stringify(one).includes('succeeded'))).toEqual([]);
      expect(JSON.stringify(executed)).toContain('async_not_supported');
    });

    it('is refused as a token URL', async () => {
      const urls = dangerous();
      const replies = await each(urls, (tokenUrl) => test.rest('POST', '/v1/credentials', buyer(tokenUrl)));

      expect(wrong(urls, replies, isInvalid)).toEqual([]);
    });

    it('is refused as the address of a document to import', async () => {
      const urls = dangerous();
      const replies = await each(urls, (url) => test.rest('POST', '/v1/tools/import', { url }));

      expect(wrong(urls, replies, isInvalid)).toEqual([]);
    });

    it('is refused as what an imported document calls a server', async () => {
      const urls = dangerous();
      const paths = Object.fromEntries(
        urls.map((url, index) => [
          `/orders/${index}`,
          {
            get: {
              operationId: `list_${index}`,
              summary: 'Lists orders.',
              servers: [{ url }],
              responses: {},
            },
          },
        ]),
      );
      const source = JSON.stringify({ openapi: '3.1.0', info: { title: 'x', version: '1' }, paths });
      const preview = await test.rest('POST', '/v1/tools/import', { source });
      const applied = await test.rest('POST', '/v1/tools/import?apply=true', { source });

      const tools = preview.body.tools as { problems: object[]; definition: { request: { url: string } } }[];
      const sound = tools.filter(({ problems }) => problems.length === 0);
      const hosts = new Set(sound.map(({ definition }) => new URL(definition.request.url).hostname));

      expect(tools).toHaveLength(urls.length);
      // User names in URLs are left out on import; what is left of these leads to public hosts.
      expect([...hosts].sort()).toEqual(['93.184.216.34', 'evil.com', 'google.com']);
      expect(applied.status).toBe(400);
    });
  });

  describe('by what DNS answers', () => {
    const all = [...addresses.keys()];

    it('is told like a name that does not exist, when a tool is executed or tested', async () => {
      const keys = await each([...all, 'missing'], async (index) => {
        const key = `dns_${index}`;
        await test.publish(tool(key, named(index)));
        return key;
      });
      const executed = await each(keys, (toolKey) => test.execute({ toolKey }));
      const tested = await each(keys, (key) => test.rest('POST', `/v1/tools/${key}/test`, {}));
      const told = executed.map(({ status, outcome, error, http }) => ({ status, outcome, error, http }));

      expect(told.at(-1)).toMatchObject({ status: 'failed', error: { code: 'upstream_unreachable' } });
      expect(told.filter((one) => JSON.stringify(one) !== JSON.stringify(told.at(-1)))).toEqual([]);
      expect(tested.filter(({ body }) => body.execution.error?.code !== 'upstream_unreachable')).toEqual([]);
      expect(dns.questions).toContain('A a0.rebind.partner.com');
    });

    it('is told like a name that does not exist, when a document is fetched', async () => {
      const replies = await each([...all, 'missing'], (index) =>
        test.rest('POST', '/v1/tools/import', { url: named(index) }),
      );
      const told = replies.map(({ status, body }) => JSON.stringify([status, body.code, body.problems]));

      expect(told.at(-1)).toContain('The destination could not be reached.');
      expect(new Set(told).size).toBe(1);
    });

    it('is told like a name that does not exist, when a token is fetched', async () => {
      const told = await each([...all, 'missing'], async (index) => {
        const credentialId = await test.addCredential(buyer(named(index)));
        const key = `token_${index}`;
        await test.publish(tool(key, `${redirecting.origin}/200`, credentialId));
        const { status, error } = await test.execute({ toolKey: key });
        const { body } = await test.rest('GET', `/v1/credentials/${credentialId}`);
        return JSON.stringify([status, error, body.health?.status, body.health?.lastError?.message]);
      });

      expect(told.at(-1)).toContain('refresh_failed');
      expect(told.at(-1)).toContain('The destination could not be reached.');
      expect([...new Set(told)]).toEqual([told.at(-1)]);
    });
  });

  describe('by a redirect', () => {
    const statuses = [301, 302, 303, 307, 308];

    it('is an answer, when a tool is executed or tested', async () => {
      for (const status of statuses) {
        const key = `redirect_${status}`;
        await test.publish(tool(key, `${redirecting.origin}/${status}`));

        expect(await test.execute({ toolKey: key })).toMatchObject({ http: { status } });
        const { body } = await test.rest('POST', `/v1/tools/${key}/test`, {});
        expect(body.exchange.response).toMatchObject({ status });
      }
    });

    it('is not followed to a document, nor to a token', async () => {
      for (const status of statuses) {
        const url = `${redirecting.origin}/${status}`;
        const { body } = await test.rest('POST', '/v1/tools/import', { url });
        expect(JSON.stringify(body)).toContain('redirects are not followed');

        const credentialId = await test.addCredential(buyer(url));
        await test.publish(tool(`bought_${status}`, `${redirecting.origin}/200`, credentialId));
        expect(await test.execute({ toolKey: `bought_${status}` })).toMatchObject({
          status: 'failed',
          error: { code: 'credential_unavailable' },
        });
      }
    });
  });

  function buyer(tokenUrl: string): CredentialInput {
    return {
      type: 'oauth2_client_credentials',
      name: `Buyer ${(n += 1)}`,
      origins: [redirecting.origin],
      tokenUrl,
      clientId: 'us',
      clientSecret: 'hunter2-hunter2',
    };
  }
});
