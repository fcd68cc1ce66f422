import { agentChanged, resolveTool, toolChanged, type ResolveTool } from '#contracts/catalog.contract';
import { ServiceError } from '#contracts/errors';
import { executeTool, testTool, type ExecuteTool } from '#contracts/executor.contract';
import type { RunningNats } from '#devstack/nats-server';
import { RpcClient } from '#messaging/rpc.client';
import { loadConfig } from '#runtime/load-config';
import { FakeResponder } from '#testing/fake-responder';
import { createTestDatabase, migrateAsService } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { startTestService, type TestService } from '#testing/test-service';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { startUpstream, type UpstreamServer } from '#testing/upstream-server';
import { applyBinding } from '#toolcall/apply-binding';
import { applyEnvironment } from '#toolcall/apply-environment';
import type { ToolBinding } from '#toolcall/tool-binding';
import type { ToolDefinition } from '#toolcall/tool-definition';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { ExecutorConfig } from '../config.js';
import { executorDataSource } from '../data-source.js';
import { ExecutorModule } from '../executor.module.js';

describe('the executor', () => {
  let nats: RunningNats;
  let executor: TestService;
  let upstream: UpstreamServer;
  let others: FakeResponder;
  let asked: ResolveTool[];
  let definition: ToolDefinition;
  let orgId: string;
  /** By agent; an agent that is not there has every tool. */
  const bindings = new Map<string, ToolBinding[]>();
  /** Where staging is; nothing while it was not put. */
  let staging: string | undefined;

  beforeAll(async () => {
    nats = await startTestNats();
    upstream = await startUpstream();
    others = await FakeResponder.start(nats.url);
    ({ requests: asked } = await others.answer(resolveTool, ({ toolKey, agentId, environment }) => {
      if (environment === 'staging' && staging === undefined)
        throw new ServiceError('environment_not_set', 'It stands for nothing there');
      const mine = agentId === undefined ? undefined : bindings.get(agentId);
      const binding = mine?.find(({ key }) => key === toolKey);
      if (mine && !binding) throw new ServiceError('tool_not_allowed', 'This agent does not have the tool');
      const bound = applyBinding(definition, binding ?? { key: toolKey });
      if (!bound.ok) throw new ServiceError('binding_outdated', 'The overrides do not fit');
      const baseUrl = environment === 'staging' ? staging : undefined;
      return { key: toolKey, version: 3, definition: applyEnvironment(bound.definition, { baseUrl }) };
    }));
    const url = await migrateAsService(executorDataSource, await createTestDatabase());
    const config = loadConfig(ExecutorConfig, {
      NATS_URL: nats.url,
      DATABASE_URL: url,
      EXECUTOR_KEY: randomBytes(32).toString('base64'),
      EGRESS_ALLOW: upstream.origin,
    });
    executor = await startTestService('executor', nats.url, ExecutorModule.forRoot(config));
  });
  beforeEach(() => {
    orgId = randomUUID();
    bindings.clear();
    staging = undefined;
    asked.length = 0;
    upstream.requests.length = 0;
    upstream.answerJson(200, { ok: true });
    definition = toolDefinition({
      parameters: strings('order_id', 'region'),
      messages: { complete: 'Done' },
      request: {
        url: `${upstream.origin}/orders/:order_id`,
        headers: [{ name: 'X-Team', value: 'all' }],
      },
    });
  });
  afterAll(async () => {
    await executor.stop();
    await others.stop();
    await upstream.stop();
    await nats.stop();
  });

  const execute = (request: Partial<ExecuteTool>) =>
    executor.call(
      executeTool,
      { toolKey: 'get_order', arguments: { order_id: 'A1', region: 'us' }, ...request },
      { orgId },
    );
  /** Binds as the catalog does, and waits until executors have heard it. */
  async function bind(agentId: string, tools: ToolBinding[]): Promise<void> {
    bindings.set(agentId, tools);
    executor.get(RpcClient).announce(agentChanged, { orgId, agentId });
    await executor.link.connection.flush();
  }

  describe('for an agent', () => {
    it('refuses a tool the agent does not have: a reply, and nothing is sent', async () => {
      await bind('front desk', [{ key: 'another_tool' }]);

      const execution = await execute({ agentId: 'front desk' });

      expect(execution).toMatchObject({
        status: 'refused',
        outcome: 'tool_not_allowed',
        version: 0,
        error: {
          code: 'tool_not_allowed',
          retryable: false,
          hint: expect.stringContaining('do not have this tool'),
        },
      });
      expect(upstream.requests).toEqual([]);
    });

    it('refuses a tool that the agent’s overrides no longer fit', async () => {
      await bind('front desk', [{ key: 'get_order', parameters: { gone: { default: 'x' } } }]);

      expect(await execute({ agentId: 'front desk' })).toMatchObject({
        status: 'refused',
        error: { code: 'binding_outdated', hint: expect.stringContaining('set up') },
      });
      expect(upstream.requests).toEqual([]);
    });

    it('sends what the agent’s overrides of header, path, default and bound value make of it, and says its words', async () => {
      await bind('front desk', [
        {
          key: 'get_order',
          headers: [{ name: 'x-team', value: 'front of {{agent_id}}' }],
          pathParameters: [{ name: 'order_id', value: '{{contact.order}}' }],
          parameters: { region: { default: 'eu' } },
          bind: { order_id: 'hidden' },
          messages: { complete: 'There you go' },
        },
      ]);

      const execution = await execute({
        agentId: 'front desk',
        arguments: {},
        context: { contact: { order: 'B2' } },
      });

      expect(execution).toMatchObject({ status: 'succeeded', say: { complete: 'There you go' } });
      expect(upstream.requests).toHaveLength(1);
      expect(upstream.requests[0]).toMatchObject({
        url: expect.stringMatching(/^\/orders\/B2\?/),
        headers: expect.objectContaining({ 'x-team': 'front of front desk' }),
      });
      expect(new URLSearchParams(upstream.requests[0]?.url.split('?')[1]).get('region')).toBe('eu');
    });

    it('does not lend one agent’s tool to another, or to nobody', async () => {
      await bind('front desk', [{ key: 'get_order', headers: [{ name: 'X-Team', value: 'front' }] }]);
      await bind('back office', [{ key: 'get_order', headers: [{ name: 'X-Team', value: 'back' }] }]);

      for (const agentId of ['front desk', 'back office', 'desk', undefined, 'front desk']) {
        await execute({ ...(agentId !== undefined && { agentId }) });
      }

      expect(upstream.requests.map(({ headers }) => headers['x-team'])).toEqual([
        'front',
        'back',
        'all',
        'all',
        'front',
      ]);
      expect(asked.map(({ agentId }) => agentId)).toEqual(['front desk', 'back office', 'desk', undefined]);
    });

    it('forgets what it knew of an agent when its tools change, and of no other', async () => {
      await execute({ agentId: 'front desk' });
      await execute({ agentId: 'back office' });
      await execute({});
      expect(asked).toHaveLength(3);

      await bind('front desk', []);

      expect((await execute({ agentId: 'front desk' })).status).toBe('refused');
      expect((await execute({ agentId: 'back office' })).status).toBe('succeeded');
      expect((await execute({})).status).toBe('succeeded');
      expect(asked).toHaveLength(4);
    });
  });

  describe('in an environment', () => {
    const paths = () => upstream.requests.map(({ url }) => url.split('?')[0]);

    it('sends to where the environment is, and takes no other’s tool for its', async () => {
      staging = `${upstream.origin}/sandbox`;

      for (const environment of ['staging', undefined, 'staging', 'production'] as const) {
        expect(await execute(environment ? { environment } : {})).toMatchObject({ status: 'succeeded' });
      }

      expect(paths()).toEqual(['/sandbox/orders/A1', '/orders/A1', '/sandbox/orders/A1', '/orders/A1']);
      expect(asked.map(({ environment }) => environment)).toEqual(['staging', undefined, 'production']);
    });

    it('goes elsewhere once the environment is put elsewhere', async () => {
      staging = `${upstream.origin}/sandbox`;
      await execute({ environment: 'staging' });
      staging = `${upstream.origin}/rehearsal`;
      executor.get(RpcClient).announce(toolChanged, { orgId, toolKey: 'get_order' });
      await executor.link.connection.flush();

      await execute({ environment: 'staging' });

      expect(paths()).toEqual(['/sandbox/orders/A1', '/rehearsal/orders/A1']);
    });

    it('that stands for nothing, cannot run the tool', async () => {
      await expect(execute({ environment: 'staging' })).rejects.toMatchObject({
        code: 'environment_not_set',
      });
    });

    it('tests what stands there, and the draft where none is named', async () => {
      staging = `${upstream.origin}/sandbox`;
      const test = (extra: object) =>
        executor.call(testTool, {
          orgId,
          toolKey: 'get_order',
          arguments: { order_id: 'A1', region: 'us' },
          ...extra,
        });

      const { execution, exchange } = await test({ environment: 'staging' });
      await test({});

      expect(execution).toMatchObject({ status: 'succeeded', version: 3 });
      expect(exchange?.request.url).toContain('/sandbox/orders/A1');
      expect(asked).toEqual([
        { orgId, toolKey: 'get_order', environment: 'staging' },
        { orgId, toolKey: 'get_order', version: 'draft' },
      ]);
      await expect(test({ environment: 'staging', version: 1 })).rejects.toMatchObject({
        code: 'invalid_request',
      });
    });

    it('refuses a version beside it: both say which version runs', async () => {
      await expect(execute({ environment: 'production', version: 3 })).rejects.toMatchObject({
        code: 'invalid_request',
        details: { problems: [expect.objectContaining({ pointer: '/environment', code: 'not_allowed' })] },
      });
      expect(upstream.requests).toEqual([]);
    });

    it('does a write once in each environment, whatever key or call it has', async () => {
      staging = upstream.origin;
      definition = { ...definition, request: { ...definition.request, method: 'POST' } };
      for (const extra of [{ idempotencyKey: 'mine' }, { callId: randomUUID(), turn: 1 }]) {
        const replayed: boolean[] = [];
        for (const environment of ['staging', 'production', 'staging', undefined] as const) {
          replayed.push((await execute({ ...extra, ...(environment && { environment }) })).replayed);
        }
        expect(replayed).toEqual([false, false, true, true]);
      }
      expect(upstream.requests).toHaveLength(4);
    });
  });
});
