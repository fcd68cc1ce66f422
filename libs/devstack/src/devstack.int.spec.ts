import { describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import pg from 'pg';
import { connect } from '@nats-io/transport-node';
import { freePort } from './free-port.js';
import { startPostgres } from './postgres.js';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('the development stack', () => {
  it('runs a Postgres that does not lie about durability', async () => {
    const client = new pg.Client({ connectionString: await createTestDatabase() });
    await client.connect();

    const { rows } = await client.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')`,
    );
    await client.end();

    expect(rows.map((row) => row.setting)).toEqual(['on', 'on', 'on']);
  });

  it('begins anew in a folder that was deleted', async () => {
    const checkout = await mkdtemp(join(tmpdir(), 'patchbay-anew-'));
    const home = join(checkout, '.patchbay');
    const dataDir = join(home, 'postgres');
    const before = await startPostgres({ dataDir });
    await before.stop();
    await rm(home, { recursive: true }); // as root, which Postgres cannot be, the data was never in there

    const after = await startPostgres({ dataDir });
    await after.stop();
    await rm(await realpath(dataDir), { recursive: true });
    await rm(checkout, { recursive: true });

    const password = ({ url }: { url: string }) => new URL(url).password;
    expect(password(after)).not.toBe(password(before));
  }, 60_000);

  it('runs a nats-server that answers, and ends it', async () => {
    const nats = await startTestNats();
    const connection = await connect({ servers: nats.url });
    expect(connection.info?.jetstream).toBe(true);
    await connection.close();

    await nats.stop();

    expect(nats.child.isRunning).toBe(false);
  });

  it('gives another port when the preferred one is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };

    expect(await freePort(port)).not.toBe(port);

    taken.close();
  });
});
