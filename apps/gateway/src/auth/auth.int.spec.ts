import type { RunningNats } from '#devstack/nats-server';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { definition } from '../../test/sample-replies.js';
import { routesOf, type RequestOptions } from '../../test/start-gateway.js';
import { startWorld, type World } from '../../test/start-world.js';
import { makeKey } from './key-secret.js';
import { roles, type Role } from './roles.js';

const everyone: Role[] = ['admin', 'editor', 'viewer', 'executor'];
const viewers: Role[] = ['admin', 'editor', 'viewer'];
const editors: Role[] = ['admin', 'editor'];
const executors: Role[] = ['admin', 'editor', 'executor'];
const admins: Role[] = ['admin'];

const bearer = { type: 'bearer', name: 'crm', origins: [], token: 'sk_live_1234567890' };
const all = '/v1/api-keys?limit=200';
const nobody = '0199b0c1-0000-7000-8000-00000000dead';

/** Every route: who may ask it, and what they are answered. */
const routes: [route: string, allowed: Role[], status: number, body?: unknown][] = [
  ['POST /v1/tools', editors, 201, definition],
  ['POST /v1/tools/import', editors, 200, { source: 'curl https://api.example.com/orders' }],
  ['GET /v1/tools', everyone, 200],
  ['GET /v1/tools/export', viewers, 200],
  ['GET /v1/tools/:key', viewers, 200],
  ['PUT /v1/tools/:key', editors, 200, definition],
  ['DELETE /v1/tools/:key', editors, 200],
  ['POST /v1/tools/:key/publish', editors, 200],
  ['POST /v1/tools/:key/rollback', editors, 200, { version: 2 }],
  ['GET /v1/tools/:key/versions', viewers, 200],
  ['GET /v1/tools/:key/versions/:n', viewers, 200],
  ['POST /v1/tools/:key/test', editors, 200, { arguments: {} }],
  ['GET /v1/tools/:key/versions/:n/diff', viewers, 200],
  ['POST /v1/tools/:key/restore', editors, 200],
  ['GET /v1/tools/:key/dependents', viewers, 200],
  ['GET /v1/tools/:key/environments', viewers, 200],
  ['PUT /v1/tools/:key/environments/:name', editors, 200, { version: 'published' }],
  ['GET /v1/agents/:agentId/tools', viewers, 200],
  ['PUT /v1/agents/:agentId/tools', editors, 200, { tools: [] }],
  ['POST /v1/credentials', editors, 201, bearer],
  ['GET /v1/credentials', viewers, 200],
  ['GET /v1/credentials/:id', viewers, 200],
  ['PUT /v1/credentials/:id', editors, 200, bearer],
  ['DELETE /v1/credentials/:id', editors, 204],
  ['GET /v1/credentials/:id/accesses', admins, 200],
  ['POST /v1/credentials/:id/connections', admins, 200, {}],
  ['GET /v1/credentials/:id/connections', admins, 200],
  ['DELETE /v1/credentials/:id/connections', admins, 204],
  ['DELETE /v1/credentials/:id/connections/:endUser', admins, 204],
  ['POST /v1/executions', executors, 200, { toolKey: 'look_up' }],
  ['GET /v1/executions', everyone, 200],
  ['GET /v1/executions/:id', everyone, 200],
  ['POST /v1/executions/:id/cancel', executors, 200],
  ['GET /v1/stats', viewers, 200],
  ['POST /v1/api-keys', admins, 201, { name: 'one more', role: 'viewer' }],
  ['GET /v1/api-keys', admins, 200],
  ['GET /v1/api-keys/:id', admins, 404],
  ['DELETE /v1/api-keys/:id', admins, 404],
  ['GET /v1/me', everyone, 200],
  ['POST /v1/operations/rotations', [], 201, {}],
  ['GET /v1/operations/rotations/latest', [], 200],
  ['GET /v1/operations/rotations/:id', [], 200],
];
/** Where people come without a key, with what they were given: see `oauth/oauth.int.spec.ts`. */
const forBrowsers = ['GET /v1/oauth/connect/:ticket', 'GET /v1/oauth/callback'];
const names: Record<string, string> = {
  key: 'look_up',
  n: '3',
  id: nobody,
  agentId: 'front desk',
  name: 'staging',
  endUser: 'contact-7',
};
const fill = (path: string) => path.replaceAll(/:(\w+)/g, (_, name: string) => names[name] ?? name);

