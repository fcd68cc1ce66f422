import type { CredentialInput } from '#contracts/vault.contract';
import { serviceNames } from '#devstack/service-environment';
import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** Random per run, so that nothing found is there by chance; odd characters, so that encodings differ. */
const plant = (name: string) => `${name}-${randomBytes(12).toString('hex')}/+=`;
const secrets = {
  bearerToken: plant('bearer'),
  basicPassword: plant('basic'),
  headerKey: plant('header'),
  queryKey: plant('query'),
  bodyKey: plant('body'),
  firstHeader: plant('first'),
  secondHeader: plant('second'),
  replaced: plant('replaced'),
  refused: plant('refused'),
  imported: plant('imported'),
  previewed: plant('previewed'),
  notImported: plant('not-imported'),
};
/** Put where secrets must not be, to see that looking finds what is there. */
const control = plant('control');

function encodings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const offsets = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('base64url').slice(0, -2),
    Array.from(secret).reverse().join(''),
    bytes.toString('utf16le'),
    ...offsets,
  ];
}

/** Which of the secrets are in these bytes, in any encoding. */
function found(bytes: Buffer, names: Record<string, string>): string[] {
  return Object.entries(names)
    .filter(([, secret]) =>
      encodings(secret).some((form) => bytes.includes(form) || bytes.includes(Buffer.from(form, 'utf16le'))),
    )
    .map(([name]) => name);
}

async function filesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const files: string[] = [];
  for (const name of names) {
    const file = join(folder, name);
    if ((await stat(file).catch(() => undefined))?.isFile()) files.push(file);
  }
  return files;
}

