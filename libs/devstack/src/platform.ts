import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { run } from './child-process.js';
import { deploymentKeys } from './deployment-keys.js';
import { freePort } from './free-port.js';
import { startNatsServer, type RunningNats } from './nats-server.js';
import { startOtlpSink, type OtlpSink, type ReceivedSpan } from './otlp-sink.js';
import { createDatabase, startPostgres, type RunningPostgres } from './postgres.js';
import { ServiceProcess } from './service-process.js';

export const serviceNames = ['catalog', 'vault', 'executor', 'audit', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface PlatformOptions {
  /** Data, keys and logs live here, and stay. */
  readonly home: string;
  /** Ports one would like; any free one otherwise. */
  readonly ports?: {
    readonly rest?: number;
    readonly nats?: number;
    readonly postgres?: number;
    readonly sample?: number;
  };
  /** Servers to use in place of ones of our own. */
  readonly databaseUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  /** Added to what every service is told. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether services that die are started again. */
  readonly restarts?: boolean;
  /** Receives every span; absent, spans go where `OTEL_*` says, or nowhere. */
  readonly onSpan?: (span: ReceivedSpan) => void;
  readonly say?: (message: string) => void;
  /** Hears the pid of every process that is started. */
  readonly onProcess?: (pid: number) => void;
}

/** Where Node finds what was built, from the root of the checkout. */
const built = (...path: string[]) => resolve('dist', ...path);

/** The whole of Patchbay on one machine: Postgres, NATS, the five services and the sample API, each its own process. */
export class Platform {
  readonly services = new Map<ServiceName, ServiceProcess>();
  restUrl = '';
  natsUrl = '';
  databaseUrl = '';
  sampleUrl = '';
  private postgres: RunningPostgres | undefined;
  private nats: RunningNats | undefined;
  private sink: OtlpSink | undefined;
  private sample: ServiceProcess | undefined;
  private readonly say: (message: string) => void;

  private constructor(private readonly options: PlatformOptions) {
    this.say = options.say ?? (() => undefined);
  }

  /** Resolves once everything is ready; ends what was begun when something is not. */
  static async start(options: PlatformOptions): Promise<Platform> {
    const platform = new Platform(options);
    try {
      await platform.bringUp();
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

  /** The first organization and its admin key, as the gateway made them. */
  async firstAdmin(): Promise<{ orgId: string; adminKey: string }> {
    return JSON.parse(await readFile(this.firstAdminFile, 'utf8')) as { orgId: string; adminKey: string };
  }

  service(name: ServiceName): ServiceProcess {
    const service = this.services.get(name);
    if (!service) throw new Error(`The ${name} is not running`);
    return service;
  }

  /** The pids of every process of ours. */
  pids(): number[] {
    const services = [...this.services.values(), this.sample].map((one) => one?.pid);
    return [...services, this.nats?.child.pid, this.postgres?.child.pid].filter((pid) => pid !== undefined);
  }

  /** `kill -9` of our nats-server. */
  async killNats(): Promise<void> {
    await this.nats?.child.kill();
  }

  /** Starts our nats-server again where it was, with the data it had. */
  async restartNats(): Promise<void> {
    this.nats = await startNatsServer({
      dataDir: join(this.home, 'nats'),
      port: Number(new URL(this.natsUrl).port),
    });
    this.options.onProcess?.(this.nats.child.pid);
  }

  /** Ends every process in the order in which they need each other. */
  async stop(): Promise<void> {
    for (const name of ['gateway', 'executor', 'audit', 'vault', 'catalog'] as const) {
      await this.services.get(name)?.stop(3000);
    }
    await this.sample?.stop(1000);
    await this.sink?.close();
    await this.nats?.stop();
    await this.postgres?.stop();
  }

  private get firstAdminFile(): string {
    return join(this.home, 'first-admin.json');
  }

  private async bringUp(): Promise<void> {
    await mkdir(this.logs, { recursive: true });
    await Promise.all([this.startPostgres(), this.startNats(), this.startSample(), this.startSink()]);
    const environment = { ...baseEnvironment(), DATABASE_URL: this.databaseUrl };
    await run('migrate', process.execPath, [built('scripts', 'migrate.js')], { env: environment });
    await this.startServices();
  }

  private async startPostgres(): Promise<void> {
    if (this.options.databaseUrl) {
      this.databaseUrl = this.options.databaseUrl;
      return;
    }
    const port = this.options.ports?.postgres;
    this.postgres = await startPostgres({ dataDir: join(this.home, 'postgres'), ...(port && { port }) });
    this.options.onProcess?.(this.postgres.child.pid);
    this.sayPort('Postgres', port, this.postgres.port);
    this.databaseUrl = await createDatabase(this.postgres.url, 'patchbay');
  }

  private async startNats(): Promise<void> {
    if (this.options.natsUrl) {
      this.natsUrl = this.options.natsUrl;
      return;
    }
    const port = this.options.ports?.nats;
    this.nats = await startNatsServer({ dataDir: join(this.home, 'nats'), ...(port && { port }) });
    this.options.onProcess?.(this.nats.child.pid);
    this.sayPort('NATS', port, this.nats.port);
    this.natsUrl = this.nats.url;
  }

  private async startSink(): Promise<void> {
    if (this.options.onSpan) this.sink = await startOtlpSink(this.options.onSpan);
  }

  private async startSample(): Promise<void> {
    const wanted = this.options.ports?.sample;
    const port = await freePort(wanted);
    this.sample = await this.startProcess(
      'sample API',
      built('samples', 'business-api', 'main.js'),
      /listening on/,
      {
        SAMPLE_API_PORT: String(port),
      },
    );
    this.sampleUrl = /http:\S+/.exec(this.sample.announcement)?.[0] ?? '';
    this.sayPort('The sample API', wanted, Number(new URL(this.sampleUrl).port));
  }

  private async startServices(): Promise<void> {
    const wanted = this.options.ports?.rest;
    const restPort = await freePort(wanted);
    const { vaultKeys, executorKey, intakeKey, vaultPublicKey } = await deploymentKeys(
      join(this.home, 'keys.json'),
    );
    const own: Record<ServiceName, Record<string, string>> = {
      catalog: {},
      vault: { VAULT_KEYS: vaultKeys, EXECUTOR_KEY: executorKey, VAULT_INTAKE_KEY: intakeKey },
      executor: { EXECUTOR_KEY: executorKey },
      audit: {},
      gateway: {
        HTTP_PORT: String(restPort),
        HTTP_HOST: '127.0.0.1',
        FIRST_ADMIN_KEY_FILE: this.firstAdminFile,
        VAULT_PUBLIC_KEY: vaultPublicKey,
      },
    };
    const shared = {
      DATABASE_URL: this.databaseUrl,
      NATS_URL: this.natsUrl,
      OPERATIONS_HOST: '127.0.0.1',
      EGRESS_ALLOW: [process.env.EGRESS_ALLOW, this.sampleUrl].filter(Boolean).join(','),
      ...(this.sink && {
        OTEL_EXPORTER_OTLP_ENDPOINT: this.sink.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '500',
      }),
    };
    await Promise.all(
      serviceNames.map(async (name) => {
        const file = built('apps', name, 'src', 'main.js');
        this.services.set(
          name,
          await this.startProcess(name, file, /"message":"ready/, { ...shared, ...own[name] }),
        );
      }),
    );
    this.restUrl = `http://127.0.0.1:${/serving \S+:(\d+)/.exec(this.service('gateway').announcement)?.[1] ?? restPort}`;
    this.sayPort('REST', wanted, Number(new URL(this.restUrl).port));
  }

  private startProcess(
    name: string,
    file: string,
    ready: RegExp,
    environment: Readonly<Record<string, string>>,
  ): Promise<ServiceProcess> {
    return ServiceProcess.start({
      name,
      file,
      ready,
      environment: { ...baseEnvironment(), ...environment, ...this.options.environment },
      logFile: join(this.logs, `${name.replaceAll(' ', '-')}.log`),
      restarts: this.options.restarts ?? false,
      say: this.say,
      onProcess: this.options.onProcess,
    });
  }

  private sayPort(what: string, wanted: number | undefined, got: number): void {
    if (wanted !== undefined && wanted !== got) this.say(`Port ${wanted} is taken; ${what} uses ${got}`);
  }
}

/** What a process of ours needs from this one's environment: nothing that could configure it by accident. */
function baseEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      name.startsWith('OTEL_') ||
      name.startsWith('NATS_') ||
      ['PATH', 'HOME', 'TZ', 'LOG_LEVEL', 'NODE_OPTIONS'].includes(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}
