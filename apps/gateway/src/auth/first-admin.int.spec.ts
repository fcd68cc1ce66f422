import type { RunningNats } from '#devstack/nats-server';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { gatewayDataSource } from '../data-source.js';
import { startGateway, type RunningGateway } from '../../test/start-gateway.js';
import type { FirstOrganization } from './organizations.service.js';

describe('the first start', () => {
  let nats: RunningNats;
  let databaseUrl: string;
  let serviceUrl: string;
  let home: string;
  let keyFile: string;
  const running: RunningGateway[] = [];
  const logged: string[] = [];
  const note = (message: unknown) => void logged.push(String(message));
  const logger = { log: note, error: note, warn: note };

  beforeAll(async () => {
    nats = await startTestNats();
  });
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'patchbay-first-admin-'));
    keyFile = join(home, 'first-admin.json');
    databaseUrl = await createTestDatabase();
    serviceUrl = await migrateAsService(gatewayDataSource, databaseUrl);
    logged.length = 0;
  });
  afterEach(async () => {
    for (const gateway of running.splice(0)) await gateway.stop();
    await rm(home, { recursive: true });
  });
  afterAll(async () => nats.stop());

  const start = async (environment: Record<string, string> = { FIRST_ADMIN_KEY_FILE: keyFile }) => {
    const fixed = { DATABASE_URL: serviceUrl, NATS_URL: nats.url };
    const gateway = await startGateway({ ...fixed, ...environment }, logger);
    running.push(gateway);
    return gateway;
  };
  const readKey = async () => JSON.parse(await readFile(keyFile, 'utf8')) as FirstOrganization;
  const count = async (table: string) => {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    const { rows } = await client.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM gateway.${table}`,
    );
    await client.end();
    return rows[0]?.count;
  };

  it('makes an organization and leaves its admin key in a file only its owner can read', async () => {
    await writeFile(keyFile, 'old', { mode: 0o644 });

    const gateway = await start();

    const { orgId, adminKey } = await readKey();
    expect(await gateway.ask('GET', '/v1/me', { key: adminKey })).toMatchObject({
      status: 200,
      body: { organization: { id: orgId, name: 'Default organization' }, role: 'admin' },
    });
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readdir(home)).toEqual(['first-admin.json']);
    expect(logged.join('\n')).toContain(keyFile);
    expect(logged.join('\n')).not.toContain(adminKey.slice(4));
  });

  it('makes one organization when gateways start at the same time, and the key left is its', async () => {
    const [one] = await Promise.all([start(), start(), start()]);

    const { adminKey } = await readKey();
    expect(await count('organizations')).toBe(1);
    expect(await count('api_keys')).toBe(1);
    expect((await one.ask('GET', '/v1/me', { key: adminKey })).status).toBe(200);
  });

  it('is only the first: later ones leave organization and file alone', async () => {
    await start();
    const before = await readFile(keyFile, 'utf8');
    await start();

    expect(await readFile(keyFile, 'utf8')).toBe(before);
    expect(await count('organizations')).toBe(1);
  });

  it('makes nothing when the key cannot be written, and can be repeated', async () => {
    const unwritable = join(home, 'no such folder', 'key.json');

    await expect(start({ FIRST_ADMIN_KEY_FILE: unwritable })).rejects.toThrow('ENOENT');
    expect([await count('organizations'), await count('api_keys')]).toEqual([0, 0]);

    await start();
    expect(await count('organizations')).toBe(1);
  });

  it('without a file to leave the key in says how to name one, and serves all the same', async () => {
    const gateway = await start({});

    expect(await count('organizations')).toBe(0);
    expect(logged.join('\n')).toContain('Set FIRST_ADMIN_KEY_FILE');
    expect((await gateway.ask('GET', '/docs-json')).status).toBe(200);
  });
});
