import { callBucket, endCall, getCall, updateCall } from '#contracts/call.contract';
import { resolveTool } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { executeTool, testTool, type ExecuteTool, type Execution } from '#contracts/executor.contract';
import type { CredentialSecret } from '#contracts/vault.contract';
import type { RunningNats } from '#devstack/nats-server';
import { Deadline } from '#messaging/deadline';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { fakeVault } from '#testing/fake-vault';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { ExecutorConfig } from '../config.js';
import { executorDataSource } from '../data-source.js';
import { ExecutorModule } from '../executor.module.js';
import { CallStateService } from './call-state.service.js';

const EXECUTOR_KEY = randomBytes(32);
const SECRET = 'sk_live_51HxWq9z_canary';

describe('the state of a call', () => {
  let nats: RunningNats;
  let executors: TestService[];
  let upstream: UpstreamServer;
  let others: FakeResponder;
  let plain: NatsConnection;
  let manager: JetStreamManager;
  let secrets: Map<string, CredentialSecret>;
  let orgId: string;
  let callId: string;
  const tools = new Map<string, ToolDefinition>();

  beforeAll(async () => {
    nats = await startTestNats();
    plain = await connect({ servers: nats.url });
    manager = await jetstreamManager(plain);
    upstream = await startUpstream();
    others = await FakeResponder.start(nats.url);
    await others.answer(resolveTool, ({ toolKey, version }) => {
      const definition = tools.get(toolKey);
      if (!definition) throw new ServiceError('tool_not_found', `There is no tool \`${toolKey}\``);
      return { key: toolKey, version: version === 'draft' ? 0 : 1, definition };
    });
    ({ secrets } = await fakeVault(others, EXECUTOR_KEY));
    const url = await migrateAsService(executorDataSource, await createTestDatabase());
    const config = loadConfig(ExecutorConfig, {
      NATS_URL: nats.url,
      DATABASE_URL: url,
      EXECUTOR_KEY: EXECUTOR_KEY.toString('base64'),
      EGRESS_ALLOW: upstream.origin,
      CALL_STATE_TTL_MINUTES: '90',
    });
    const start = () => startTestService('executor', nats.url, ExecutorModule.forRoot(config));
    executors = [await start(), await start()];
  });
  beforeEach(() => {
    orgId = randomUUID();
    callId = randomUUID();
    upstream.requests.length = 0;
  });
  afterAll(async () => {
    await Promise.all(executors.map((executor) => executor.stop()));
    await others.stop();
    await plain.close();
    await upstream.stop();
    await nats.stop();
  });

  let nextTool = 0;
  function publish(overrides: NonNullable<Parameters<typeof toolDefinition>[0]>, path = '/x'): string {
    const key = `tool_${++nextTool}`;
    tools.set(
      key,
      toolDefinition({
        ...overrides,
        key,
        request: { url: `${upstream.origin}${path}`, ...overrides.request },
      }),
    );
    return key;
  }
  const execute = (request: ExecuteTool): Promise<Execution> =>
    executors[0]!.call(executeTool, request, { orgId });
  const variables = async (from = { orgId, callId }) =>
    (await executors[0]!.call(getCall, { callId: from.callId }, { orgId: from.orgId })).variables;

  /** A tool that looks up the caller's orders. */
  const lookUp = (overrides: Parameters<typeof publish>[0] = {}) => {
    upstream.answerJson(200, {
      customer: { id: 'C-7', name: 'Ada' },
      orders: [{ id: 'ORD-1' }, { id: 22 }],
      internal: 'x',
    });
    return publish(overrides, '/customer');
  };

  describe('between tools', () => {
    it.each(['GET', 'POST'] as const)(
      'is what a tool (%s) has returned, for the next one to use',
      async (method) => {
        const first = lookUp({ request: { method } });
        const second = publish({
          callVariables: ['customer'],
          request: {
            method: 'POST',
            url: `${upstream.origin}/customers/{{customer.id}}`,
            query: [{ name: 'name', value: '{{customer.name}}' }],
            body: { type: 'json', template: { customer: '{{customer}}' } },
          },
        });

        expect((await execute({ toolKey: first, callId })).status).toBe('succeeded');
        expect(await execute({ toolKey: second, callId: callId.toUpperCase() })).toMatchObject({
          status: 'succeeded',
        });

        expect(upstream.requests[1]).toMatchObject({ url: '/customers/C-7?name=Ada' });
        expect(JSON.parse(upstream.requests[1]!.body)).toEqual({ customer: { id: 'C-7', name: 'Ada' } });
      },
    );

    it('has what a tool exposes, and neither its status nor its secrets', async () => {
      const credentialId = randomUUID();
      secrets.set(credentialId, { type: 'bearer', token: SECRET });
      const toolKey = publish({
        request: { credentialId },
        response: {
          expose: 'mapped',
          variables: [
            { name: 'who', path: 'customer.name' },
            { name: 'echo', path: 'echo' },
          ],
        },
      });
      upstream.answerJson(200, { customer: { name: 'Ada' }, echo: SECRET, internal: 'x' });

      await execute({ toolKey, callId });

      expect(await variables()).toEqual({ who: 'Ada', echo: '‹redacted›' });
    });

    it('has nothing of a tool that failed, of a test, or of an execution without a call', async () => {
      const failing = publish({});
      upstream.answerJson(500, { oops: 1 });
      await execute({ toolKey: failing, callId });
      const toolKey = lookUp();
      await executors[0]!.call(testTool, { orgId, toolKey });
      await execute({ toolKey });

      expect(await variables()).toEqual({});
    });

    it('is no other organization’s, whatever call it names', async () => {
      await execute({ toolKey: lookUp(), callId });
      const reader = publish({ callVariables: ['customer'] }, '/{{customer.id}}');

      const theirs = await executors[0]!.call(
        executeTool,
        { toolKey: reader, callId },
        { orgId: randomUUID() },
      );

      expect(theirs).toMatchObject({ status: 'input_required', missing: [{ name: 'customer.id' }] });
      expect(await variables({ orgId: randomUUID(), callId })).toEqual({});
      expect(await variables({ orgId, callId: randomUUID() })).toEqual({});
    });

    it('that a tool needs and the call does not have is asked for, naming the way to it', async () => {
      const toolKey = publish({ callVariables: ['customer'] }, '/{{customer.id}}');

      const within = await execute({ toolKey, callId });
      const without = await execute({ toolKey });

      for (const execution of [within, without]) {
        expect(execution).toMatchObject({
          status: 'input_required',
          missing: [{ name: 'customer.id', description: 'Returned by an earlier tool of the same call' }],
          error: { code: 'arguments_missing' },
        });
      }
      expect(within.error?.hint).toContain('First use the tool that returns `customer.id`');
      expect(without.error?.hint).toContain('within a call only');
      expect(upstream.requests).toEqual([]);
    });

    it('is given to a test by who runs it', async () => {
      const toolKey = publish({ callVariables: ['customer'] }, '/{{customer.id}}');
      upstream.answerJson(200, {});

      const { exchange } = await executors[0]!.call(testTool, {
        orgId,
        toolKey,
        callVariables: { customer: { id: 'C-test' } },
      });

      expect(exchange?.request.url).toBe(`${upstream.origin}/C-test`);
    });
  });

  describe('and what an argument may be', () => {
    const cancel = () =>
      publish(
        {
          parameters: strings('order_id'),
          allowedValuesFrom: { order_id: 'orders[*].id' },
          request: { method: 'DELETE' },
        },
        '/orders/{{order_id}}',
      );

    it('is one of the values an earlier tool has returned, and not somebody else’s order', async () => {
      const toolKey = cancel();
      await execute({ toolKey: lookUp(), callId });
      upstream.requests.length = 0;

      const others = await execute({ toolKey, callId, arguments: { order_id: 'ORD-2' } });
      const own = await execute({ toolKey, callId, arguments: { order_id: '22' } });

      expect(others).toMatchObject({
        status: 'refused',
        error: { code: 'argument_not_allowed', hint: expect.stringContaining('earlier tool returned') },
      });
      expect(own.status).toBe('succeeded');
      expect(upstream.requests.map(({ method, url }) => [method, url])).toEqual([['DELETE', '/orders/22']]);
    });

    it('is refused while no tool has returned any, and asked for outside of a call', async () => {
      const toolKey = cancel();

      expect(await execute({ toolKey, callId, arguments: { order_id: 'ORD-1' } })).toMatchObject({
        status: 'refused',
        error: { code: 'call_variable_missing', hint: expect.stringContaining('looks up `orders`') },
      });
      expect(await execute({ toolKey, arguments: { order_id: 'ORD-1' } })).toMatchObject({
        status: 'input_required',
        missing: [{ name: 'orders' }],
      });
      expect(upstream.requests).toEqual([]);
    });

    it('is not what an orchestrator has taken away', async () => {
      await execute({ toolKey: lookUp(), callId });
      await executors[0]!.call(updateCall, { callId, variables: { orders: null } }, { orgId });

      expect(await execute({ toolKey: cancel(), callId, arguments: { order_id: 'ORD-1' } })).toMatchObject({
        error: { code: 'call_variable_missing' },
      });
    });
  });

  describe('for the orchestrator', () => {
    it('can be read, added to and ended', async () => {
      const ask = executors[1]!;
      expect(await ask.call(getCall, { callId }, { orgId })).toEqual({ callId, variables: {} });

      await ask.call(updateCall, { callId, variables: { a: 1, b: { c: [2] } } }, { orgId });
      const updated = await ask.call(
        updateCall,
        { callId, variables: { a: 'new', b: null, d: true } },
        { orgId },
      );
      expect(updated).toEqual({ callId, variables: { a: 'new', d: true }, updatedAt: expect.any(String) });
      expect(await executors[0]!.call(getCall, { callId }, { orgId })).toEqual(updated);

      expect(await ask.call(endCall, { callId }, { orgId })).toEqual({ done: true });
      expect(await ask.call(getCall, { callId }, { orgId })).toEqual({ callId, variables: {} });
      expect((await ask.call(updateCall, { callId, variables: { z: 1 } }, { orgId })).variables).toEqual({
        z: 1,
      });
    });

    it.each<[string, unknown, string]>([
      ['a name of the context', { contact: {} }, '/variables/contact'],
      ['a name of ours', { api_response_status: 200 }, '/variables/api_response_status'],
      ['a prototype', JSON.parse('{"__proto__":{"a":1}}'), '/variables/__proto__'],
      ['no object', [1], '/variables'],
      ['more than a call can keep', { big: 'x'.repeat(70_000) }, '/variables'],
    ])('refuses %s', async (_what, given, pointer) => {
      const attempt = executors[0]!.call(
        updateCall,
        { callId, variables: given as Record<string, unknown> },
        { orgId },
      );

      await expect(attempt).rejects.toMatchObject({
        code: 'invalid_request',
        details: { problems: [expect.objectContaining({ pointer })] },
      });
    });
  });

  it('keeps what two executors add at the same time, all of it', async () => {
    const states = executors.map((executor) => executor.get(CallStateService));
    const names = Array.from({ length: 40 }, (_, index) => `v${index}`);

    await Promise.all(
      names.map((name, index) =>
        states[index % 2]!.merge({ orgId, callId }, { [name]: index }, Deadline.in(20_000)),
      ),
    );

    expect(await variables()).toEqual(Object.fromEntries(names.map((name, index) => [name, index])));
  });

  it('keeps the latest when there is more than it can keep', async () => {
    const state = executors[0]!.get(CallStateService);
    const big = 'x'.repeat(30_000);
    for (const name of ['a', 'b', 'a', 'c'])
      await state.merge({ orgId, callId }, { [name]: big }, Deadline.in(5000));

    expect(Object.keys(await variables())).toEqual(['a', 'c']);
  });

  it('is forgotten a set time after its last change', async () => {
    await executors[0]!.call(updateCall, { callId, variables: { a: 1 } }, { orgId });

    const { config } = await manager.streams.info(`KV_${callBucket}`);
    expect(config).toMatchObject({ max_age: 90 * 60 * 1e9, max_msgs_per_subject: 1 });
  });

  describe('while it cannot be reached', () => {
    beforeAll(async () => {
      await manager.streams.delete(`KV_${callBucket}`);
      // The bucket cannot be made again while another stream has its subjects.
      await manager.streams.add({ name: 'SQUATTER', subjects: [`$KV.${callBucket}.>`] });
    });
    afterAll(async () => {
      await manager.streams.delete('SQUATTER');
      expect(await variables()).toEqual({});
    });

    it('fails tools that read it, before anything is sent', async () => {
      const toolKey = publish({ callVariables: ['customer'] }, '/{{customer.id | default: "none"}}');

      expect(await execute({ toolKey, callId })).toMatchObject({
        status: 'failed',
        error: { code: 'call_state_unavailable', retryable: true },
      });
      expect(upstream.requests).toEqual([]);
      expect((await execute({ toolKey })).status).toBe('succeeded');
    });

    it('fails no tool that only would be kept', async () => {
      expect(await execute({ toolKey: lookUp(), callId })).toMatchObject({
        status: 'succeeded',
        variables: { customer: { id: 'C-7' } },
      });
      expect((await execute({ toolKey: lookUp({ request: { method: 'POST' } }), callId })).status).toBe(
        'succeeded',
      );
    });

    it('is an outage to the orchestrator', async () => {
      await expect(executors[0]!.call(getCall, { callId }, { orgId })).rejects.toMatchObject({
        code: 'service_unavailable',
      });
    });
  });
});
