import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { Child } from './child-process.js';
import { freePort } from './free-port.js';

export interface RunningNats {
  readonly port: number;
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/** A real nats-server with JetStream on disk, as a child process. */
export async function startNatsServer(options: { dataDir: string; port?: number }): Promise<RunningNats> {
  const home = resolve(options.dataDir);
  await mkdir(home, { recursive: true });
  const config = join(home, 'nats-server.conf');

  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(options.port);
    await writeFile(config, configuration(port, join(home, 'jetstream')), { mode: 0o600 });
    const child = new Child('nats-server', natsServerBinary(), ['-c', config]);
    try {
      await child.waitForLine(/Server is ready/, 15_000);
      const stop = async () => {
        await child.stop(5000);
      };
      return { port, url: `nats://127.0.0.1:${port}`, child, stop };
    } catch (error) {
      await child.kill();
      if (attempt === 3) throw error;
    }
  }
}

function configuration(port: number, store: string): string {
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
