import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How one child process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process of ours: its lines can be read and awaited, and it can be ended for certain. */
export class Child {
  readonly ended: Promise<Ending>;
  private readonly process: ChildProcess;
  private readonly listeners = new Set<(line: string) => void>();
  private readonly lastLines: string[] = [];

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    options: SpawnOptions = {},
  ) {
    // A process group of its own: Ctrl-C reaches us alone, and we end our children in order.
    this.process = spawn(command, args, { detached: true, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => {
      this.process.once('exit', (code, signal) => resolve({ code, signal }));
      this.process.once('error', (error) => {
        this.receive(error.message);
        resolve({ code: 127, signal: null });
      });
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.receive(line));
    }
  }

  get pid(): number {
    return this.process.pid ?? -1;
  }

  /** Whether the process still runs. */
  get isRunning(): boolean {
    return (
      this.process.exitCode === null && this.process.signalCode === null && this.process.pid !== undefined
    );
  }

  onLine(listener: (line: string) => void): void {
    this.listeners.add(listener);
  }

  /** Resolves with the first line that matches; rejects when the process ends or the time is over first. */
  async waitForLine(pattern: RegExp, timeoutMs: number): Promise<string> {
    return this.lastLines.find((line) => pattern.test(line)) ?? this.nextLine(pattern, timeoutMs);
  }

  /** The same for what it has not said yet. */
  async nextLine(pattern: RegExp, timeoutMs: number): Promise<string> {
    let listener!: (line: string) => void;
    let timer!: NodeJS.Timeout;
    const line = new Promise<string>((resolve, reject) => {
      listener = (one) => {
        if (pattern.test(one)) resolve(one);
      };
      this.listeners.add(listener);
      timer = setTimeout(() => reject(new Error(this.report(`not ready after ${timeoutMs} ms`))), timeoutMs);
      void this.ended.then(({ code, signal }) =>
        reject(new Error(this.report(`ended with ${signal ?? `code ${code ?? 'unknown'}`}`))),
      );
    });
    return line.finally(() => {
      clearTimeout(timer);
      this.listeners.delete(listener);
    });
  }

  /** Asks the process to end and, when it has not by then, kills it. */
  async stop(graceMs = 10_000, signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    if (this.isRunning) this.process.kill(signal);
    const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    const ending = await this.ended;
    clearTimeout(timer);
    return ending;
  }

  /** `kill -9`, at once. */
  async kill(): Promise<Ending> {
    this.process.kill('SIGKILL');
    return this.ended;
  }

  private receive(line: string): void {
    this.lastLines.push(line);
    if (this.lastLines.length > 50) this.lastLines.shift();
    for (const listener of this.listeners) listener(line);
  }

  private report(what: string): string {
    return [`${this.name}: ${what}. Its last lines:`, ...this.lastLines.slice(-15)].join('\n  ');
  }
}

/** Runs a command to its end. @throws Error with its last lines unless it ends with 0. */
export async function run(
  name: string,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<void> {
  const child = new Child(name, command, args, options);
  const lines: string[] = [];
  child.onLine((line) => lines.push(line));
  const { code, signal } = await child.ended;
  if (code !== 0) {
    throw new Error(
      [`${name} ended with ${signal ?? `code ${code ?? 'unknown'}`}:`, ...lines.slice(-15)].join('\n  '),
    );
  }
}
