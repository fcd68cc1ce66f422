import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

/** Bytes in which no secret may be, and where they come from. */
export interface Piece {
  readonly where: string;
  readonly bytes: Buffer;
}

/** Every file below, as it is at this moment. */
export async function* filesBelow(folder: string): AsyncGenerator<Piece> {
  for (const name of await readdir(folder, { recursive: true })) {
    const where = join(folder, name);
    if (!(await stat(where).catch(() => undefined))?.isFile()) continue;
    yield { where, bytes: await readFile(where).catch(() => Buffer.alloc(0)) }; // gone meanwhile
  }
}

/**
 * All that `pg_dump` would write, and more: every row of every table, of the system's own too, so definitions, comments
 * and settings of roles are among them; what is binary as it is; large objects.
 */
export async function* dumpOf(databaseUrl: string): AsyncGenerator<Piece> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(`
      SELECT format('%I.%I', n.nspname, c.relname) AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'pg_toast'`);
    for (const { name } of rows) {
      const { rows: found } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      yield { where: name, bytes: Buffer.from(found.map(({ text }) => text).join('\n')) };
    }
    yield* binaryColumnsOf(client);
    const { rows: objects } = await client.query<{ oid: string; content: Buffer }>(
      'SELECT oid::text, lo_get(oid) AS content FROM pg_largeobject_metadata',
    );
    for (const { oid, content } of objects) yield { where: `large object ${oid}`, bytes: content };
  } finally {
    await client.end();
  }
}

/** As text `bytea` is hexadecimal: here it is as it is. */
async function* binaryColumnsOf(client: pg.Client): AsyncGenerator<Piece> {
  const { rows } = await client.query<{ name: string; column: string }>(`
    SELECT format('%I.%I', n.nspname, c.relname) AS name, a.attname AS column
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND a.atttypid = 'bytea'::regtype AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname NOT LIKE 'pg\\_%'`);
  for (const { name, column } of rows) {
    const { rows: found } = await client.query<{ content: Buffer | null }>(
      `SELECT ${client.escapeIdentifier(column)} AS content FROM ${name}`,
    );
    const bytes = Buffer.concat(found.map(({ content }) => content ?? Buffer.alloc(0)));
    yield { where: `${name}.${column}`, bytes };
  }
}

/** What `pg_dump` says; undefined where none is installed that is as new as the server, which it insists on. */
export async function pgDumpOf(databaseUrl: string): Promise<Buffer | undefined> {
  const run = promisify(execFile);
  const named = process.env.PG_DUMP_BIN;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const program = named ?? folders.map((folder) => join(folder, 'pg_dump')).find((file) => existsSync(file));
  if (program === undefined) return undefined;
  const [, major] = /(\d+)/.exec((await run(program, ['--version'])).stdout) ?? [];
  if (Number(major) < (await serverMajor(databaseUrl))) return undefined;
  const limits = { maxBuffer: 512 * 1024 * 1024, encoding: 'buffer' } as const;
  return (await run(program, ['--dbname', databaseUrl], limits)).stdout;
}

async function serverMajor(databaseUrl: string): Promise<number> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return parseInt(rows[0]?.server_version ?? '', 10);
}

/** What anybody on the machine who may ask the kernel sees of a process; Linux only. */
export async function processOf(pid: number): Promise<{ commandLine: Buffer; environment: Buffer }> {
  return {
    commandLine: await readFile(`/proc/${pid}/cmdline`),
    environment: await readFile(`/proc/${pid}/environ`),
  };
}
