import { busConfiguration, type BusServer } from '#messaging/bus-configuration';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { Child } from './child-process.js';
import { freePort } from './free-port.js';
import type { ServerOptions } from './server-options.js';

export interface RunningNats {
  readonly port: number;
  readonly url: string;
  readonly child: Child;
  /** Lets in other users, without ending anybody's connection that may stay. */
  reload(secured: SecuredBus): Promise<void>;
  stop(): Promise<void>;
}

/** Who is let in; absent, everybody is. */
export type SecuredBus = Pick<BusServer, 'users' | 'tls'>;

export interface NatsServerOptions extends ServerOptions {
  readonly secured?: SecuredBus | undefined;
  /** Writes every message that passes, payload included, to its output. */
  readonly traceBus?: boolean | undefined;
}

/** A real nats-server with JetStream on disk, as a child process. */
export async function startNatsServer(options: NatsServerOptions): Promise<RunningNats> {
  const home = resolve(options.dataDir);
  await mkdir(home, { recursive: true });
  const config = join(home, 'nats-server.conf');

  for (let attempt = 1; ; attempt += 1) {
    const port = options.exactPort ?? (await freePort(options.port));
    const write = (secured?: SecuredBus) =>
      writeFile(config, configuration(port, join(home, 'jetstream'), secured), { mode: 0o600 });
    await write(options.secured);
    options.signal?.throwIfAborted();
    const child = new Child('nats-server', natsServerBinary(), [
      '-c',
      config,
      ...(options.traceBus ? ['-DV'] : []),
    ]);
    options.onSpawn?.(child);
    try {
      await child.waitForLine(/Server is ready/, 15_000);
      const stop = async () => {
        await child.stop(5000);
      };
      const reload = async (secured: SecuredBus) => {
        await write(secured);
        const reloaded = child.nextLine(/Reloaded server configuration|reload failed/i, 5000);
        process.kill(child.pid, 'SIGHUP');
        const line = await reloaded;
        if (!line.includes('Reloaded server')) throw new Error(`nats-server: ${line}`);
      };
      return { port, url: `nats://127.0.0.1:${port}`, child, reload, stop };
    } catch (error) {
      await child.kill();
      if (attempt === 3) throw error;
    }
  }
}

function configuration(port: number, store: string, secured: SecuredBus | undefined): string {
  if (secured) return busConfiguration({ host: '127.0.0.1', port, storeDir: store, ...secured });
  return [
    'host: "127.0.0.1"',
    `port: ${port}`,
    'max_payload: 1MB',
    'jetstream {',
    `  store_dir: ${JSON.stringify(store)}`,
    '  max_file_store: 1GB',
    '}',
    '',
  ].join('\n');
}

/** Where the server is: named by `NATS_SERVER_BIN`, on the PATH or in the usual folders, or fetched by scripts/setup.mjs. */
export function natsServerBinary(): string {
  if (process.env.NATS_SERVER_BIN) return process.env.NATS_SERVER_BIN;
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/usr/local/bin',
    '/opt/homebrew/bin',
    resolve('.patchbay', 'bin'),
  ];
  const found = folders.map((folder) => join(folder, 'nats-server')).find((file) => existsSync(file));
  if (!found) throw new Error('nats-server is not installed; run `node scripts/setup.mjs`');
  return found;
}
