import type { Execution } from '#contracts/executor.contract';
import type { ServiceName } from '#devstack/service-environment';
import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { demoSecrets } from '../samples/business-api/auth.js';

const DEADLINE_MS = 2000;

describe('while another service is killed', () => {
  let test: TestPlatform;

  beforeAll(async () => {
    test = await TestPlatform.start({ restarts: true });
    const origins = [test.platform.sampleUrl];
    const credentialId = await test.addCredential({
      type: 'bearer',
      name: 'shop',
      origins,
      token: demoSecrets.bearerToken,
    });
    const common = {
      name: 'Order',
      description: 'Looks up an order by its number.',
      parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    };
    await test.publish({
      ...common,
      key: 'get_order',
      request: { method: 'GET', url: `${origins[0]}/orders/{{id}}`, credentialId },
    });
    await test.publish({
      ...common,
      key: 'add_ticket',
      request: {
        method: 'POST',
        url: `${origins[0]}/v1/tickets`,
        credentialId,
        body: {
          type: 'json',
          template: { customer_email: 'a@example.com', subject: '{{id}}', description: 'A test' },
        },
      },
    });
    // Warm: the executor has the definitions and the credential.
    expect((await execute('get_order')).status).toBe('succeeded');
    expect((await execute('add_ticket')).status).toBe('succeeded');
  }, 60_000);
  afterAll(() => test.stop(), 30_000);

  const execute = (toolKey: string): Promise<Execution> =>
    test.execute({ toolKey, callId: randomUUID(), arguments: { id: 'ORD-12345' }, deadlineMs: DEADLINE_MS });

  /** Executes one after the other until told to stop; how long each took, and what came of it. */
  function keepExecuting(toolKey: string) {
    const results: { status: string; ms: number }[] = [];
    let stopped = false;
    const loop = (async () => {
      while (!stopped) {
        const startedAt = performance.now();
        const status = await execute(toolKey).then(
          (execution) => execution.status,
          (error: unknown) => String(error),
        );
        results.push({ status, ms: performance.now() - startedAt });
      }
    })();
    return {
      results,
      stop: async () => {
        stopped = true;
        await loop;
      },
    };
  }

  it.each<[ServiceName]>([['vault'], ['catalog'], ['audit']])(
    '%s: executions with warm caches go on, none hangs, and it comes back by itself',
    async (name) => {
      const service = test.platform.service(name);
      const reads = keepExecuting('get_order');
      const writes = keepExecuting('add_ticket');
      const { pid } = service;

      await service.kill();
      const readsBefore = reads.results.length;
      await test.eventually(
        () => Promise.resolve(reads.results.length),
        (count) => count > readsBefore + 20,
      );
      await test.eventually(
        () => Promise.resolve(service.pid),
        (current) => current !== pid,
      );
      await test.eventually(
        () => isBack(name),
        (back) => back,
      );
      await Promise.all([reads.stop(), writes.stop()]);

      for (const { results } of [reads, writes]) {
        expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['succeeded']));
        expect(results.filter(({ ms }) => ms > DEADLINE_MS + 50)).toEqual([]);
      }
    },
    60_000,
  );

  /** Whether the service does its work again, seen from outside. */
  async function isBack(name: ServiceName): Promise<boolean> {
    const paths = {
      vault: '/v1/credentials',
      catalog: '/v1/tools',
      audit: '/v1/executions',
      executor: '',
      gateway: '/v1/me',
    };
    return (await test.rest('GET', paths[name])).status === 200;
  }

  it('audit: nothing of what ran meanwhile is missing from the records', async () => {
    const executor = test.platform.service('executor');
    const audit = test.platform.service('audit');
    await audit.kill();
    const ids: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      ids.push((await execute('get_order')).executionId, (await execute('add_ticket')).executionId);
    }
    expect(executor.pid).toBeGreaterThan(0);

    const { body } = await test.eventually(
      () => test.rest('GET', '/v1/executions?limit=200'),
      ({ status, body: page }) =>
        status === 200 &&
        ids.every((id) => page.items.some((item: { executionId: string }) => item.executionId === id)),
      30_000,
    );

    const recorded = (body.items as { executionId: string }[]).map(({ executionId }) => executionId);
    expect(new Set(recorded).size).toBe(recorded.length);
  }, 60_000);

  it('the executor: every write it had begun ends in exactly one record, told as unknown where nobody knows', async () => {
    await test.resetSample(); // only what hangs is to be counted
    await test.fault({ method: 'POST', path: '/v1/tickets', times: 3, fault: { hang: true } });
    const hanging = [1, 2, 3].map(() => execute('add_ticket').catch((error: unknown) => String(error)));
    await test.eventually(
      async () => (await test.received()).filter(({ url }) => url === '/v1/tickets').length,
      (count) => count === 3,
    );
    const before = (await test.rest('GET', '/v1/executions?limit=200')).body.items.length as number;

    await test.platform.service('executor').kill();
    await Promise.all(hanging);
    await test.eventually(
      () =>
        execute('get_order').then(
          ({ status }) => status,
          () => 'down',
        ),
      (status) => status === 'succeeded',
    );

    const { body } = await test.eventually(
      () => test.rest('GET', '/v1/executions?limit=200&status=unknown'),
      ({ body: page }) => page.items.length >= 3,
      30_000,
    );
    expect(before).toBeGreaterThan(0);
    expect(body.items).toHaveLength(3);
    expect(body.items).toEqual(
      Array(3).fill(
        expect.objectContaining({
          toolKey: 'add_ticket',
          outcome: 'interrupted',
          errorCode: 'outcome_unknown',
        }),
      ),
    );
  }, 90_000);

  it('nats-server: everybody is back in the loop without help', async () => {
    await test.platform.killNats();

    const status = await test.eventually(
      () => execute('get_order').then((execution) => execution.status, String),
      (one) => one === 'succeeded',
      30_000,
    );
    expect(status).toBe('succeeded');
    for (const name of ['vault', 'catalog', 'audit', 'gateway'] as const) {
      expect(
        await test.eventually(
          () => isBack(name),
          (back) => back,
          30_000,
        ),
      ).toBe(true);
    }
    const { executionId } = await execute('add_ticket');
    await test.eventually(
      () => test.rest('GET', `/v1/executions/${executionId}`),
      (reply) => reply.status === 200,
      30_000,
    );
  }, 90_000);
});
