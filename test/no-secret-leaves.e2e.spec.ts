import { serviceNames } from '#devstack/service-environment';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finder } from './canaries/finder.js';
import { callVariable, Stage } from './canaries/stage.js';
import { dumpOf, filesBelow, pgDumpOf, processOf, type Piece } from './canaries/surfaces.js';

const piece = (where: string, text: string | Buffer): Piece => ({ where, bytes: Buffer.from(text) });

describe('after credentials of every type were used in every way', () => {
  let stage: Stage;
  let finder: Finder;

  beforeAll(async () => {
    stage = await Stage.set();
    finder = stage.finder();
    await plantInDatabase();
    await plantOnBus();
  }, 120_000);
  afterAll(() => stage.strike(), 30_000);

  /** In a table of its own, so in rows, in the log of changes, and in a dump. */
  async function plantInDatabase(): Promise<void> {
    const client = await stage.connectDatabase();
    await client.query('CREATE TABLE public.planted (bytes bytea)');
    for (const { bytes } of stage.plants)
      await client.query('INSERT INTO public.planted VALUES ($1)', [bytes]);
    await client.query('CHECKPOINT');
    await client.end();
  }

  /** In a bucket, so on the bus and in a file of JetStream. */
  async function plantOnBus(): Promise<void> {
    for (const { bytes } of stage.plants) {
      await stage.operator.request(callVariable(stage.test.orgId), bytes);
    }
  }

  const planted = () => stage.plants.map(({ bytes, encoding }) => ({ where: `planted: ${encoding}`, bytes }));

  /** What was found in these pieces: secrets, and where; whether the control was; which of the plants were. */
  async function search(pieces: AsyncIterable<Piece> | Iterable<Piece>) {
    const leaks = new Set<string>();
    const cells = new Set<string>();
    let hasControl = false;
    for await (const { where, bytes } of pieces) {
      for (const { secret, encoding } of finder.find(bytes)) {
        if (secret === 'control') hasControl = true;
        else if (secret === `planted: ${encoding}`) cells.add(encoding);
        else if (!secret.startsWith('planted: ')) leaks.add(`${secret}, ${encoding}, in ${where}`);
      }
    }
    return { leaks: [...leaks].sort(), hasControl, cells: [...cells].sort() };
  }
  const nothingButPlants = (hasControl = true) => ({
    leaks: [],
    hasControl,
    cells: stage.plants.map(({ encoding }) => encoding).sort(),
  });

  it('were there to be leaked: each was sent where it was meant to go, but those that only prove or unlock', () => {
    const { requests, tlsRequests } = stage.world;
    const sent = JSON.stringify(requests.map(({ rawHeaders, url, body }) => [rawHeaders, url, body]));

    expect(finder.namesIn(Buffer.from(sent))).toEqual([
      ...['API key in the body', 'API key in the header', 'API key in the query', 'AWS session token'],
      ...['OAuth client secret', 'OAuth client secret that is refused'],
      ...['access token 1', 'access token 2', 'access token 3', 'basic password', 'bearer token'],
      ...['header X-A', 'header X-B', 'secret by name', 'secret of an import'],
    ]);
    expect(finder.namesIn(Buffer.from(stage.world.proxyRequests.join('')))).toEqual([
      'password of the proxy',
    ]);
    expect(sent).toContain('&assertion=');
    expect(tlsRequests.length).toBeGreaterThan(0);
    expect(requests.filter(({ headers }) => headers['x-signature']).length).toBeGreaterThan(0);
  });

  it('none of them is in a reply', async () => {
    const pieces = stage.exercise.replies.map((text) => piece('a reply', text));

    expect(pieces.length).toBeGreaterThan(200);
    expect(await search([...pieces, ...planted()])).toEqual(nothingButPlants());
    expect(stage.exercise.replies.join('')).toContain('‹redacted›');
  });

  it('none of them was on the bus', async () => {
    const pieces = stage.bus.map((bytes) => piece(bytes.toString().split('\n', 1)[0] ?? '', bytes));

    expect(pieces.length).toBeGreaterThan(500);
    expect(await search(pieces)).toEqual(nothingButPlants());
  });

  it('none of them passed nats-server, by its own trace', async () => {
    const trace = stage.saidOf('nats-server');

    expect(trace).toContain('MSG_PAYLOAD');
    expect(await search([piece('the trace', trace), ...planted()])).toEqual(nothingButPlants());
  });

  it('none of them was sent to Postgres, by its own log', async () => {
    const log = stage.saidOf('postgres');

    expect(log).toContain('INSERT INTO "vault"."credentials"');
    expect(await search([piece('the log', log), ...planted()])).toEqual(nothingButPlants());
  });

  it('none of them is in a span, its events, links and resource', async () => {
    await stage.test.eventually(
      () => Promise.resolve(stage.collector.requests.map(({ body }) => body).join('\n')),
      (bodies) => bodies.includes('"key":"patchbay.tool.key","value":{"stringValue":"control"}'),
    );
    const pieces = stage.collector.requests.map(({ body }) => piece('an export', body));

    expect(await search([...pieces, ...planted()])).toEqual(nothingButPlants());
  });

  it('none of them is in a metric', async () => {
    const pieces: Piece[] = [];
    for (const name of serviceNames) {
      const [, port] = /operations on port (\d+)/.exec(stage.test.platform.service(name).announcement) ?? [];
      const text = await (await fetch(`http://127.0.0.1:${port ?? ''}/metrics`)).text();
      expect(text).toContain('process_cpu_seconds_total');
      pieces.push(piece(name, text));
    }

    // No label takes a text of anybody's, so there is no way for a control either.
    expect(await search([...pieces, ...planted()])).toEqual(nothingButPlants(false));
  });

  it('none of them is in a dump of the database', async () => {
    expect(await search(dumpOf(stage.test.platform.databaseUrl))).toEqual(nothingButPlants());
    const dump = await pgDumpOf(stage.test.platform.databaseUrl);
    if (dump) expect(await search([piece('pg_dump', dump), ...planted()])).toEqual(nothingButPlants());
  });

  // Beside the data of Postgres is its password, in a file of its own.
  const dataFolders = ['postgres/data', 'nats'];

  it.each(dataFolders)('none of them is in a file of %s while it is in use', async (name) => {
    const folder = await realpath(join(stage.test.platform.home, name));
    expect(await search(filesBelow(folder))).toEqual(nothingButPlants());
  });

  /** Besides its nkey and the password of its database role, what each process is told at its start. */
  const needs: Record<string, readonly string[]> = {
    catalog: ['grantKey'],
    vault: ['grantKey', 'executorKey', 'intakeKey'],
    executor: ['executorKey'],
    audit: [],
    gateway: [],
  };

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux(
    'none of them is on a command line, and in an environment only where its process needs it',
    async () => {
      const { platform } = stage.test;
      const names = new Map(serviceNames.map((name) => [platform.service(name).pid, name]));
      for (const pid of platform.pids()) {
        const name = names.get(pid);
        const { commandLine, environment } = await processOf(pid);
        const forAll = ['control', 'password of the proxy']; // the sample API is told, too
        const own = [...forAll, `nkey seed of ${name}`, `password of ${name} for Postgres`];
        const expected = name ? [...own, ...(needs[name] ?? [])].sort() : [];
        const found = finder.namesIn(environment).filter((one) => name || !forAll.includes(one));

        expect({ name, found: finder.namesIn(commandLine) }).toEqual({ name, found: [] });
        expect({ name, found }).toEqual({ name, found: expected });
      }
      expect(platform.pids()).toHaveLength(serviceNames.length + 3);
    },
  );

  it('none of them is in a log at the lowest level, nor in what a process says when it dies of an error', async () => {
    await stage.crashServices();
    const pieces = [...stage.lines].flatMap(([name, lines]) => lines.map((line) => piece(name, line)));
    const files = filesBelow(stage.test.platform.logs);

    expect(await search([...pieces, ...planted()])).toEqual(nothingButPlants());
    expect(await search(files)).toMatchObject({ leaks: [], hasControl: true });
  });

  it('none of them is in the files of Postgres and NATS that stay behind', async () => {
    await stage.operator.close();
    await stage.test.platform.stop();

    for (const name of dataFolders) {
      const folder = await realpath(join(stage.test.platform.home, name));
      expect(await search(filesBelow(folder))).toEqual(nothingButPlants());
    }
  });
});
