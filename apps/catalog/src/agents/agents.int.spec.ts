import {
  agentChanged,
  archiveTool,
  bindAgentTools,
  createTool,
  describeTools,
  getAgentTools,
  publishTool,
  resolveTool,
  updateTool,
} from '#contracts/catalog.contract';
import type { TestService } from '#testing/test-service';
import { strings, toolInput } from '#testing/tool-definition.builder';
import type { ToolBinding } from '#toolcall/tool-binding';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { hear, startCatalog } from '../../test/running-catalog.js';

describe('the tools of an agent', () => {
  let catalog: TestService;
  let orgId: string;
  const agentId = 'front desk';
  const announced = new EventEmitter();

  beforeAll(async () => {
    catalog = await startCatalog();
    await hear(catalog, agentChanged, announced);
  });
  beforeEach(() => {
    orgId = randomUUID();
  });
  afterAll(() => catalog.stop());

  type Overrides = Parameters<typeof toolInput>[0];
  const create = (overrides?: Overrides) =>
    catalog.call(createTool, { orgId, definition: toolInput(overrides) });
  const publish = async (overrides?: Overrides) => {
    const { key: toolKey } = await create(overrides);
    return catalog.call(publishTool, { orgId, toolKey });
  };
  const republish = async (overrides: NonNullable<Overrides>) => {
    const definition = toolInput(overrides);
    await catalog.call(updateTool, { orgId, toolKey: definition.key, definition });
    return catalog.call(publishTool, { orgId, toolKey: definition.key });
  };
  const bind = (tools: ToolBinding[], ifRevision?: number) =>
    catalog.call(bindAgentTools, { orgId, agentId, tools, ifRevision });
  const resolve = (toolKey: string, version?: number) =>
    catalog.call(resolveTool, { orgId, toolKey, agentId, version });
  const described = async (agent?: string) => {
    const { tools } = await catalog.call(describeTools, { agentId: agent }, { orgId });
    return tools as { key: string; parameters: Record<string, unknown> }[];
  };

  it('are every published one until somebody binds it, and then exactly those, be it none', async () => {
    for (const key of ['one', 'two']) await publish({ key });
    const keys = async () => (await described(agentId)).map(({ key }) => key);

    expect(await catalog.call(getAgentTools, { orgId, agentId })).toEqual({ agentId, revision: 1 });
    expect(await keys()).toEqual(['one', 'two']);
    expect((await resolve('one')).version).toBe(1);

    await bind([{ key: 'two' }]);
    expect(await keys()).toEqual(['two']);
    expect((await resolve('two')).version).toBe(1);
    await expect(resolve('one')).rejects.toMatchObject({ code: 'tool_not_allowed' });

    await bind([]);
    expect(await keys()).toEqual([]);
    await expect(resolve('two')).rejects.toMatchObject({ code: 'tool_not_allowed' });

    expect((await described('another agent')).map(({ key }) => key)).toEqual(['one', 'two']);
    expect((await described()).map(({ key }) => key)).toEqual(['one', 'two']);
    expect((await catalog.call(resolveTool, { orgId, toolKey: 'one' })).version).toBe(1);
  });

  it('have the agent’s overrides where they are run and where they are described', async () => {
    await publish({
      parameters: strings('order_id', 'region'),
      request: { url: 'https://api.example.com/orders/:order_id' },
    });
    const binding: ToolBinding = {
      key: 'get_order',
      headers: [{ name: 'X-Team', value: 'front' }],
      pathParameters: [{ name: 'order_id', value: '{{contact.order}}' }],
      parameters: { order_id: { description: 'As printed on the receipt' } },
      bind: { region: 'eu' },
      messages: { complete: 'There you go' },
    };
    await bind([binding]);

    expect(await resolve('get_order')).toMatchObject({
      version: 1,
      definition: {
        bind: { region: 'eu' },
        messages: { complete: 'There you go' },
        request: { headers: binding.headers, pathParameters: binding.pathParameters },
      },
    });
    const [tool] = await described(agentId);
    expect(tool?.parameters).toEqual({
      type: 'object',
      properties: { order_id: { type: 'string', description: 'As printed on the receipt' } },
      required: ['order_id'],
    });
    const plain = await catalog.call(resolveTool, { orgId, toolKey: 'get_order' });
    expect(plain.definition.request).not.toHaveProperty('headers');
    expect((await catalog.call(getAgentTools, { orgId, agentId })).tools).toEqual([binding]);
  });

  it('stay at the version the agent is kept at, unless a call names another', async () => {
    await publish({ name: 'One' });
    await republish({ name: 'Two' });
    await bind([{ key: 'get_order', version: 1 }]);

    expect((await resolve('get_order')).definition.name).toBe('One');
    expect((await resolve('get_order', 2)).definition.name).toBe('Two');
    await bind([{ key: 'get_order' }]);
    expect((await resolve('get_order')).definition.name).toBe('Two');
  });

  it('are refused with every problem of every binding, by JSON Pointer', async () => {
    await publish({ parameters: strings('q') });
    await publish({ key: 'gone' });
    await catalog.call(archiveTool, { orgId, toolKey: 'gone' });

    const bad: ToolBinding[] = [
      { key: 'get_order', headers: [{ name: 'Host', value: 'x' }], parameters: { other: { default: 1 } } },
      { key: 'never_made' },
      { key: 'gone' },
      { key: 'get_order' },
    ];

    await expect(bind(bad)).rejects.toMatchObject({
      code: 'invalid_request',
      details: {
        problems: [
          expect.objectContaining({ pointer: '/tools/0/parameters/other', code: 'unknown_name' }),
          expect.objectContaining({ pointer: '/tools/0/headers/0/name', code: 'not_allowed' }),
          expect.objectContaining({ pointer: '/tools/1/key', code: 'tool_not_found' }),
          expect.objectContaining({ pointer: '/tools/2/key', code: 'tool_archived' }),
          expect.objectContaining({ pointer: '/tools/3/key', code: 'duplicate' }),
        ],
      },
    });
    await expect(bind([{ key: 'get_order', version: 9 }])).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer: '/tools/0/version' })] },
    });
    expect(await catalog.call(getAgentTools, { orgId, agentId })).toEqual({ agentId, revision: 1 });
  });

  it('are checked against the version that would run, and against the draft of a tool not yet published', async () => {
    await publish({ parameters: strings('old') });
    await republish({ parameters: strings('new') });
    await create({ key: 'fresh', parameters: strings('q') });
    const override = (name: string) => ({ parameters: { [name]: { description: 'Said otherwise' } } });

    await bind([
      { key: 'get_order', ...override('new') },
      { key: 'fresh', ...override('q') },
    ]);
    await bind([{ key: 'get_order', version: 1, ...override('old') }]);
    await expect(bind([{ key: 'get_order', ...override('old') }])).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer: '/tools/0/parameters/old' })] },
    });
  });

  it('that no longer fit what was published since are neither run nor shown', async () => {
    await publish({ parameters: strings('q') });
    await bind([{ key: 'get_order', parameters: { q: { default: 'x' } } }]);
    await republish({ parameters: strings('query') });

    await expect(resolve('get_order')).rejects.toMatchObject({
      code: 'binding_outdated',
      message: expect.stringContaining('/parameters/q'),
    });
    expect(await described(agentId)).toEqual([]);
  });

  it('are bound by one of several who insist on the same revision', async () => {
    await publish();
    const tools = [{ key: 'get_order' }];

    const first = await Promise.allSettled([1, 2, 3].map(() => bind(tools, 1)));
    expect(first.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    const second = await Promise.allSettled([1, 2, 3].map(() => bind(tools, 2)));
    expect(second.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);

    await expect(bind(tools, 2)).rejects.toMatchObject({ code: 'precondition_failed' });
    expect((await bind(tools)).revision).toBe(4);
    await expect(
      catalog.call(bindAgentTools, { orgId, agentId: 'another', tools, ifRevision: 7 }),
    ).rejects.toMatchObject({ code: 'precondition_failed' });
  });

  it('are announced when they change', async () => {
    await publish();
    const heard = once(announced, 'changed');

    await bind([{ key: 'get_order' }]);

    expect(await heard).toEqual([{ orgId, agentId }]);
  });

  it('are an organization’s own', async () => {
    await publish();
    await bind([]);
    const other = randomUUID();

    expect(await catalog.call(getAgentTools, { orgId: other, agentId })).toEqual({ agentId, revision: 1 });
    await expect(
      catalog.call(bindAgentTools, { orgId: other, agentId, tools: [{ key: 'get_order' }] }),
    ).rejects.toMatchObject({
      details: { problems: [expect.objectContaining({ pointer: '/tools/0/key', code: 'tool_not_found' })] },
    });
    await catalog.call(bindAgentTools, { orgId: other, agentId, tools: [] });
    expect(await catalog.call(getAgentTools, { orgId, agentId })).toMatchObject({ revision: 2, tools: [] });
  });
});
