import { serviceNames, type ServiceName } from '#devstack/service-environment';
import { TestPlatform } from '#testing/test-platform';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { credentialsFor } from './credentials.js';
import { encodings, gzipped, leakedAs } from './encodings.js';
import { Exercise } from './exercise.js';
import { Finder } from './finder.js';
import { keyCanary, plant, textCanary, type Canary } from './secrets.js';
import { World } from './world.js';

const newKey = () => randomBytes(32).toString('base64');

/** A platform that says and shows as much as it can, what it said and showed, and the secrets it was given. */
export class Stage {
  /** Written where secrets must not be, by the ways that secrets would take: so each surface is seen to be looked at. */
  readonly control = plant();
  /** One in each encoding, to be put into each surface: so each encoding is seen to be found there. */
  readonly plants = [...encodings, 'gzip' as const].map((encoding) => {
    const secret = Buffer.from(plant());
    const bytes = encoding === 'gzip' ? gzipped(secret) : leakedAs(secret, encoding);
    return { encoding, bytes, canary: { name: `planted: ${encoding}`, forms: [secret] } };
  });
  readonly secrets: Canary[] = [];
  readonly bus: Buffer[] = [];
  /** What each process has written, by its name. */
  readonly lines = new Map<string, string[]>();
  world!: World;
  collector!: UpstreamServer;
  test!: TestPlatform;
  operator!: NatsConnection;
  exercise!: Exercise;
  private folder = '';
  private readonly ends: (() => Promise<unknown>)[] = [];

  static async set(): Promise<Stage> {
    const stage = new Stage();
    try {
      await stage.start();
      await stage.perform();
      return stage;
    } catch (error) {
      await stage.strike();
      throw error;
    }
  }

  finder(): Finder {
    const entered = Object.entries(this.exercise.entered).map(([name, text]) => textCanary(name, text));
    const tokens = this.world.tokens.map((token, nth) => textCanary(`access token ${nth + 1}`, token));
    const planted = this.plants.map(({ canary }) => canary);
    return new Finder([
      ...this.secrets,
      ...entered,
      ...tokens,
      textCanary('control', this.control),
      ...planted,
    ]);
  }

  async connectDatabase(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.test.platform.databaseUrl });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** An error that nobody catches, with the control in its message, in each service. */
  async crashServices(): Promise<void> {
    for (const name of serviceNames) process.kill(this.test.platform.service(name).pid, 'SIGUSR2');
    await this.test.eventually(
      () => Promise.resolve(serviceNames.filter((name) => this.saidOf(name).includes('Uncaught exception'))),
      (crashed) => crashed.length === serviceNames.length,
    );
  }

  saidOf(process: ServiceName | 'postgres' | 'nats-server'): string {
    return (this.lines.get(process) ?? []).join('\n');
  }

  /** Ends and removes what was begun, the last first. */
  async strike(): Promise<void> {
    for (const end of this.ends.splice(0).reverse()) await end();
  }

  private async start(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'patchbay-canaries-'));
    this.ends.push(() => rm(this.folder, { recursive: true }));
    this.world = await World.start(plant);
    this.ends.push(() => this.world.stop());
    this.collector = await startUpstream();
    this.ends.push(() => this.collector.stop());
    const keys = { k1: newKey(), k2: newKey() };
    for (const [id, key] of Object.entries(keys)) this.secrets.push(keyCanary(`key version ${id}`, key));
    const file = async (name: string, content: string) => {
      await writeFile(join(this.folder, name), content, { mode: 0o600 });
      return join(this.folder, name);
    };
    const crash = await file(
      'crash.mjs',
      `process.on('SIGUSR2', () => { throw new Error(process.env.CONTROL); });`,
    );
    const password = plant();
    this.secrets.push(textCanary('password of the proxy', password));
    const { origin, tlsOrigin, forbiddenOrigin, proxyPort } = this.world;
    this.test = await TestPlatform.start({
      operator: true,
      traceBus: true,
      onLine: (process, line) => {
        const lines = this.lines.get(process) ?? [];
        this.lines.set(process, lines);
        lines.push(line);
      },
      environment: {
        LOG_LEVEL: 'trace',
        OTEL_TRACES_SAMPLER: 'always_on',
        OTEL_EXPORTER_OTLP_ENDPOINT: this.collector.origin,
        EGRESS_ALLOW: [origin, tlsOrigin, forbiddenOrigin].join(','),
        EGRESS_PROXY_URL: `http://proxied:${encodeURIComponent(password)}@127.0.0.1:${proxyPort}`,
        EGRESS_CA_FILE: await file('authority.pem', this.world.authority),
        VAULT_KEYS: '',
        VAULT_KEYS_FILE: await file('keys', `k1:${keys.k1}\n`),
        NODE_OPTIONS: `--import ${pathToFileURL(crash).href}`,
        CONTROL: this.control,
      },
    });
    this.ends.push(() => this.test.stop());
    this.operator = await this.test.connectOperator();
    this.ends.push(() => this.operator.close());
    this.operator.subscribe('>', { callback: (_, message) => void this.bus.push(asSent(message)) });
    await this.operator.flush();
    this.secrets.push(...(await deploymentSecrets(this.test)));
    await this.logStatements();
    this.exercise = new Exercise(this.test, this.world, this.operator, () =>
      appendFile(join(this.folder, 'keys'), `k2:${keys.k2}\n`),
    );
  }

  private async perform(): Promise<void> {
    const { exercise } = this;
    const { inputs, canaries } = await credentialsFor(this.world);
    this.secrets.push(...canaries);
    await exercise.makeApiKeys();
    for (const credential of inputs) await exercise.useCredential(credential);
    await exercise.editCredentials();
    await exercise.importTools();
    await exercise.rotateKeys();
    await exercise.useControl(this.control);
    await exercise.readEverything();
  }

  /** Postgres' own log then has all that services send it, with parameters. */
  private async logStatements(): Promise<void> {
    const client = await this.connectDatabase();
    await client.query(`ALTER SYSTEM SET log_statement = 'all'`);
    await client.query('SELECT pg_reload_conf()');
    await client.end();
  }
}

/** What the deployment itself has to keep to itself. */
async function deploymentSecrets({ platform, adminKey }: TestPlatform): Promise<Canary[]> {
  const read = async (...path: string[]) =>
    JSON.parse(await readFile(join(platform.home, ...path), 'utf8')) as Record<string, string>;
  // In place of `vaultKeys` there are those of the stage; one is public.
  const keys = Object.entries(await read('keys.json')).filter(([name]) => !/^vault/.test(name));
  const seeds = Object.entries(await read('bus', 'nkeys.json'));
  const passwords = Object.entries(await read('database.json'));
  return [
    textCanary('admin key', adminKey),
    textCanary('password of Postgres', new URL(platform.databaseUrl).password),
    ...passwords.map(([name, password]) => textCanary(`password of ${name} for Postgres`, password)),
    ...keys.map(([name, key]) => keyCanary(name, key)),
    ...seeds.map(([name, seed]) => textCanary(`nkey seed of ${name}`, seed)),
  ];
}

function asSent({ subject, headers, data }: Msg): Buffer {
  const fields = headers ? JSON.stringify([...headers]) : '';
  return Buffer.concat([Buffer.from(`${subject}\n${fields}\n`), data]);
}

/** For what is put straight into a bucket of the bus. */
export const callVariable = (orgId: string) => `$KV.PATCHBAY_CALLS.${orgId}.${randomUUID()}`;
