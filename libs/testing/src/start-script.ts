import type { Execution } from '#contracts/executor.contract';
import { natsOptions, type NatsAccess } from '#devstack/nats-access';
import { Child, type Ending } from '#devstack/child-process';
import { connect } from '@nats-io/transport-node';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** How long a start may take on a busy machine. */
export const readyMs = 60_000;

/** The wishes for ports: none. */
export const anyPort = { HTTP_PORT: '0', NATS_PORT: '0', POSTGRES_PORT: '0', SAMPLE_API_PORT: '0' };

/** The script that `npm start` runs, with a folder of its own. */
export class Start {
  readonly lines: string[] = [];
  readonly child: Child;

  constructor(
    readonly home: string,
    environment: Record<string, string> = {},
  ) {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, ...anyPort, PATCHBAY_HOME: home, ...environment };
    this.child = new Child('start', process.execPath, ['dist/scripts/start.js'], { env });
    this.child.onLine((line) => this.lines.push(line));
  }

  get text(): string {
    return this.lines.join('\n');
  }

  async ready(): Promise<this> {
    await this.child.waitForLine(/Ctrl-C stops everything/, readyMs);
    return this;
  }

  demo(): Record<string, string> {
    return JSON.parse(readFileSync(join(this.home, 'demo.json'), 'utf8')) as Record<string, string>;
  }

  /** Every process it has started, ended ones too; none before the first and after the last. */
  pids(): number[] {
    try {
      const text = readFileSync(join(this.home, 'run.json'), 'utf8');
      return (JSON.parse(text) as { children: number[] }).children;
    } catch {
      return [];
    }
  }

  async pidsUntilItEnds(): Promise<number[]> {
    let pids: number[] = [];
    while (this.child.isRunning) {
      pids = [...new Set([...pids, ...this.pids()])];
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return pids;
  }

  async pidOf(what: RegExp): Promise<number> {
    const found = await Promise.all(this.pids().map(async (pid) => ({ pid, command: await commandOf(pid) })));
    const pid = found.find((one) => what.test(one.command))?.pid;
    if (pid === undefined) throw new Error(`No process is ${String(what)}`);
    return pid;
  }

  /** As an orchestrator; asks again while the bus or the executor is away. */
  async execute(): Promise<Execution> {
    const { orgId, ...access } = this.demo();
    const giveUpAt = Date.now() + 20_000;
    for (;;) {
      try {
        const nats = await connect(natsOptions(access as unknown as NatsAccess));
        const request = { toolKey: 'get_order_status', arguments: { orderId: 'ORD-12345' } };
        const subject = `patchbay.v1.${orgId}.tools.execute`;
        const reply = await nats
          .request(subject, JSON.stringify(request), { timeout: 5000 })
          .finally(() => nats.close());
        const execution = reply.json<Execution>();
        if (execution.status === 'succeeded' || Date.now() > giveUpAt) return execution;
      } catch (error) {
        if (Date.now() > giveUpAt) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async rest(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const { restUrl, adminKey } = this.demo();
    const response = await fetch(`${restUrl}${path}`, { headers: { authorization: `Bearer ${adminKey}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Ctrl-C. Who has not ended after 10 s is killed, and then it shows. */
  interrupt(): Promise<Ending> {
    return this.child.stop(10_000, 'SIGINT');
  }
}

/** What a process was started with; empty when there is none. */
export async function commandOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout;
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
