import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Child } from './child-process.js';

export interface ServiceProcessOptions {
  readonly name: string;
  /** Of the built JavaScript. */
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Its output goes here, line by line. */
  readonly logFile: string;
  readonly ready: RegExp;
  /** Started again, with back-off, when it dies unasked. */
  readonly restarts: boolean;
  readonly say: (message: string) => void;
  readonly onProcess?: ((pid: number) => void) | undefined;
}

const READY_WITHIN_MS = 60_000;
const LONGEST_PAUSE_MS = 10_000;
/** Who lives this long has recovered: the next death waits shortly again. */
const HEALTHY_AFTER_MS = 30_000;

/** One of our Node processes, kept running. */
export class ServiceProcess {
  private readonly log: WriteStream;
  private child: Child | undefined;
  private stopping = false;
  private readyLine = '';
  private cycle: Promise<void> = Promise.resolve();

  private constructor(private readonly options: ServiceProcessOptions) {
    this.log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
  }

  /** Resolves once the process has said that it is ready. */
  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const service = new ServiceProcess(options);
    await service.spawn();
    if (options.restarts) service.cycle = service.keepRunning();
    return service;
  }

  get name(): string {
    return this.options.name;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  /** What the process last said of itself when it became ready. */
  get announcement(): string {
    return this.readyLine;
  }

  /** `kill -9`; it is started again if it is one that is. */
  async kill(): Promise<void> {
    await this.child?.kill();
  }

  /** Starts it again after it was killed, where nobody else does. */
  async restart(): Promise<void> {
    await this.spawn();
  }

  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    await this.child?.stop(graceMs);
    await this.cycle;
    await new Promise<void>((resolve) => this.log.end(resolve));
  }

  private async spawn(): Promise<void> {
    const { name, file, environment, ready } = this.options;
    const child = new Child(name, process.execPath, ['--enable-source-maps', file], { env: environment });
    child.onLine((line) => this.log.write(`${line}\n`));
    this.child = child;
    this.options.onProcess?.(child.pid);
    this.readyLine = await child.waitForLine(ready, READY_WITHIN_MS);
  }

  private async keepRunning(): Promise<void> {
    const { name, say } = this.options;
    let pauseMs = 250;
    while (!this.stopping) {
      const startedAt = performance.now();
      const ending = await this.child?.ended;
      if (this.isStopping()) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) pauseMs = 250;
      say(
        `${name} ended with ${ending?.signal ?? `code ${ending?.code ?? '?'}`}; starting it again in ${pauseMs} ms`,
      );
      await wait(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      if (this.isStopping()) return;
      await this.spawn().then(
        () => say(`${name} is back`),
        (error: unknown) => say(error instanceof Error ? error.message : String(error)),
      );
    }
  }

  private isStopping(): boolean {
    return this.stopping;
  }
}
