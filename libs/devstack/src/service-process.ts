import { createWriteStream, type WriteStream } from 'node:fs';
import { Child } from './child-process.js';
import { keepRunning } from './keep-running.js';

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
  readonly onSpawn: (child: Child) => void;
}

const READY_WITHIN_MS = 60_000;

/** One of our Node processes, kept running. */
export class ServiceProcess {
  private readonly log: WriteStream;
  private readonly stopping = new AbortController();
  private child: Child | undefined;
  private readyLine = '';
  private cycle: Promise<void> = Promise.resolve();

  constructor(private readonly options: ServiceProcessOptions) {
    this.log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
    this.log.on('error', () => undefined); // a last line after the end, or a full disk: no reason to fall
  }

  /** Resolves once the process has said that it is ready. */
  async start(): Promise<void> {
    await this.spawn();
    if (!this.options.restarts) return;
    const { name, say } = this.options;
    const { signal } = this.stopping;
    this.cycle = keepRunning({ name, child: () => this.child, start: () => this.spawn(), say, signal });
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

  /** Asks it to end, and ends it when it has not by then; also while it starts or waits to be started again. */
  async stop(graceMs: number): Promise<void> {
    this.stopping.abort();
    await this.child?.stop(graceMs);
    await this.cycle;
    await new Promise<void>((resolve) => this.log.end(resolve));
  }

  private async spawn(): Promise<void> {
    this.stopping.signal.throwIfAborted();
    const { name, file, environment, ready } = this.options;
    const child = new Child(name, process.execPath, ['--enable-source-maps', file], { env: environment });
    child.onLine((line) => this.log.write(`${line}\n`));
    this.child = child;
    this.options.onSpawn(child);
    try {
      this.readyLine = await child.waitForLine(ready, READY_WITHIN_MS);
    } catch (error) {
      await child.kill();
      throw error;
    }
  }
}
