import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BusSecurity } from './bus-security.js';
import { run, type Child } from './child-process.js';
import { databaseRoles, type DatabaseRoles } from './database-roles.js';
import { deploymentKeys } from './deployment-keys.js';
import { onFreePort } from './free-port.js';
import { keepRunning } from './keep-running.js';
import type { NatsAccess } from './nats-access.js';
import { startNatsServer, type NatsServerOptions, type RunningNats } from './nats-server.js';
import { startOtlpSink, type OtlpSink } from './otlp-sink.js';
import type { PlatformOptions } from './platform-options.js';
import { createDatabase, hasRows, startPostgres } from './postgres.js';
import { inheritedEnvironment, serviceEnvironment, type ServiceName } from './service-environment.js';
import { ServiceProcess } from './service-process.js';

/** Where Node finds what was built, from the root of the checkout. */
const built = (...path: string[]) => resolve('dist', ...path);

/** The whole of Patchbay on one machine: Postgres, NATS, the five services and the sample API, each its own process. */
export class Platform {
  readonly services = new Map<ServiceName, ServiceProcess>();
  restUrl = '';
  natsUrl = '';
  databaseUrl = '';
  sampleUrl = '';
  private readonly children = new Map<string, Child>();
  private readonly stopping = new AbortController();
  private readonly kept: Promise<void>[] = [];
  /** How an orchestrator of the first organization comes in; undefined on a bus that is not ours. */
  orchestrator: NatsAccess | undefined;
  private orchestratorOf: string | undefined;
  private bus: BusSecurity | undefined;
  private nats: RunningNats | undefined;
  private sink: OtlpSink | undefined;
  private sample: ServiceProcess | undefined;
  private stopped: Promise<void> | undefined;
  private readonly say: (message: string) => void;

