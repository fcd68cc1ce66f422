import { Child } from '#devstack/child-process';
import { Platform } from '#devstack/platform';
import type { Execution } from '#contracts/executor.contract';
import type { ToolDefinitionInput } from '#toolcall/tool-definition';
import { natsOptions } from '#devstack/nats-access';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Pool } from 'undici';
import { RestClient } from '../scripts/rest-client.js';
import { measure, type Contestant, type Sample, type Usage } from './measure.js';
import { opening } from './opening.js';
import { rowsOf, tableOf } from './report.js';
import { usageOf } from './service-usage.js';

// npm run bench [-- --quick]: the executor with a credential it has kept, and the vault that opens one, beside the floor,
// in one run, interleaved.

const quick = process.argv.includes('--quick');
const ROUNDS = 3;
const CONCURRENCIES = [1, 32, 128];
const SEGMENT_MS = quick ? 700 : 3000;
const WARMUP_MS = quick ? 1000 : 3000;

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'patchbay-bench-'));
  const upstream = new Child('upstream', process.execPath, [resolve('dist/bench/upstream.js')]);
  const origin = /http:\S+/.exec(await upstream.waitForLine(/listening on/, 10_000))?.[0] ?? '';
  // Tracing at its default, exported to somebody who takes it: its cost is part of what is measured.
  const platform = await Platform.start({
    home,
    environment: { EGRESS_ALLOW: origin },
    onSpan: () => undefined,
    operator: true, // the floor's subject is nobody's
  });
  const floor = new Child('floor', process.execPath, [
    resolve('dist/bench/floor.js'),
    JSON.stringify(platform.operator),
    origin,
  ]);
  await floor.waitForLine(/floor ready/, 10_000);
  const connection = await connect({ ...natsOptions(platform.operator), noAsyncTraces: true });
  try {
    const { orgId, credentialId } = await publishTools(platform, origin);
    const contestants = [
      direct(origin),
      relay(connection),
      execute('execute-get', 'bench_get', connection, orgId, platform),
      execute('execute-post', 'bench_post', connection, orgId, platform),
      await opening(platform, connection, { orgId, credentialId, origin }),
    ];
    const rows = rowsOf(await measureAll(contestants));
    await mkdir('bench/results', { recursive: true });
    await writeFile('bench/results/latest.json', `${JSON.stringify({ rows }, null, 2)}\n`);
    process.stdout.write(`${tableOf(rows)}\n`);
  } finally {
    await connection.close();
    await floor.stop();
    await platform.stop();
    await upstream.stop();
    await rm(await realpath(join(home, 'postgres')), { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  }
}

/** Each round takes every contestant at every concurrency in turn: what disturbs the machine disturbs all alike. */
async function measureAll(contestants: readonly Contestant[]): Promise<Map<string, Map<number, Sample[]>>> {
  const samples = new Map(
    contestants.map(({ name }) => [name, new Map(CONCURRENCIES.map((one) => [one, [] as Sample[]]))]),
  );
  for (const contestant of contestants) await measure(contestant, 32, WARMUP_MS);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const concurrency of CONCURRENCIES) {
      for (const contestant of contestants) {
        const sample = await measure(contestant, concurrency, SEGMENT_MS);
        samples.get(contestant.name)?.get(concurrency)?.push(sample);
      }
    }
  }
  return samples;
}

function direct(origin: string): Contestant {
  const pool = new Pool(origin, { connections: 128, pipelining: 1 });
  return {
    name: 'direct',
    run: async () => {
      const { body } = await pool.request({ method: 'GET', path: '/orders/ORD-12345' });
      await body.json();
    },
    usage: () => {
      const { user, system } = process.cpuUsage();
      return Promise.resolve({ cpuUs: user + system, rssBytes: process.memoryUsage.rss() });
    },
  };
}

function relay(connection: NatsConnection): Contestant {
  const payload = JSON.stringify({ id: 'ORD-12345' });
  return {
    name: 'floor',
    run: async () => {
      const reply = await connection.request('bench.floor.execute', payload, { timeout: 10_000 });
      const { status } = reply.json<{ status?: string }>();
      if (status !== 'shipped') throw new Error(`The floor answered ${reply.string()}`);
    },
    usage: async () => (await connection.request('bench.floor.usage', '', { timeout: 10_000 })).json<Usage>(),
  };
}

function execute(
  name: string,
  toolKey: string,
  connection: NatsConnection,
  orgId: string,
  platform: Platform,
): Contestant {
  const subject = `patchbay.v1.${orgId}.tools.execute`;
  const payload = JSON.stringify({ toolKey, arguments: { id: 'ORD-12345' }, deadlineMs: 10_000 });
  return {
    name,
    run: async () => {
      const reply = await connection.request(subject, payload, { timeout: 15_000 });
      const { status } = reply.json<Execution>();
      if (status !== 'succeeded') throw new Error(`${name} was answered ${reply.string()}`);
    },
    usage: usageOf(platform, 'executor'),
  };
}

/** A read and a write with a credential, mapped to two variables each. */
async function publishTools(
  platform: Platform,
  origin: string,
): Promise<{ orgId: string; credentialId: string }> {
  const { orgId, adminKey } = await platform.firstAdmin();
  const rest = new RestClient(platform.restUrl, adminKey);
  const credential = { type: 'bearer', name: 'bench', origins: [origin], token: 'bench-token-0123456789' };
  const { id: credentialId } = (await rest.post('/v1/credentials', credential)) as { id: string };
  const common = {
    name: 'Bench',
    description: 'Looks up an order, for the bench.',
    parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    response: {
      expose: 'mapped' as const,
      variables: [
        { name: 'name', path: 'customer.name' },
        { name: 'status', path: 'orders[0].status' },
      ],
    },
  };
  const tools: ToolDefinitionInput[] = [
    { ...common, key: 'bench_get', request: { method: 'GET', url: `${origin}/orders/{{id}}`, credentialId } },
    { ...common, key: 'bench_post', request: { method: 'POST', url: `${origin}/orders`, credentialId } },
  ];
  for (const tool of tools) {
    await rest.post('/v1/tools', tool);
    await rest.post(`/v1/tools/${tool.key}/publish`, {});
  }
  return { orgId, credentialId };
}

await main();
