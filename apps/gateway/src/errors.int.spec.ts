import { getTool, listTools } from '#contracts/catalog.contract';
import { errorCodes, ServiceError } from '#contracts/errors';
import { executeTool } from '#contracts/executor.contract';
import type { RunningNats } from '#devstack/nats-server';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { makeKey } from './auth/key-secret.js';
import { httpStatus } from './http-status.js';
import { execution } from '../test/sample-replies.js';
import { startGateway, type RequestOptions } from '../test/start-gateway.js';
import { startWorld, type World } from '../test/start-world.js';

describe('what goes wrong', () => {
  let nats: RunningNats;
  let world: World;
  let database: pg.Client;
  const logged: string[] = [];
  const note = (...parts: unknown[]) => void logged.push(parts.join(' '));
  const logger = { log: () => undefined, error: note, warn: note };

  beforeAll(async () => {
    nats = await startTestNats();
    const databaseUrl = await createTestDatabase();
    database = new pg.Client(databaseUrl);
    await database.connect();
    world = await startWorld({
      databaseUrl,
      natsUrl: nats.url,
      environment: { REQUEST_TIMEOUT_MS: '200', MAX_IN_FLIGHT: '2', CORS_ORIGINS: 'https://console.test' },
      logger,
    });
  });
  beforeEach(() => {
    world.services.reset();
    logged.length = 0;
  });
  afterAll(async () => {
    await world.stop();
    await database.end();
    await nats.stop();
  });

  const refusal = (method: string, path: string, options: RequestOptions = {}) =>
    world.gateway.refusal(method, path, { key: world.keys.editor, ...options });

  it.each(errorCodes)('in a service is passed on as what it is: %s', async (code) => {
    world.services.answer(getTool, () => {
      throw new ServiceError(code, 'What happened, in words');
    });

    expect(await refusal('GET', '/v1/tools/look_up')).toMatchObject({
      type: `urn:patchbay:problem:${code}`,
      title: expect.stringMatching(/^[A-Z][a-zA-Z ]+$/),
      status: httpStatus[code],
      detail: 'What happened, in words',
      instance: '/v1/tools/look_up',
      code,
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it.each([
    ['overloaded', '1'],
    ['service_unavailable', '1'],
    ['internal', null],
  ] as const)('says when to try again after %s: %s', async (code, retryAfter) => {
    world.services.answer(getTool, () => {
      throw new ServiceError(code, 'Not now');
    });
    const reply = await world.gateway.ask('GET', '/v1/tools/look_up', { key: world.keys.editor });

    expect(reply.headers.get('retry-after')).toBe(retryAfter);
  });

  it.each<[string, string, string, number]>([
    ['an unknown route', 'GET', '/v1/nothing?token=secret', 404],
    ['another method', 'PATCH', '/v1/tools', 404],
    ['the root', 'GET', '/', 404],
    ['a path that cannot be decoded', 'GET', '/v1/tools/%FF', 400],
  ])('before any route is a problem too: %s', async (_what, method, path, status) => {
    const problem = await refusal(method, path);

    expect(problem.status).toBe(status);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  const json = { 'content-type': 'application/json' };
  it.each<[string, RequestOptions, number, string]>([
    ['text that is not JSON', { body: '{"key": "a' }, 400, 'invalid_request'],
    ['an array', { body: '[]' }, 400, 'invalid_request'],
    ['a number', { body: '7' }, 400, 'invalid_request'],
    ['null', { body: 'null' }, 400, 'invalid_request'],
    ['nothing', { headers: json }, 400, 'invalid_request'],
    [
      'another content type',
      { body: 'key=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      400,
      'invalid_request',
    ],
    ['plain text', { body: '{}', headers: { 'content-type': 'text/plain' } }, 400, 'invalid_request'],
    [
      'another character set',
      { body: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
      400,
      'invalid_request',
    ],
    [
      'another encoding',
      { body: '{}', headers: { ...json, 'content-encoding': 'rot13' } },
      400,
      'invalid_request',
    ],
    [
      'a body that is not what its encoding says',
      { body: '{}', headers: { ...json, 'content-encoding': 'gzip' } },
      400,
      'invalid_request',
    ],
    ['a body over 256 KiB', { body: JSON.stringify({ key: 'k'.repeat(262_144) }) }, 413, 'payload_too_large'],
    [
      'a deep object',
      { body: `{"key":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}` },
      400,
      'invalid_request',
    ],
    ['a deep array', { body: `${'['.repeat(100_000)}${']'.repeat(100_000)}` }, 400, 'invalid_request'],
    ['a prototype', { body: '{"__proto__": {"isAdmin": true}}' }, 400, 'invalid_request'],
    ['a constructor', { body: '{"constructor": {"prototype": {"isAdmin": true}}}' }, 400, 'invalid_request'],
  ])('with a body: %s', async (_what, options, status, code) => {
    expect(await refusal('POST', '/v1/tools', options)).toMatchObject({ status, code });
    expect(world.services.asked).toEqual([]);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it('with arguments nested deeper than anybody could write out again is a problem of the request', async () => {
    const body = `{"toolKey":"look_up","arguments":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_001)}`;

    expect(await refusal('POST', '/v1/executions', { key: world.keys.executor, body })).toMatchObject({
      code: 'invalid_request',
      problems: [{ pointer: '', message: 'must not be nested deeper than 64 levels' }],
    });
  });

  it('with what is under `__proto__` in arguments is nothing: it is data, and is passed on as it is', async () => {
    const body = '{"toolKey":"look_up","arguments":{"__proto__":{"isAdmin":true}}}';
    await world.gateway.ask('POST', '/v1/executions', { key: world.keys.executor, body });

    expect(JSON.stringify(world.services.last?.request.arguments)).toBe('{"__proto__":{"isAdmin":true}}');
  });

  it('a service that is too slow is 504, and was not waited for longer', async () => {
    world.services.answer(listTools, () => new Promise(() => undefined));

    expect(await refusal('GET', '/v1/tools')).toMatchObject({ status: 504, code: 'deadline_exceeded' });
  });

  it('nobody there to answer is 503 at once, and says when to try again', async () => {
    const emptyBus = await startTestNats();
    const gateway = await startGateway({ DATABASE_URL: world.databaseUrl, NATS_URL: emptyBus.url }, logger);
    try {
      const reply = await gateway.ask('POST', '/v1/executions', {
        key: world.keys.executor,
        body: { toolKey: 'look_up' },
      });

      expect(reply).toMatchObject({ status: 503, body: { code: 'service_unavailable' } });
      expect(reply.headers.get('retry-after')).toBe('1');
    } finally {
      await gateway.stop();
      await emptyBus.stop();
    }
  });

  it('a shutdown is not: what is under way is finished, and no idle connection holds it up', async () => {
    const gateway = await startGateway({ DATABASE_URL: world.databaseUrl, NATS_URL: nats.url }, logger);
    const { promise: held, resolve: release } = Promise.withResolvers<typeof execution>();
    world.services.answer(executeTool, () => held);
    const underWay = gateway.ask('POST', '/v1/executions', {
      key: world.keys.executor,
      body: { toolKey: 'look_up' },
    });
    await world.services.nextAsked();

    const startedAt = performance.now();
    const stopping = gateway.stop();
    release(execution);

    expect((await underWay).status).toBe(200);
    await stopping;
    expect(performance.now() - startedAt).toBeLessThan(3000); // a connection is kept alive for five seconds
  });

  it('a shutdown does not wait for ever: what is still under way after DRAIN_MS is cut off', async () => {
    const environment = { DATABASE_URL: world.databaseUrl, NATS_URL: nats.url, DRAIN_MS: '100' };
    const gateway = await startGateway(environment, logger);
    world.services.answer(executeTool, () => new Promise(() => undefined));
    const underWay = gateway.ask('POST', '/v1/executions', {
      key: world.keys.executor,
      body: { toolKey: 'look_up' },
    });
    const cutOff = expect(underWay).rejects.toThrow('fetch failed');
    await world.services.nextAsked();

    await gateway.stop();
    await cutOff;
  });

  it('more requests at once than allowed are refused, and those under way are not', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<typeof execution>();
    world.services.answer(executeTool, () => held);
    const options = { key: world.keys.executor, body: { toolKey: 'look_up' } };
    const underWay = [1, 2].map(() => world.gateway.ask('POST', '/v1/executions', options));
    while (world.services.asked.length < 2) await world.services.nextAsked();

    expect(await refusal('GET', '/v1/tools')).toMatchObject({ status: 503, code: 'overloaded' });

    release(execution);
    expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('a database that cannot be asked is 503 for a key not seen lately', async () => {
    await database.query('ALTER TABLE gateway.api_keys RENAME TO elsewhere');
    try {
      expect(await refusal('GET', '/v1/me', { key: makeKey() })).toMatchObject({
        status: 503,
        code: 'service_unavailable',
      });
    } finally {
      await database.query('ALTER TABLE gateway.elsewhere RENAME TO api_keys');
    }
  });

  it('a surprise is logged, and says nothing outside', async () => {
    await world.gateway.ask('GET', '/v1/me', { key: world.keys.admin }); // the key is known from here on
    await database.query('ALTER TABLE gateway.api_keys RENAME COLUMN name TO other_name');
    try {
      const problem = await refusal('GET', '/v1/api-keys', { key: world.keys.admin });

      expect(problem).toMatchObject({ status: 500, code: 'internal' });
      expect(JSON.stringify(problem)).not.toMatch(/select|column|api_keys"|\.ts|\.js/i);
      expect(logged.join('\n')).toContain('GET /v1/api-keys failed');
    } finally {
      await database.query('ALTER TABLE gateway.api_keys RENAME COLUMN other_name TO name');
    }
  });

  it('a page of another origin may call only when its origin is configured', async () => {
    const allowed = (origin: string) =>
      world.gateway
        .ask('GET', '/v1/me', { key: world.keys.viewer, headers: { origin } })
        .then(({ headers }) => headers.get('access-control-allow-origin'));

    expect(await allowed('https://console.test')).toBe('https://console.test');
    expect(await allowed('https://elsewhere.test')).toBeNull();
  });

  it('replies carry no sign of the framework, and may be used by no page', async () => {
    const { headers } = await world.gateway.ask('GET', '/v1/me', { key: world.keys.viewer });

    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('private, no-cache');
  });
});