describe('API keys', () => {
  let nats: RunningNats;
  let database: pg.Pool;
  let world: World;
  const logged: string[] = [];
  const note = (...parts: unknown[]) => void logged.push(JSON.stringify(parts));

  beforeAll(async () => {
    nats = await startTestNats();
    const databaseUrl = await createTestDatabase();
    database = new pg.Pool({ connectionString: databaseUrl });
    const logger = { log: note, error: note, warn: note, debug: note, verbose: note, fatal: note };
    world = await startWorld({ databaseUrl, natsUrl: nats.url, logger });
  });
  beforeEach(() => world.services.reset());
  afterAll(async () => {
    await database.end();
    await world.stop();
    await nats.stop();
  });

  const ask = (method: string, path: string, options?: RequestOptions) =>
    world.gateway.ask(method, path, options);
  const refusal = (method: string, path: string, options?: RequestOptions) =>
    world.gateway.refusal(method, path, options);
  const create = async (name: string, role: Role) => {
    const { body } = await ask('POST', '/v1/api-keys', { key: world.keys.admin, body: { name, role } });
    return body as { id: string; key: string };
  };

  it('are asked for by every route of the router, or it would be missing here', () => {
    const every = [...routes.map(([route]) => route), ...forBrowsers];
    expect(routesOf(world.gateway.app)).toEqual(every.sort());
  });

  describe.each(routes)('%s', (route, allowed, status, body) => {
    const [method = '', template = ''] = route.split(' ');
    const path = fill(template);

    it.each(roles)('answers the role %s as it should', async (role) => {
      const options = { key: world.keys[role], ...(body !== undefined && { body }) };

      if (allowed.includes(role)) {
        expect(await ask(method, path, options)).toMatchObject({ status });
      } else {
        expect(await refusal(method, path, options)).toMatchObject({ status: 403, code: 'forbidden' });
        expect(world.services.asked).toEqual([]);
      }
    });

    it.each([
      ['no key', {}],
      ['a key that is none', { authorization: 'Bearer garbage' }],
      ['a well-formed key of nobody', { authorization: `Bearer ${makeKey()}` }],
      ['another scheme', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
      ['an empty token', { authorization: 'Bearer ' }],
    ])('refuses %s', async (_what, headers) => {
      const options = { headers: headers as Record<string, string>, ...(body !== undefined && { body }) };
      const reply = await ask(method, path, options);

      expect(reply).toMatchObject({ status: 401, body: { code: 'unauthenticated', status: 401 } });
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
      expect(world.services.asked).toEqual([]);
    });
  });

  it('are shown once, when they are made', async () => {
    const made = await ask('POST', '/v1/api-keys', {
      key: world.keys.admin,
      body: { name: 'orchestrator', role: 'executor' },
    });
    const path = made.headers.get('location')!;
    const later = await ask('GET', path, { key: world.keys.admin });
    const list = await ask('GET', all, { key: world.keys.admin });

    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.body.key).toMatch(/^pbk_[A-Za-z0-9_-]{43}$/);
    expect(later.body).toEqual({
      id: made.body.id,
      name: 'orchestrator',
      role: 'executor',
      createdAt: made.body.createdAt,
    });
    expect(JSON.stringify(list.body)).toContain(made.body.id);
    expect(JSON.stringify(list.body)).not.toContain('pbk_');
  });

  it('say when they were last used, to the minute', async () => {
    const { id, key } = await create('seldom used', 'viewer');
    await ask('GET', '/v1/me', { key });

    const { body } = await ask('GET', `/v1/api-keys/${id}`, { key: world.keys.admin });

    expect(body.lastUsedAt).toMatch(/:00\.000Z$/);
  });

  it('are refused by the gateway that deleted them at once', async () => {
    const { id, key } = await create('short-lived', 'viewer');
    expect((await ask('GET', '/v1/me', { key })).status).toBe(200);

    expect((await ask('DELETE', `/v1/api-keys/${id}`, { key: world.keys.admin })).status).toBe(204);

    expect(await refusal('GET', '/v1/me', { key })).toMatchObject({ code: 'unauthenticated' });
    expect(await refusal('DELETE', `/v1/api-keys/${id}`, { key: world.keys.admin })).toMatchObject({
      code: 'api_key_not_found',
    });
  });

  it('of another organization do not exist', async () => {
    await database.query(`INSERT INTO gateway.organizations (id, name) VALUES ($1, 'Other')`, [nobody]);
    await database.query(
      `INSERT INTO gateway.api_keys (id, org_id, name, role, digest) VALUES ($1, $1, 'theirs', 'viewer', $2)`,
      [nobody, Buffer.alloc(32)],
    );

    for (const method of ['GET', 'DELETE']) {
      expect(await refusal(method, `/v1/api-keys/${nobody}`, { key: world.keys.admin })).toMatchObject({
        status: 404,
        code: 'api_key_not_found',
      });
    }
    const { body } = await ask('GET', all, { key: world.keys.admin });
    expect(JSON.stringify(body)).not.toContain('theirs');
  });

  it('are listed page by page, each once', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await ask('GET', `/v1/api-keys?limit=2${cursor}`, { key: world.keys.admin });
      seen.push(...(body.items as { id: string }[]).map(({ id }) => id));
      cursor = body.nextCursor === undefined ? '' : `&cursor=${body.nextCursor as string}`;
    } while (cursor !== '');

    const { body } = await ask('GET', all, { key: world.keys.admin });
    expect(seen).toEqual((body.items as { id: string }[]).map(({ id }) => id));
    expect(await refusal('GET', '/v1/api-keys?cursor=!', { key: world.keys.admin })).toMatchObject({
      code: 'invalid_request',
      problems: [{ pointer: '/cursor' }],
    });
  });

  it('of an organization always include an admin’s, also when admins delete each other', async () => {
    const { body } = await ask('GET', all, { key: world.keys.admin });
    const ids = (body.items as { id: string; role: Role }[])
      .filter(({ role }) => role === 'admin')
      .map(({ id }) => id);

    // Held until both are in the middle of it: each would still see the other's key.
    const holder = await database.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM gateway.api_keys FOR UPDATE');
    const removals = ids.map((id) => ask('DELETE', `/v1/api-keys/${id}`, { key: world.keys.admin }));
    const waiting =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while ((await database.query(waiting)).rowCount !== ids.length);
    await holder.query('COMMIT');
    holder.release();

    const replies = await Promise.all(removals);
    expect(replies.map(({ status }) => status).sort()).toEqual([204, 412]);
  });

  it('are nowhere in the database or the log', async () => {
    const { rows } = await database.query('SELECT api_keys::text AS row, digest FROM gateway.api_keys');
    const everything = JSON.stringify(rows) + logged.join('\n');

    expect(rows.length).toBeGreaterThan(4);
    expect(logged.length).toBeGreaterThan(4);
    expect(everything).not.toContain('pbk_');
    for (const key of Object.values(world.keys)) expect(everything).not.toContain(key.slice(4));
  });
});
