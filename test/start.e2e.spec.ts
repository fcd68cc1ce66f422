import { Child } from '#devstack/child-process';
import { natsServerBinary } from '#devstack/nats-server';
import { freePort } from '#devstack/free-port';
import { createDatabase, startPostgres } from '#devstack/postgres';
import { anyPort, commandOf, isAlive, readyMs, Start } from '#testing/start-script';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** For what another process does, of which there is no event. */
async function until(isSo: () => boolean): Promise<void> {
  const giveUpAt = Date.now() + 20_000;
  while (!isSo()) {
    if (Date.now() > giveUpAt) throw new Error('Not so after 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What a shell does with the command; where there is no curl, what curl would do. */
async function run(curl: string): Promise<unknown> {
  try {
    const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
    return JSON.parse(stdout);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 127) throw error;
  }
  const [, url] = /(http\S+)/.exec(curl) ?? [];
  const headers = [...curl.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
    ([, name, value]) => [name!, value!] as [string, string],
  );
  const [, body] = /-d '([^']+)'/.exec(curl) ?? [];
  const response = await fetch(url!, { method: 'POST', headers, body: body! });
  return response.json();
}

const folders: string[] = [];
async function folder(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'patchbay-start-'));
  folders.push(home);
  return home;
}
const started: Start[] = [];
function start(home: string, environment?: Record<string, string>): Start {
  const one = new Start(home, environment);
  started.push(one);
  return one;
}

afterAll(async () => {
  await Promise.all(started.map((one) => one.interrupt()));
  for (const home of folders) {
    const postgres = await realpath(join(home, 'postgres')).catch(() => home);
    await rm(postgres, { recursive: true, force: true });
    await rm(home, { recursive: true, force: true });
  }
}, 30_000);

describe('npm start', () => {
  const wanted: Record<string, number> = {};
  const occupiers: Server[] = [];
  let home: string;
  let first: Start;
  let earlier: { executionId: string; demo: Record<string, string> };

  beforeAll(async () => {
    for (const name of Object.keys(anyPort)) {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      wanted[name] = (server.address() as AddressInfo).port;
      occupiers.push(server);
    }
    home = await folder();
    const ports = Object.fromEntries(Object.entries(wanted).map(([name, port]) => [name, String(port)]));
    first = await start(home, ports).ready();
  }, readyMs);
  afterAll(() => occupiers.forEach((server) => server.close()));

  it('writes what a client needs to demo.json', () => {
    const url = (scheme: string) => expect.stringMatching(`^${scheme}://127\\.0\\.0\\.1:\\d+$`);
    const key = expect.stringMatching(/^pbk_/);
    expect(first.demo()).toEqual({
      restUrl: url('http'),
      natsUrl: url('nats'),
      natsSeed: expect.stringMatching(/^SU[A-Z2-7]{56}$/),
      natsInboxPrefix: '_INBOX_orchestrator_demo',
      sampleApiUrl: url('http'),
      orgId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      adminKey: key,
      executorKey: key,
    });
  });

  it.each([
    ['HTTP_PORT', 'REST', 'restUrl'],
    ['NATS_PORT', 'NATS', 'natsUrl'],
    ['SAMPLE_API_PORT', 'The sample API', 'sampleApiUrl'],
    ['POSTGRES_PORT', 'Postgres', undefined],
  ])('takes another port than a busy %s, and says so', (name, what, field) => {
    const [, port] =
      new RegExp(`^Port ${wanted[name]} is taken; ${what} uses (\\d+)$`, 'm').exec(first.text) ?? [];

    expect(port).toBeDefined();
    if (field) expect(new URL(first.demo()[field]!).port).toBe(port);
  });

  it('shows an execution, and where its audit row and its trace are', async () => {
    const shown = (name: string) => new RegExp(`^ +${name} +(.*)$`, 'm').exec(first.text)?.[1] ?? '';

    expect(JSON.parse(shown('request'))).toMatchObject({ toolKey: 'get_order_status' });
    expect(shown('reply')).toMatch(/^succeeded, ok, in [\d.]+ ms \(the API took [\d.]+ ms\)$/);
    expect(JSON.parse(shown('variables'))).toMatchObject({ order_id: 'ORD-12345', api_response_status: 200 });
    expect(shown('to say')).toContain('ORD-12345');
    expect(shown('audit row')).toContain(first.demo().restUrl);
    const { status, body } = await first.rest(new URL(shown('audit row')).pathname);
    expect([status, body.toolKey]).toEqual([200, 'get_order_status']);
    const [, traceId, file] = /^(\w{32}) in (.*)$/.exec(shown('trace'))!;
    let spans = '';
    while (!spans.includes(`"traceId":"${traceId}"`)) spans = await readFile(file!, 'utf8'); // sent in batches
    earlier = { executionId: body.executionId as string, demo: first.demo() };
  }, 30_000);

  it('shows addresses, and a curl that works as it stands', async () => {
    const { restUrl, natsUrl, sampleApiUrl } = first.demo();
    for (const url of [restUrl, natsUrl, sampleApiUrl]) expect(first.text).toContain(` ${url}`);
    const [curl] = /curl [^]*?-d '[^']*'/.exec(first.text) ?? [''];

    expect(await run(curl)).toMatchObject({ status: 'succeeded', variables: { order_id: 'ORD-12345' } });
  }, 30_000);

  it.each([
    ['executor', /apps\/executor/, 250],
    ['executor', /apps\/executor/, 500],
    ['nats-server', /nats-server/, 250],
    ['postgres', /bin\/postgres/, 250],
  ])(
    'starts the %s again when it is killed (after a pause that doubles)',
    async (name, what, pauseMs) => {
      const before = first.lines.length;
      process.kill(await first.pidOf(what), 'SIGKILL');

      const said = () => first.lines.slice(before);
      await until(() => said().includes(`${name} is back`));
      expect(said()).toContain(`${name} ended with SIGKILL; starting it again in ${pauseMs} ms`);
      expect(await first.execute()).toMatchObject({ status: 'succeeded' });
    },
    30_000,
  );

  it('refuses a second start from the same folder', async () => {
    const second = start(home);

    expect(await second.child.ended).toMatchObject({ code: 1 });
    expect(second.text).toContain(`Patchbay already runs from this folder (process ${first.child.pid})`);
  }, 30_000);

  it('ends every process on Ctrl-C, those that need others first', async () => {
    const pids = first.pids();
    const nats = await first.pidOf(/nats-server/);
    const postgres = await first.pidOf(/bin\/postgres/);
    const others = pids.filter((pid) => pid !== nats && pid !== postgres);
    const early: number[] = [];

    const ending = first.interrupt();
    while (isAlive(postgres)) {
      // Looked at first: whoever is gone may not be missed by one of the others.
      if (!isAlive(nats)) early.push(...others.filter(isAlive));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (isAlive(nats)) early.push(nats);

    expect(await ending).toEqual({ code: 0, signal: null });
    expect(early).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(first.lines.at(-1)).toMatch(/^Stopped\./);
  }, 20_000);

  it(
    'finds everything again at the next start, and ends also those who do not listen',
    async () => {
      const second = await start(home).ready();
      const { orgId, adminKey, executorKey } = earlier.demo;
      expect(second.demo()).toMatchObject({ orgId, adminKey, executorKey });
      expect(await second.rest(`/v1/executions/${earlier.executionId}`)).toMatchObject({ status: 200 });

      const pids = second.pids();
      for (const what of [/apps\/executor/, /apps\/vault/, /nats-server/]) {
        process.kill(await second.pidOf(what), 'SIGSTOP');
      }
      expect(await second.interrupt()).toEqual({ code: 0, signal: null });
      expect(pids.filter(isAlive)).toEqual([]);
    },
    readyMs,
  );
});