describe('after credentials were used in every way', () => {
  let test: TestPlatform;
  let operator: NatsConnection;
  const bus: Buffer[] = [];
  const replies: string[] = [];
  const apiKeys: Record<string, string> = {};

  beforeAll(async () => {
    test = await TestPlatform.start({
      operator: true,
      environment: {
        LOG_LEVEL: 'trace',
        OTEL_TRACES_SAMPLER: 'always_on',
        SAMPLE_API_BEARER_TOKEN: secrets.bearerToken,
        SAMPLE_API_BASIC_PASSWORD: secrets.basicPassword,
        SAMPLE_API_KEY: secrets.headerKey,
        SAMPLE_API_QUERY_KEY: secrets.queryKey,
        SAMPLE_API_BODY_KEY: secrets.bodyKey,
      },
    });
    operator = await test.connectOperator();
    operator.subscribe('>', {
      callback: (_, message) => {
        const headers = message.headers ? JSON.stringify([...message.headers]) : '';
        bus.push(Buffer.concat([Buffer.from(`${message.subject}\n${headers}\n`), message.data]));
      },
    });
    await operator.flush();
    await useEverything();
  }, 90_000);
  afterAll(async () => {
    await operator.close();
    await test.stop();
  }, 30_000);

  async function rest(method: string, path: string, body?: unknown) {
    const reply = await test.rest(method, path, body);
    replies.push(JSON.stringify([reply.status, [...reply.headers], reply.body]));
    return reply;
  }

  /** Secrets of commands: one applied and used, one only looked at, one that stands where it cannot stay. */
  async function importCommands(origin: string): Promise<void> {
    const command = (secret: string) => `curl ${origin}/hours -H 'X-Imported-Key: ${secret}' --max-time 5`;
    const odd = `curl ${origin}/hours?note=${secrets.notImported} -u 'ada:${secrets.notImported}'`;
    await rest('POST', '/v1/tools/import?apply=true', { source: command(secrets.imported) });
    await rest('POST', '/v1/tools/import', { source: command(secrets.previewed) });
    await rest('POST', '/v1/tools/import', { source: `${command(secrets.previewed)} --no-such-option` });
    await rest('POST', '/v1/tools/import?apply=true', { source: odd });
    await rest('POST', '/v1/tools/get_hours/publish', {});
    replies.push(
      JSON.stringify(await test.execute({ toolKey: 'get_hours', callId: randomUUID(), arguments: {} })),
    );
    expect((await test.received()).at(-1)?.headers['x-imported-key']).toBe(secrets.imported);
  }

  /** Executes, tests and lists with every type, the API echoing all it was sent, and has some of it go wrong. */
  async function useEverything(): Promise<void> {
    const origins = [test.platform.sampleUrl];
    const credentials: CredentialInput[] = [
      { type: 'bearer', name: 'bearer', origins, token: secrets.bearerToken },
      {
        type: 'basic',
        name: 'basic',
        origins,
        username: 'agent@business.example/token',
        password: secrets.basicPassword,
      },
      {
        type: 'api_key',
        name: 'header',
        origins,
        in: 'header',
        parameter: 'X-API-Key',
        value: secrets.headerKey,
      },
      { type: 'api_key', name: 'query', origins, in: 'query', parameter: 'api_key', value: secrets.queryKey },
      { type: 'api_key', name: 'body', origins, in: 'body', parameter: 'api_key', value: secrets.bodyKey },
      {
        type: 'headers',
        name: 'headers',
        origins,
        headers: [
          { name: 'X-A', value: secrets.firstHeader },
          { name: 'X-B', value: secrets.secondHeader },
        ],
      },
    ];
    await test.fault({ path: '/hours', fault: { echo: true } });
    await test.fault({ path: '/orders', fault: { echo: true, status: 500 } });
    for (const credential of credentials) {
      const { body } = await rest('POST', '/v1/credentials', credential);
      for (const [path, suffix] of [
        ['/hours', 'ok'],
        ['/orders', 'failing'],
      ] as const) {
        const key = `use_${credential.name}_${suffix}`;
        const request = {
          method: 'POST' as const,
          url: `${origins[0]}${path}`,
          credentialId: body.id as string,
        };
        await rest('POST', '/v1/tools', {
          key,
          name: key,
          description: 'Uses a credential.',
          variables: [{ name: 'q', type: 'string' }],
          request,
        });
        await rest('POST', `/v1/tools/${key}/publish`, {});
        for (const turn of [1, 2])
          replies.push(
            JSON.stringify(
              await test.execute({ toolKey: key, callId: randomUUID(), turn, arguments: { q: 'x' } }),
            ),
          );
        await rest('POST', `/v1/tools/${key}/test`, { arguments: { q: 'x' } });
        await rest('POST', '/v1/executions', { toolKey: key, arguments: { q: 'y' } });
      }
    }
    const { body: replaced } = await rest('POST', '/v1/credentials', {
      type: 'bearer',
      name: 'replaced',
      origins,
      token: secrets.replaced,
    });
    await rest('PUT', `/v1/credentials/${replaced.id}`, {
      type: 'bearer',
      name: 'renamed',
      origins,
      token: { keep: true },
    });
    await rest('POST', '/v1/credentials', {
      type: 'bearer',
      name: 'refused',
      origins: ['nowhere'],
      token: secrets.refused,
      extra: secrets.refused,
    });
    await rest('POST', '/v1/credentials', { type: secrets.refused, name: 'refused', origins });
    await importCommands(origins[0] ?? '');
    await rest('GET', '/v1/credentials?limit=200');
    await rest('GET', '/v1/tools?limit=200');
    const { body: key } = await test.rest('POST', '/v1/api-keys', { name: 'canary', role: 'executor' });
    apiKeys.executorKey = key.key;
    apiKeys.adminKey = test.adminKey;
    await rest('GET', '/v1/api-keys');
    await test.eventually(
      () => rest('GET', '/v1/executions?limit=200'),
      ({ body }) => body.items.length >= 48,
    );
    await rest('GET', '/v1/stats?groupBy=host');
    // Where control goes the same way as everything else does.
    await test.publish({
      key: 'control',
      name: 'control',
      description: `Holds ${control}.`,
      request: { method: 'GET', url: `${origins[0]}/hours` },
    });
    await test.rest('POST', '/v1/tools', {
      key: 'x',
      name: 'x',
      description: 'Refused, and logged nowhere.',
      request: { method: 'GET', url: 'x' },
      [control]: 1,
    });
  }

  const everything = () => ({ ...secrets, ...apiKeys });

  it('none of them is in a reply, and what is there is found', () => {
    expect(replies.length).toBeGreaterThan(80);
    expect(found(Buffer.from(replies.join('\n')), everything())).toEqual([]);
    expect(found(Buffer.from([...replies, control].join('\n')), { control })).toEqual(['control']);
    expect(replies.join('')).toContain('‹redacted›');
  });

  it('none of them was on the bus, and what is there is found', () => {
    expect(bus.length).toBeGreaterThan(200);
    const captured = Buffer.concat(bus);

    expect(found(captured, everything())).toEqual([]);
    expect(found(captured, { control })).toEqual(['control']);
  });

  it('none of them is in a span, and what is there is found', async () => {
    await test.eventually(
      () => Promise.resolve(test.spans.length),
      (count) => count > 100,
    );
    const spans = JSON.stringify(test.spans);

    expect(found(Buffer.from(spans), everything())).toEqual([]);
    expect(found(Buffer.from(spans), { orgId: test.orgId })).toEqual(['orgId']);
  });

  it('none of them is in a metric, and what is there is found', async () => {
    const metrics: string[] = [];
    for (const name of serviceNames) {
      const [, port] = /operations on port (\d+)/.exec(test.platform.service(name).announcement) ?? [];
      metrics.push(await (await fetch(`http://127.0.0.1:${port ?? ''}/metrics`)).text());
    }
    const text = metrics.join('\n');

    expect(found(Buffer.from(text), everything())).toEqual([]);
    expect(found(Buffer.from(text), { subject: 'patchbay.internal.vault.credential.open' })).toEqual([
      'subject',
    ]);
  });

  it('none of them is in a log, and what is there is found', async () => {
    const files = await filesBelow(test.platform.logs);
    const logs = Buffer.concat(await Promise.all(files.map((file) => readFile(file))));

    expect(files).toHaveLength(6);
    expect(found(logs, everything())).toEqual([]);
    expect(found(logs, { ready: 'operations on port' })).toEqual(['ready']);
  });

  it('none of them is in a row of the database, and what is there is found', async () => {
    const client = new pg.Client({ connectionString: test.platform.databaseUrl });
    await client.connect();
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const dump: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      dump.push(name, ...rows.map(({ row }) => row));
    }
    await client.query('CHECKPOINT');
    await client.end();
    const text = Buffer.from(dump.join('\n'));

    expect(tables.length).toBeGreaterThan(8);
    expect(found(text, everything())).toEqual([]);
    expect(found(text, { control })).toEqual(['control']);
  });

  it.each([
    ['the files of Postgres, its log of changes included', 'postgres'],
    ['the files of JetStream', 'nats'],
  ])(
    'none of them is in %s, and what is there is found',
    async (_what, folder) => {
      const files = await filesBelow(await realpath(join(test.platform.home, folder)));
      const known: Record<string, string> = folder === 'postgres' ? { control } : { tool: 'use_bearer_ok' };
      const seen = new Set<string>();
      const leaked = new Set<string>();
      for (const file of files) {
        const bytes = await readFile(file).catch(() => Buffer.alloc(0)); // gone meanwhile
        for (const name of found(bytes, everything())) leaked.add(`${name} in ${file}`);
        for (const name of found(bytes, known)) seen.add(name);
      }

      expect([...leaked]).toEqual([]);
      if (folder === 'postgres') expect([...seen]).toEqual(['control']);
    },
    60_000,
  );
});