  private constructor(private readonly options: PlatformOptions) {
    this.say = options.say ?? (() => undefined);
    options.signal?.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Resolves once everything is ready; ends what was begun when something is not. */
  static async start(options: PlatformOptions): Promise<Platform> {
    const platform = new Platform(options);
    try {
      await platform.bringUp();
      platform.stopping.signal.throwIfAborted();
      return platform;
    } catch (error) {
      await platform.stop();
      throw error;
    }
  }

  get home(): string {
    return resolve(this.options.home);
  }

  get logs(): string {
    return join(this.home, 'logs');
  }

  /** The first organization and its admin key, as the gateway made them. @throws Error when another home has them */
  async firstAdmin(): Promise<{ orgId: string; adminKey: string }> {
    const text = await readFile(this.firstAdminFile, 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as { orgId: string; adminKey: string };
    throw new Error(
      `The database has an organization already, and its admin key is not in ${this.firstAdminFile}: ` +
        'use the folder that it was made with, or an empty database.',
    );
  }

  service(name: ServiceName): ServiceProcess {
    const service = this.services.get(name);
    if (!service) throw new Error(`The ${name} is not running`);
    return service;
  }

  /** How the one who may do everything comes in. @throws Error unless there is one */
  get operator(): NatsAccess {
    if (!this.bus || !this.options.operator) throw new Error('The bus has no operator');
    return { natsUrl: this.natsUrl, ...this.bus.operator };
  }

  /** The pids of every process of ours. */
  pids(): number[] {
    return [...this.children.values()].filter((child) => child.isRunning).map((child) => child.pid);
  }

  /** `kill -9` of our nats-server; it is started again if it is one that is. */
  async killNats(): Promise<void> {
    await this.children.get('nats-server')?.kill();
  }

  /**
   * Ends every process, those that need others before the others, within 9 s: who has not ended when its time is over
   * is killed.
   */
  stop(): Promise<void> {
    return (this.stopped ??= this.endAll());
  }

  private async endAll(): Promise<void> {
    this.stopping.abort(new Error('Patchbay was told to stop'));
    const end = async (names: readonly ServiceName[], graceMs: number) => {
      await Promise.all(names.map((name) => this.services.get(name)?.stop(graceMs) ?? Promise.resolve()));
    };
    await end(['gateway', 'executor'], 3000);
    const sampleEnds = this.sample?.stop(2000);
    await end(['catalog', 'vault', 'audit'], 2000);
    await sampleEnds;
    await this.sink?.close();
    await this.children.get('nats-server')?.stop(1500);
    await this.children.get('postgres')?.stop(2500, 'SIGINT'); // its fast shutdown: it does not wait for clients
    await Promise.all(this.kept);
  }

  /** Of one organization, so of one database. */
  private get firstAdminFile(): string {
    const { databaseUrl } = this.options;
    if (!databaseUrl) return join(this.home, 'first-admin.json');
    const { host, pathname } = new URL(databaseUrl);
    const database = createHash('sha256').update(`${host}${pathname}`).digest('hex').slice(0, 12);
    return join(this.home, `first-admin-${database}.json`);
  }

  private async bringUp(): Promise<void> {
    const { signal } = this.stopping;
    this.options.signal?.throwIfAborted();
    await mkdir(this.logs, { recursive: true });
    await Promise.all([this.startPostgres(), this.startNats(), this.startSample(), this.startSink()]);
    if (await hasRows(this.databaseUrl, 'gateway.organizations')) await this.firstAdmin(); // or it is another folder's
    const database = await databaseRoles(this.databaseUrl, join(this.home, 'database.json'), this.say);
    const env = { ...inheritedEnvironment(), ...database.environment, DATABASE_URL: this.databaseUrl };
    await run('migrate', process.execPath, [built('scripts', 'migrate.js')], { env, signal });
    await this.startServices(database);
    await this.letOrchestratorIn();
  }

  private async startPostgres(): Promise<void> {
    if (this.options.databaseUrl) {
      this.databaseUrl = this.options.databaseUrl;
      return;
    }
    const port = this.options.ports?.postgres;
    const common = { dataDir: join(this.home, 'postgres'), ...this.watching };
    const postgres = await startPostgres({ ...common, port });
    this.sayPort('Postgres', port, postgres.port);
    this.keep('postgres', () => startPostgres({ ...common, exactPort: postgres.port }));
    this.databaseUrl = await createDatabase(postgres.url, 'patchbay');
  }

  private async startNats(): Promise<void> {
    if (this.options.natsUrl) {
      this.natsUrl = this.options.natsUrl;
      return;
    }
    const port = this.options.ports?.nats;
    const bus = await BusSecurity.in(join(this.home, 'bus'), { tls: this.options.busTls ?? false });
    const start = (where: Pick<NatsServerOptions, 'port' | 'exactPort'>) => {
      const users = { orgId: this.orchestratorOf, operator: this.options.operator ?? false };
      const { traceBus } = this.options;
      const common = {
        dataDir: join(this.home, 'nats'),
        ...this.watching,
        secured: bus.secured(users),
        traceBus,
      };
      return startNatsServer({ ...common, ...where });
    };
    this.bus = bus;
    this.nats = await start({ port });
    const { port: exactPort, url } = this.nats;
    this.sayPort('NATS', port, exactPort);
    this.keep('nats-server', async () => (this.nats = await start({ exactPort })));
    this.natsUrl = url;
  }

  /** The organization is made by the gateway, and the gateway needs the bus: so this comes last. */
  private async letOrchestratorIn(): Promise<void> {
    if (!this.bus || !this.nats) return;
    const { orgId } = await this.firstAdmin();
    this.orchestratorOf = orgId;
    await this.nats.reload(this.bus.secured({ orgId, operator: this.options.operator ?? false }));
    this.orchestrator = { natsUrl: this.natsUrl, ...this.bus.orchestrator(orgId) };
  }

  private async startSink(): Promise<void> {
    if (this.options.onSpan) this.sink = await startOtlpSink(this.options.onSpan);
  }

  private async startSample(): Promise<void> {
    const wanted = this.options.ports?.sample;
    await onFreePort(wanted, async (port) => {
      const file = built('samples', 'business-api', 'main.js');
      this.sample = this.process('sample API', file, /listening on/, { SAMPLE_API_PORT: String(port) });
      await this.sample.start();
    });
    this.sampleUrl = /http:\S+/.exec(this.sample?.announcement ?? '')?.[0] ?? '';
    this.sayPort('The sample API', wanted, Number(new URL(this.sampleUrl).port));
  }

  private async startServices(database: DatabaseRoles): Promise<void> {
    const wanted = this.options.ports?.rest;
    const environment = serviceEnvironment({
      database,
      natsUrl: this.natsUrl,
      sampleUrl: this.sampleUrl,
      tracesUrl: this.sink?.url,
      firstAdminFile: this.firstAdminFile,
      keys: await deploymentKeys(join(this.home, 'keys.json')),
      bus: this.bus,
    });
    const start = async (name: ServiceName, more: Record<string, string> = {}) => {
      const file = built('apps', name, 'src', 'main.js');
      const service = this.process(name, file, /"message":"ready/, { ...environment[name], ...more });
      this.services.set(name, service);
      await service.start();
    };
    const others = (['catalog', 'vault', 'executor', 'audit'] as const).map((name) => start(name));
    const gateway = onFreePort(wanted, (port) =>
      start('gateway', {
        HTTP_PORT: String(port),
        PUBLIC_URL: process.env.PUBLIC_URL ?? `http://127.0.0.1:${port}`,
      }),
    );
    await Promise.all([...others, gateway]);
    const [, port] = /serving \S+:(\d+)/.exec(this.service('gateway').announcement) ?? [];
    this.restUrl = `http://127.0.0.1:${port ?? ''}`;
    this.sayPort('REST', wanted, Number(port));
  }

  private process(
    name: string,
    file: string,
    ready: RegExp,
    environment: Readonly<Record<string, string>>,
  ): ServiceProcess {
    this.stopping.signal.throwIfAborted();
    return new ServiceProcess({
      name,
      file,
      ready,
      environment: { ...inheritedEnvironment(), ...environment, ...this.options.environment },
      logFile: join(this.logs, `${name.replaceAll(' ', '-')}.log`),
      restarts: this.options.restarts ?? false,
      say: this.say,
      onSpawn: this.watching.onSpawn,
    });
  }

  private get watching() {
    const onSpawn = (child: Child) => {
      this.children.set(child.name, child);
      child.onLine((line) => this.options.onLine?.(child.name, line));
      this.options.onProcess?.(child.pid);
    };
    return { signal: this.stopping.signal, onSpawn };
  }

  private keep(name: string, start: () => Promise<unknown>): void {
    if (!this.options.restarts) return;
    const child = () => this.children.get(name);
    this.kept.push(keepRunning({ name, child, start, say: this.say, signal: this.stopping.signal }));
  }

  private sayPort(what: string, wanted: number | undefined, got: number): void {
    if (wanted && wanted !== got) this.say(`Port ${wanted} is taken; ${what} uses ${got}`);
  }
}
