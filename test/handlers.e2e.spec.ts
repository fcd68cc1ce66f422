import * as audit from '#contracts/audit.contract';
import * as calls from '#contracts/call.contract';
import * as catalog from '#contracts/catalog.contract';
import * as executor from '#contracts/executor.contract';
import { Rpc } from '#contracts/rpc';
import * as vault from '#contracts/vault.contract';
import { TestPlatform } from '#testing/test-platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';

const rpcs = [audit, calls, catalog, executor, vault]
  .flatMap((contract) => Object.values(contract) as unknown[])
  .filter((one): one is Rpc => one instanceof Rpc);

describe('the subjects of the bus', () => {
  let test: TestPlatform;
  let bus: NatsConnection; // an operator's: no orchestrator may send to most of the subjects

  beforeAll(async () => {
    test = await TestPlatform.start({ operator: true });
    bus = await test.connectOperator();
  }, 60_000);
  afterAll(async () => {
    await bus.close();
    await test.stop();
  }, 30_000);

  const orgId = randomUUID();
  const ask = (rpc: Rpc, payload: string | Uint8Array) =>
    bus.request(rpc.subjectFor(orgId), payload, { timeout: 10_000 });

  it.each(rpcs.map((rpc) => [rpc.subject, rpc] as const))(
    '%s has exactly one handler, which answers',
    async (_subject, rpc) => {
      const replies: string[] = [];
      const inbox = `_INBOX.${randomUUID()}`;
      const subscription = bus.subscribe(inbox, {
        callback: (_, message) => {
          replies.push(message.headers?.get('Nats-Service-Error-Code') ?? 'ok');
        },
      });
      bus.publish(rpc.subjectFor(orgId), '{"no such field":1}', { reply: inbox });

      // A request sent afterwards is answered afterwards, by the same instance: by then any second reply would be here.
      await test.eventually(
        () => Promise.resolve(replies.length),
        (count) => count > 0,
      );
      await ask(rpc, '{"no such field":1}');

      expect(replies).toEqual(['invalid_request']);
      subscription.unsubscribe();
    },
  );

  it('survive ten thousand random, truncated, oversized and wrong-typed messages, and answer each', async () => {
    const pids = test.platform.pids();
    const valid = JSON.stringify({
      orgId,
      toolKey: 'x',
      credentialId: randomUUID(),
      executionId: randomUUID(),
      arguments: {},
    });
    const payload = fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)) },
      { weight: 3, arbitrary: fc.json({ maxDepth: 4 }) },
      { weight: 2, arbitrary: fc.nat(valid.length).map((end) => valid.slice(0, end)) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(
            fc.constantFrom('orgId', 'toolKey', 'arguments', 'credentialId', 'limit', 'cursor', 'deadlineMs'),
            fc.jsonValue(),
          )
          .map(([name, value]) => JSON.stringify({ ...(JSON.parse(valid) as object), [name]: value })),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '',
          'null',
          '[]',
          '0',
          '"',
          '{"__proto__":{"a":1}}',
          '\u0000',
          '{"a":1e999}',
        ),
      },
      {
        weight: 1,
        arbitrary: fc
          .nat(20_000)
          .map((depth) => '{"arguments":'.concat('['.repeat(depth), ']'.repeat(depth), '}')),
      },
    );
    const messages = fc.sample(payload, 10_000);
    const oversized = 'x'.repeat(1_000_000);
    messages.splice(0, 20, ...Array.from({ length: 20 }, () => JSON.stringify({ toolKey: oversized })));

    let answered = 0;
    const worker = async (first: number) => {
      for (let index = first; index < messages.length; index += 16) {
        const rpc = rpcs[index % rpcs.length]!;
        const reply = await ask(rpc, messages[index]!);
        expect(() => JSON.parse(reply.string()) as unknown).not.toThrow();
        answered += 1;
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, first) => worker(first)));

    expect(answered).toBe(10_000);
    expect(test.platform.pids()).toEqual(pids);
    for (const pid of pids) expect(() => process.kill(pid, 0)).not.toThrow();
    for (const rpc of rpcs)
      expect((await ask(rpc, '{"no such field":1}')).headers?.get('Nats-Service-Error-Code')).toBe(
        'invalid_request',
      );
  }, 120_000);

  it('ignore what nobody waits for', async () => {
    for (const rpc of rpcs) bus.publish(rpc.subjectFor(orgId), '{"garbage');
    bus.publish(catalog.toolChanged.subject, 'garbage');
    bus.publish(vault.credentialChanged.subject, '{"orgId":7}');
    bus.publish(executor.executionsRecorded.subject, '{"records":[{"executionId":1}]}');
    await bus.flush();

    expect((await ask(catalog.describeTools, '{}')).json()).toEqual({ format: 'patchbay', tools: [] });
  });
});
