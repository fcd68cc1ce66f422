import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Account, Errand } from './hostile-client.js';
import type { HostileVector } from './hostile-vectors.js';
import { answer, response, Upstream } from './upstream.js';
import { gzipSync } from 'node:zlib';
import { key, trusted } from './certificates.js';

/** An egress client in a process of its own, and the hostile upstreams it is sent to. */
export class HostilityTrial {
  private constructor(private readonly process: ChildProcess) {}

  /** @param program the compiled `hostile-client.js` */
  static async start(program: string): Promise<HostilityTrial> {
    // A small nursery: what V8 has not yet swept up is not what an upstream can make us hold.
    const execArgv = ['--expose-gc', '--max-semi-space-size=1'];
    const process = fork(program, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const trial = new HostilityTrial(process);
    await once(process, 'message');
    await trial.warmUp();
    return trial;
  }

  async face({ behaviour, tls, host = '127.0.0.1' }: HostileVector, timeoutMs: number): Promise<Account> {
    const upstream = await Upstream.start(behaviour, tls);
    try {
      return await this.send({ url: `${tls ? 'https' : 'http'}://${host}:${upstream.port}/`, timeoutMs });
    } finally {
      await upstream.stop();
    }
  }

  async stop(): Promise<void> {
    this.process.kill();
    await once(this.process, 'exit');
  }

  /** What code and tables take once is not what a response takes. */
  private async warmUp(): Promise<void> {
    const body = gzipSync(Buffer.alloc(500_000));
    const behaviour = answer(response(body, 'content-encoding: gzip\r\n'));
    for (const tls of [undefined, { key, cert: trusted }]) {
      const vector = { name: 'harmless', behaviour, comesTo: 'response' as const, ...(tls && { tls }) };
      for (let n = 0; n < 10; n += 1) await this.face(vector, 5000);
    }
  }

  private async send(errand: Errand): Promise<Account> {
    const answered = once(this.process, 'message') as Promise<[Account]>;
    this.process.send(errand);
    return (await answered)[0];
  }
}