describe('npm start with servers of yours', () => {
  let nats: Child;
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let urls: Record<string, string>;

  beforeAll(async () => {
    const home = await folder();
    postgres = await startPostgres({ dataDir: join(home, 'postgres') });
    const port = await freePort();
    const config = join(home, 'nats.conf');
    const lines = [
      `listen: "127.0.0.1:${port}"`,
      `jetstream { store_dir: ${JSON.stringify(join(home, 'jetstream'))} }`,
      'authorization { user: "patchbay", password: "of-the-test" }',
    ];
    await writeFile(config, lines.join('\n'));
    nats = new Child('nats-server', natsServerBinary(), ['-c', config]);
    await nats.waitForLine(/Server is ready/, 15_000);
    urls = {
      DATABASE_URL: await createDatabase(postgres.url, 'yours'),
      NATS_URL: `nats://127.0.0.1:${port}`,
      NATS_USER: 'patchbay',
      NATS_PASSWORD: 'of-the-test',
    };
  }, 30_000);
  afterAll(async () => {
    await nats.stop();
    await postgres.stop();
  }, 30_000);

  it(
    'uses them, starts none, and leaves them running',
    async () => {
      const one = await start(await folder(), urls).ready();

      expect(one.demo()).toMatchObject({
        natsUrl: urls.NATS_URL,
        natsUser: 'patchbay',
        natsPassword: 'of-the-test',
      });
      expect(await one.execute()).toMatchObject({ status: 'succeeded' });
      const commands = await Promise.all(one.pids().map(commandOf));
      expect(commands.filter((text) => /nats-server|bin\/postgres/.test(text))).toEqual([]);
      expect(commands).toHaveLength(6);

      expect(await one.interrupt()).toEqual({ code: 0, signal: null });
      expect([nats.isRunning, postgres.child.isRunning]).toEqual([true, true]);
    },
    readyMs,
  );

  it(
    'says what is wrong when they know an organization of another folder',
    async () => {
      const one = start(await folder(), urls);

      expect(await one.child.ended).toMatchObject({ code: 1 });
      expect(one.text).toContain('The database has an organization already, and its admin key is not in');
    },
    readyMs,
  );
});

describe('npm start that does not get far', () => {
  it.each([
    ['the servers', 1],
    ['the services', 4],
  ])(
    'ends what it has begun on Ctrl-C while %s start',
    async (_, processes) => {
      const one = start(await folder());
      await until(() => one.pids().length >= processes);
      const pids = one.pidsUntilItEnds();

      expect(await one.interrupt()).toEqual({ code: 0, signal: null });
      expect(one.text).not.toContain('ready');
      expect((await pids).filter(isAlive)).toEqual([]);
    },
    30_000,
  );

  it('ends what it has begun when a part fails, with the reason', async () => {
    const unused = await freePort();
    const one = start(await folder(), { DATABASE_URL: `postgres://u:p@127.0.0.1:${unused}/none` });
    const pids = await one.pidsUntilItEnds();

    expect(await one.child.ended).toEqual({ code: 1, signal: null });
    expect(one.text).toContain('ECONNREFUSED');
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.filter(isAlive)).toEqual([]);
  }, 30_000);

  it('names what it cannot use in its environment', async () => {
    const one = start(await folder(), { HTTP_PORT: 'eighty' });

    expect(await one.child.ended).toEqual({ code: 1, signal: null });
    expect(one.text).toContain('HTTP_PORT must be an integer number');
  }, 30_000);
});
