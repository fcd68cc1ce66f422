import type { RunningNats } from '#devstack/nats-server';
import { resolveTool, toolChanged } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import {
  executeTool,
  executionsRecorded,
  executionStream,
  testTool,
  type ExecuteTool,
  type ExecutionRecord,
} from '#contracts/executor.contract';
import type { CredentialSecret } from '#contracts/vault.contract';
import { DurableStream } from '#messaging/durable-stream';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { fakeVault } from '#testing/fake-vault';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { parseExactly } from '#toolcall/exact-json';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import pg from 'pg';
import { ExecutorConfig } from '../config.js';
import { executorDataSource } from '../data-source.js';
import { ExecutorModule } from '../executor.module.js';

const EXECUTOR_KEY = randomBytes(32);
const SECRET = 'sk_live_51HxWq9z_canary';

describe('the executor', () => {
  let nats: RunningNats;
  let executor: TestService;
  let upstream: UpstreamServer;
  let others: FakeResponder;
  let database: pg.Client;
  let secrets: Map<string, CredentialSecret>;
  let catalogAsked: unknown[];
  let orgId: string;
  const tools = new Map<string, ToolDefinition>();
  const records: ExecutionRecord[] = [];
  const recorded = new EventEmitter();

  beforeAll(async () => {
    nats = await startTestNats();
    upstream = await startUpstream();
    others = await FakeResponder.start(nats.url);
    ({ requests: catalogAsked } = await others.answer(resolveTool, ({ toolKey, version }) => {
      const definition = tools.get(toolKey);
      if (!definition) throw new ServiceError('tool_not_found', `There is no tool \`${toolKey}\``);
      return { key: toolKey, version: version === 'draft' ? 0 : 3, definition };
    }));
    ({ secrets } = await fakeVault(others, EXECUTOR_KEY));
    const url = await createTestDatabase();
    const serviceUrl = await migrateAsService(executorDataSource, url);
    database = new pg.Client({ connectionString: url });
    await database.connect();
    const config = loadConfig(ExecutorConfig, {
      NATS_URL: nats.url,
      DATABASE_URL: serviceUrl,
      EXECUTOR_KEY: EXECUTOR_KEY.toString('base64'),
      EGRESS_ALLOW: upstream.origin,
    });
    executor = await startTestService('executor', nats.url, ExecutorModule.forRoot(config));
    executor.get(DurableStream).consume(executionStream, executionsRecorded, (payload) => {
      records.push(...payload.records);
      recorded.emit('more');
      return Promise.resolve();
    });
  });
  beforeEach(() => {
    orgId = randomUUID();
    upstream.requests.length = 0;
    upstream.answerJson(200, { ok: true });
  });
  afterAll(async () => {
    await executor.get(DurableStream).close();
    await executor.stop();
    await others.stop();
    await database.end();
    await upstream.stop();
    await nats.stop();
  });

  let nextTool = 0;
  /** Publishes a tool whose URL is a path at the spec's upstream. */
  function publish(
    overrides: NonNullable<Parameters<typeof toolDefinition>[0]> = {},
    path = '/orders',
  ): string {
    const key = `tool_${++nextTool}`;
    const request = { ...overrides.request, url: overrides.request?.url ?? `${upstream.origin}${path}` };
    tools.set(key, toolDefinition({ ...overrides, key, request }));
    return key;
  }
  function addCredential(secret: CredentialSecret): string {
    const id = randomUUID();
    secrets.set(id, secret);
    return id;
  }
  const execute = (request: ExecuteTool) => executor.call(executeTool, request, { orgId });
  async function recordOf(executionId: string): Promise<ExecutionRecord> {
    for (;;) {
      const record = records.find((one) => one.executionId === executionId);
      if (record) return record;
      await once(recorded, 'more');
    }
  }

  it('sends the rendered request and replies with variables, result and words', async () => {
    upstream.answerJson(200, {
      customer: { name: 'John Smith', tier: 'gold' },
      orders: [{ id: 'ORD-1', total: 99.99 }],
    });
    const toolKey = publish(
      {
        parameters: strings('order_id', 'note?'),
        messages: { start: 'One moment', complete: 'It is for {{customer.name}}' },
        response: { variables: [{ name: 'total', path: 'orders[0].total' }] },
      },
      '/orders/{{order_id}}?fixed=1',
    );
    const callId = randomUUID();

    const execution = await execute({ toolKey, callId, arguments: { order_id: 'ORD 1' } });

    expect(execution).toMatchObject({
      toolKey,
      version: 3,
      callId,
      status: 'succeeded',
      outcome: 'ok',
      variables: { customer: { name: 'John Smith' }, total: 99.99, api_response_status: 200 },
      result: { orders: [{ id: 'ORD-1' }] },
      say: { start: 'One moment', complete: 'It is for John Smith' },
      http: { status: 200, attempts: 1 },
      timing: { totalMs: expect.any(Number), upstreamMs: expect.any(Number) },
      replayed: false,
    });
    const [received] = upstream.requests;
    expect(received).toMatchObject({ method: 'GET', url: '/orders/ORD%201?fixed=1', body: '' });
    expect(received?.headers).toMatchObject({
      'x-patchbay-call-id': callId,
      'x-patchbay-org-id': orgId,
      'x-patchbay-tool-key': toolKey,
    });
    expect(Object.keys(received?.headers ?? {})).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(traceparent|tracestate|baggage)$/)]),
    );
    expect(await recordOf(execution.executionId)).toMatchObject({
      orgId,
      callId,
      toolKey,
      version: 3,
      status: 'succeeded',
      httpStatus: 200,
      isTest: false,
    });
  });

  it('leaves the call header out while the call is not bound', async () => {
    await execute({ toolKey: publish() });

    expect(upstream.requests[0]?.headers).not.toHaveProperty('x-patchbay-call-id');
  });

  it.each<[string, CredentialSecret, (request: UpstreamServer['requests'][number]) => unknown, unknown]>([
    [
      'a bearer token',
      { type: 'bearer', token: SECRET },
      ({ headers }) => headers.authorization,
      `Bearer ${SECRET}`,
    ],
    [
      'a user and password',
      { type: 'basic', username: 'me', password: SECRET },
      ({ headers }) => headers.authorization,
      `Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}`,
    ],
    [
      'a key in a header',
      { type: 'api_key', in: 'header', parameter: 'X-API-Key', value: SECRET },
      ({ headers }) => headers['x-api-key'],
      SECRET,
    ],
    [
      'a key in the query',
      { type: 'api_key', in: 'query', parameter: 'key', value: SECRET },
      ({ url }) => url,
      `/orders?q=1&key=${SECRET}`,
    ],
    [
      'a key in the body',
      { type: 'api_key', in: 'body', parameter: 'api_key', value: SECRET },
      ({ body }) => JSON.parse(body) as unknown,
      { q: '1', api_key: SECRET },
    ],
    [
      'several headers',
      {
        type: 'headers',
        headers: [
          { name: 'X-A', value: SECRET },
          { name: 'X-B', value: 'two2two2' },
        ],
      },
      ({ headers }) => [headers['x-a'], headers['x-b']],
      [SECRET, 'two2two2'],
    ],
  ])('puts %s where it belongs, and never shows it again', async (_what, secret, place, expected) => {
    const credentialId = addCredential(secret);
    const inBody = secret.type === 'api_key' && secret.in === 'body';
    const toolKey = publish({
      parameters: strings('q'),
      request: { method: inBody ? 'POST' : 'GET', credentialId },
    });
    upstream.answer((request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-echo': request.headers.authorization ?? 'none',
      });
      response.end(
        JSON.stringify({ echo: request, escaped: 'PLACEHOLDER' }).replace(
          'PLACEHOLDER',
          SECRET.replaceAll('_', '\\u005f'),
        ),
      );
    });

    const execution = await execute({ toolKey, arguments: { q: '1' } });
    const test = await executor.call(testTool, { orgId, toolKey, arguments: { q: '1' } });

    expect(execution.status).toBe('succeeded');
    expect(place(upstream.requests[0]!)).toEqual(expected);
    for (const shown of [execution, test]) {
      const text = JSON.stringify(shown);
      expect(text).toContain('‹redacted›');
      for (const form of [
        SECRET,
        SECRET.replaceAll('_', '\\u005f'),
        Buffer.from(`me:${SECRET}`).toString('base64'),
        'two2two2',
      ])
        expect(text).not.toContain(form);
    }
    expect(decodeURIComponent(JSON.stringify(test.exchange?.request))).toContain('‹credential: ');
  });

  it('shows a test the whole exchange, and sends it without correlation headers', async () => {
    const credentialId = addCredential({ type: 'bearer', token: SECRET });
    const toolKey = publish({ parameters: strings('q'), request: { method: 'POST', credentialId } });
    upstream.answerJson(201, { id: 'T-1' });

    const { execution, exchange } = await executor.call(testTool, { orgId, toolKey, arguments: { q: 'x' } });

    expect(execution).toMatchObject({
      status: 'succeeded',
      version: 0,
      variables: { id: 'T-1', api_response_status: 201 },
    });
    expect(exchange).toMatchObject({
      request: {
        method: 'POST',
        url: `${upstream.origin}/orders`,
        headers: expect.arrayContaining([
          { name: 'Authorization', value: 'Bearer ‹credential: credential of type bearer›' },
        ]),
        body: '{"q":"x"}',
      },
      response: {
        status: 201,
        body: '{"id":"T-1"}',
        headers: expect.arrayContaining([{ name: 'content-type', value: 'application/json' }]),
        latencyMs: expect.any(Number),
      },
    });
    expect(
      Object.keys(upstream.requests[0]!.headers).filter((name) => name.startsWith('x-patchbay')),
    ).toEqual([]);
    expect(await recordOf(execution.executionId)).toMatchObject({ isTest: true });
  });

  it.each<[string, number, string, object]>([
    ['GET', 404, 'failed', { outcome: 'not_found', error: { code: 'upstream_refused', retryable: false } }],
    ['GET', 401, 'failed', { outcome: 'unauthorized' }],
    ['GET', 500, 'failed', { outcome: 'upstream_error', error: { code: 'upstream_error', retryable: true } }],
    ['GET', 302, 'failed', { outcome: 'redirected' }],
    ['POST', 429, 'failed', { outcome: 'rate_limited' }],
    ['POST', 504, 'unknown', { error: { code: 'outcome_unknown', retryable: false } }],
  ])('calls a %s answered %i %s', async (method, status, expected, rest) => {
    upstream.answerJson(status, { reason: 'because' });

    const execution = await execute({ toolKey: publish({ request: { method: method as 'GET' } }) });

    expect(execution).toMatchObject({
      status: expected,
      ...rest,
      http: { status, attempts: 1 },
      variables: { reason: 'because', api_response_status: status },
    });
    expect(upstream.requests).toHaveLength(1);
  });

  it('says what the tool has to say about a status', async () => {
    upstream.answerJson(404, {});
    const toolKey = publish({
      messages: { failure: 'Something went wrong' },
      response: {
        outcomes: [
          { when: '404', outcome: 'no_such_order', say: 'There is no such order', hint: 'Ask again' },
        ],
      },
    });

    expect(await execute({ toolKey })).toMatchObject({
      outcome: 'no_such_order',
      say: { failure: 'There is no such order' },
      error: { hint: 'Ask again' },
    });
  });

  it.each([
    ['GET', 'failed', 'upstream_timeout'],
    ['POST', 'unknown', 'outcome_unknown'],
  ] as const)(
    'gives up a %s at the deadline, and says honestly what is known',
    async (method, status, code) => {
      upstream.answer(() => undefined);

      const execution = await execute({ toolKey: publish({ request: { method } }), deadlineMs: 150 });

      expect(execution).toMatchObject({ status, outcome: 'timeout', error: { code } });
    },
  );

  it.each([
    ['GET', 'failed', 'response_invalid'],
    ['POST', 'succeeded', 'response_invalid'],
  ] as const)(
    'does not let a %s answered with junk look like what it is not',
    async (method, status, code) => {
      upstream.answer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"truncated": ');
      });

      expect(await execute({ toolKey: publish({ request: { method } }) })).toMatchObject({
        status,
        error: { code },
      });
    },
  );

  it('asks for what is missing, and sends nothing', async () => {
    const toolKey = publish({
      parameters: {
        type: 'object',
        properties: { order_id: { type: 'string', description: 'Order number', examples: ['ORD-1'] } },
        required: ['order_id'],
      },
      request: {
        method: 'POST',
        body: { type: 'json', template: { id: '{{order_id}}', who: '{{contact.email}}' } },
      },
    });

    expect(await execute({ toolKey, arguments: {} })).toMatchObject({
      status: 'input_required',
      missing: [{ name: 'order_id', type: 'string', description: 'Order number', example: 'ORD-1' }],
      error: { code: 'arguments_missing' },
    });
    expect(await execute({ toolKey, arguments: { order_id: 'x' } })).toMatchObject({
      status: 'input_required',
      missing: [{ name: 'contact.email' }],
    });
    expect(upstream.requests).toEqual([]);
  });

  it('reads arguments in the light of the call, and tells the model what to send instead', async () => {
    const toolKey = publish({
      parameters: {
        type: 'object',
        properties: { phone: { type: 'string', format: 'phone' }, day: { type: 'string', format: 'date' } },
        required: ['phone'],
      },
    });
    const context = { user_number: '+14155559999', timezone: 'UTC' };

    await execute({ toolKey, arguments: { phone: '(415) 555-0100', day: '' }, context });
    expect(upstream.requests[0]?.url).toBe('/orders?phone=%2B14155550100');

    const sent = { phone: '555-0100 secretly', day: 'tomorrow' };
    const execution = await execute({ toolKey, arguments: sent, context });
    expect(execution).toMatchObject({
      status: 'input_required',
      missing: [
        { name: 'phone', hint: expect.stringContaining('phone number') },
        { name: 'day', hint: expect.stringMatching(/YYYY-MM-DD; today is \d{4}-\d{2}-\d{2}$/) },
      ],
      error: { code: 'arguments_invalid', message: 'Needed: `phone`, `day`' },
    });
    expect(execution.error?.hint).toContain('`day`: send a date');
    expect(JSON.stringify(await recordOf(execution.executionId))).not.toContain('tomorrow');
    expect(upstream.requests).toHaveLength(1);
  });

  it('sends integers that no number holds as they were written, wherever they go', async () => {
    const digits = '12345678901234567890';
    const toolKey = publish(
      {
        parameters: {
          type: 'object',
          properties: { id: { type: 'integer' }, text: { type: 'string' } },
          required: ['id', 'text'],
        },
        request: {
          method: 'POST',
          headers: [{ name: 'X-Id', value: '{{id}}' }],
          query: [{ name: 'q', value: '{{custom.n}}' }],
          body: { type: 'json', template: { id: '{{id}}', text: '{{text}}', said: 'no. {{id}}' } },
        },
      },
      '/orders/{{id}}',
    );
    const [raw] = parseExactly(`[${digits}]`) as unknown[];

    const answer = await execute({
      toolKey,
      arguments: { id: raw, text: raw },
      context: { custom: { n: raw } },
    });

    expect(answer.status).toBe('succeeded');
    expect(upstream.requests[0]).toMatchObject({
      url: `/orders/${digits}?q=${digits}`,
      headers: { 'x-id': digits },
      body: `{"id":${digits},"text":"${digits}","said":"no. ${digits}"}`,
    });
  });

  it.each([
    [{ burden: 'requested' as const }, 'burden_not_supported'],
    [{ burden: 'confirmed' as const }, 'burden_not_supported'],
    [{ burden: 'verified' as const }, 'burden_not_supported'],
    [{ execution: { mode: 'async' as const } }, 'async_not_supported'],
    [{ verification: { requires: ['identity'] } }, 'verification_not_supported'],
  ])('refuses a tool with %j', async (overrides, code) => {
    const execution = await execute({ toolKey: publish(overrides) });

    expect(execution).toMatchObject({ status: 'refused', error: { code } });
    expect(upstream.requests).toEqual([]);
    expect(await recordOf(execution.executionId)).toMatchObject({ status: 'refused', errorCode: code });
  });

  it.each([
    'https://127.0.0.1/x',
    'http://127.0.0.1:1/x',
    'https://localhost/',
    'https://169.254.169.254/latest',
    'https://[::ffff:7f00:1]/',
  ])('never calls %s', async (url) => {
    expect(await execute({ toolKey: publish({ request: { url } }) })).toMatchObject({
      status: 'refused',
      error: { code: 'destination_refused' },
    });
  });

  it('does not call the API when the credential cannot be opened', async () => {
    const toolKey = publish({ request: { credentialId: randomUUID() } });

    expect(await execute({ toolKey })).toMatchObject({
      status: 'failed',
      error: { code: 'credential_unavailable', retryable: false },
    });
    expect(upstream.requests).toEqual([]);
  });

  describe('with a write', () => {
    const rows = async () =>
      (
        await database.query<{ state: string; idempotency_key: string }>(
          'SELECT state, idempotency_key FROM executor.executions WHERE org_id = $1',
          [orgId],
        )
      ).rows;

    it('has the started record durable before the first byte, and its end before the reply', async () => {
      const seen: unknown[] = [];
      upstream.answer((_, response) => {
        void rows().then((found) => {
          seen.push(found);
          response.writeHead(201, { 'content-type': 'application/json' });
          response.end('{"id":1}');
        });
      });

      const execution = await execute({ toolKey: publish({ request: { method: 'POST' } }) });

      expect(seen).toEqual([[expect.objectContaining({ state: 'started' })]]);
      expect(await rows()).toEqual([expect.objectContaining({ state: 'finished' })]);
      expect(await recordOf(execution.executionId)).toMatchObject({ status: 'succeeded', method: 'POST' });
    });

    it('sends once what is asked twice under one key, and replays the answer', async () => {
      const toolKey = publish({ parameters: strings('q'), request: { method: 'POST' } });
      const request = { toolKey, arguments: { q: 'a' }, idempotencyKey: 'k-1' };

      const first = await execute(request);
      const second = await execute(request);

      expect(second).toEqual({ ...first, replayed: true });
      expect(upstream.requests).toHaveLength(1);
      expect(await execute({ ...request, arguments: { q: 'b' } })).toMatchObject({
        status: 'refused',
        error: { code: 'idempotency_conflict' },
      });
      expect(upstream.requests).toHaveLength(1);
    });

    it('joins an identical request that is under way', async () => {
      let release: (() => void) | undefined;
      upstream.answer((_, response) => {
        release = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"n":1}');
        recorded.emit('arrived');
      });
      const request = { toolKey: publish({ request: { method: 'POST' } }), idempotencyKey: 'k-2' };
      const arrived = once(recorded, 'arrived');

      const first = execute(request);
      await arrived;
      const others = [1, 2, 3].map(() => execute(request));
      const late = await execute({ ...request, deadlineMs: 300 });
      release?.();

      expect(late).toMatchObject({ status: 'running', executionId: (await first).executionId });
      for (const other of await Promise.all(others))
        expect(other).toEqual({ ...(await first), replayed: true });
      expect(upstream.requests).toHaveLength(1);
    });

    it('takes the same write in the same turn of a call for a repetition, and in another turn for a new one', async () => {
      const toolKey = publish({ parameters: strings('q'), request: { method: 'POST' } });
      const request = { toolKey, callId: randomUUID(), arguments: { q: 'a' } };

      const replies = [
        await execute({ ...request, turn: 1 }),
        await execute({ ...request, turn: 1 }),
        await execute({ ...request, turn: 2 }),
      ];

      expect(replies.map((reply) => reply.replayed)).toEqual([false, true, false]);
      expect(upstream.requests).toHaveLength(2);
    });

    it('keeps the keys of one organization from another', async () => {
      const request = { toolKey: publish({ request: { method: 'POST' } }), idempotencyKey: 'k-3' };
      const mine = await execute(request);
      orgId = randomUUID();

      expect((await execute(request)).executionId).not.toBe(mine.executionId);
      expect(upstream.requests).toHaveLength(2);
    });

    it('is not begun when the journal cannot be written', async () => {
      const toolKey = publish({ request: { method: 'POST' } });
      await database.query('BEGIN');
      await database.query('LOCK TABLE executor.executions IN ACCESS EXCLUSIVE MODE');

      const refusal = execute({ toolKey, deadlineMs: 300 });

      await expect(refusal).rejects.toMatchObject({ code: 'service_unavailable' });
      await database.query('ROLLBACK');
      expect(upstream.requests).toEqual([]);
    });

    it('whose end cannot be committed in time is told as unknown, and committed when it can be', async () => {
      upstream.answer((_, response) => {
        void database
          .query('BEGIN')
          .then(() => database.query('LOCK TABLE executor.outbox IN ACCESS EXCLUSIVE MODE'))
          .then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
      });

      const execution = await execute({ toolKey: publish({ request: { method: 'POST' } }), deadlineMs: 500 });
      await database.query('ROLLBACK');

      expect(execution).toMatchObject({ status: 'unknown', error: { code: 'outcome_unknown' } });
      expect(await recordOf(execution.executionId)).toMatchObject({ status: 'succeeded' });
    });

    it('whose executor died is ended as unknown once its lease has run out, exactly once', async () => {
      const executionId = randomUUID();
      const record = {
        executionId,
        orgId,
        toolKey: 'gone',
        version: 1,
        isTest: false,
        startedAt: new Date().toISOString(),
      };
      await database.query(
        `INSERT INTO executor.executions (execution_id, org_id, idempotency_key, fingerprint, state, record, lease_until)
         VALUES ($1, $2, 'given:dead', 'x', 'started', $3, now() - interval '1 second')`,
        [executionId, orgId, JSON.stringify(record)],
      );

      expect(await recordOf(executionId)).toMatchObject({ status: 'unknown', outcome: 'interrupted' });
      expect(await rows()).toEqual([expect.objectContaining({ state: 'finished' })]);
    });
  });

  it('asks the catalog once, however many ask, and again after a change', async () => {
    const toolKey = publish();
    const askedFor = () =>
      catalogAsked.filter((one) => (one as { toolKey: string }).toolKey === toolKey).length;

    await Promise.all(Array.from({ length: 20 }, () => execute({ toolKey })));
    expect(askedFor()).toBe(1);

    tools.set(toolKey, toolDefinition({ key: toolKey, request: { url: `${upstream.origin}/moved` } }));
    executor.link.connection.publish(toolChanged.subject, JSON.stringify({ orgId, toolKey }));
    while (upstream.requests.at(-1)?.url !== '/moved') await execute({ toolKey });
    expect(askedFor()).toBe(2);
  });

  it('answers for a tool that does not exist with a bus error', async () => {
    await expect(execute({ toolKey: 'nothing' })).rejects.toMatchObject({ code: 'tool_not_found' });
  });

  it('opens the circuit of an API that keeps failing, for its organization only', async () => {
    upstream.answerJson(500, {});
    const toolKey = publish();
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 12; i += 1) codes.push((await execute({ toolKey })).error?.code);

    expect(codes.slice(0, 9)).toEqual(Array(9).fill('upstream_error'));
    expect(codes.at(-1)).toBe('breaker_open');
    orgId = randomUUID();
    expect((await execute({ toolKey })).error?.code).toBe('upstream_error');
  });

  it('does not hold a 404 against an API', async () => {
    upstream.answerJson(404, {});
    const toolKey = publish();
    for (let i = 0; i < 30; i += 1) await execute({ toolKey });

    expect((await execute({ toolKey })).http?.status).toBe(404);
  });
});
