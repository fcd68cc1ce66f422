import type { ExecuteTool } from '#contracts/executor.contract';
import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Far less than the 30 s an executor may go on by itself with what it knows: only an announcement explains it. */
const HEARD_WITHIN_MS = 10_000;

describe('a change of what live calls run', () => {
  let test: TestPlatform;

  beforeAll(async () => {
    test = await TestPlatform.start();
    await test.publish({
      key: 'get_order',
      name: 'Order',
      description: 'Looks up an order by its number.',
      parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
      request: { method: 'GET', url: `${test.platform.sampleUrl}/orders/{{id}}` },
    });
  }, 60_000);
  afterAll(() => test.stop(), 30_000);

  const execute = (request: Partial<ExecuteTool> = {}) =>
    test.execute({ toolKey: 'get_order', arguments: { id: 'ORD-12345' }, ...request });
  const put = async (path: string, body: unknown) => {
    const reply = await test.rest('PUT', path, body);
    expect(reply.status).toBe(200);
  };
  /** Path of the request that the execution sent. */
  async function pathOf(request: Partial<ExecuteTool>): Promise<string | undefined> {
    await test.resetSample();
    await execute(request);
    return (await test.received()).at(-1)?.url;
  }

  it('takes a tool from an agent, gives it back with the agent’s overrides, and concerns nobody else', async () => {
    const agent = { agentId: 'front desk' };
    expect((await execute(agent)).error?.code).not.toBe('tool_not_allowed');

    await put('/v1/agents/front%20desk/tools', { tools: [] });
    await test.eventually(
      () => execute(agent),
      ({ error }) => error?.code === 'tool_not_allowed',
      HEARD_WITHIN_MS,
    );
    expect((await execute()).error?.code).not.toBe('tool_not_allowed');

    await put('/v1/agents/front%20desk/tools', { tools: [{ key: 'get_order', bind: { id: 'ORD-67890' } }] });
    await test.eventually(
      () => pathOf({ ...agent, arguments: {} }),
      (path) => path === '/orders/ORD-67890',
      HEARD_WITHIN_MS,
    );
    expect(await pathOf({})).toBe('/orders/ORD-12345');
  });

  it('moves an environment, and only what runs there', async () => {
    await expect(execute({ environment: 'staging' })).rejects.toThrow('environment_not_set');
    const { sampleUrl } = test.platform;

    for (const prefix of ['sandbox', 'rehearsal']) {
      await put('/v1/tools/get_order/environments/staging', {
        version: 1,
        baseUrl: `${sampleUrl}/${prefix}`,
      });
      await test.eventually(
        () => pathOf({ environment: 'staging' }),
        (path) => path === `/${prefix}/orders/ORD-12345`,
        HEARD_WITHIN_MS,
      );
    }

    expect(await pathOf({})).toBe('/orders/ORD-12345');
    expect(await pathOf({ environment: 'production' })).toBe('/orders/ORD-12345');
    expect(await pathOf({ version: 1 })).toBe('/orders/ORD-12345');
  });
});
