import { TestPlatform } from '#testing/test-platform';
import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { demoSecrets } from '../samples/business-api/auth.js';

describe('the trace of an execution', () => {
  let test: TestPlatform;
  const callId = randomUUID();

  beforeAll(async () => {
    test = await TestPlatform.start();
    const origins = [test.platform.sampleUrl];
    const credentialId = await test.addCredential({
      type: 'bearer',
      name: 'shop',
      origins,
      token: demoSecrets.bearerToken,
    });
    await test.publish({
      key: 'get_order',
      name: 'Get order',
      description: 'Looks up an order by its number.',
      parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
      request: { method: 'GET', url: `${test.platform.sampleUrl}/orders/{{id}}`, credentialId },
    });
  }, 60_000);
  afterAll(() => test.stop(), 30_000);

  /** Executes under a span of the caller's own. */
  async function execute(id: string, sampled: boolean) {
    const traceId = randomBytes(16).toString('hex');
    const spanId = randomBytes(8).toString('hex');
    const carrier = headers();
    carrier.set('traceparent', `00-${traceId}-${spanId}-0${sampled ? 1 : 0}`);
    carrier.set('baggage', 'customer=somebody,secret=hunter22');
    const request = { toolKey: 'get_order', callId, arguments: { id } };
    const subject = `patchbay.v1.${test.orgId}.tools.execute`;
    await test.nats.request(subject, JSON.stringify(request), { timeout: 5000, headers: carrier });
    return { traceId, spanId };
  }
  const spansOf = (traceId: string, count: number) =>
    test.eventually(
      () => Promise.resolve(test.spans.filter((span) => span.traceId === traceId)),
      (spans) => spans.length >= count,
    );

  it("is one, from the caller's span through executor, catalog and vault to the HTTP attempt", async () => {
    const { traceId, spanId } = await execute('ORD-12345', true);

    const spans = await spansOf(traceId, 6);

    const tree = spans.map(({ service, name, spanId: id, parentSpanId }) => ({
      service,
      name,
      parent: parentSpanId === spanId ? 'caller' : spans.find((one) => one.spanId === parentSpanId)?.name,
      id,
    }));
    const named = (service: string, name: string, parent: string) =>
      expect.objectContaining({ service, name, parent });
    expect(tree).toHaveLength(6);
    expect(tree).toEqual(
      expect.arrayContaining([
        named('executor', 'patchbay.v1.*.tools.execute', 'caller'),
        named('executor', 'patchbay.internal.catalog.tool.resolve', 'patchbay.v1.*.tools.execute'),
        named('catalog', 'patchbay.internal.catalog.tool.resolve', 'patchbay.internal.catalog.tool.resolve'),
        named('executor', 'patchbay.internal.vault.credential.open', 'patchbay.v1.*.tools.execute'),
        named('vault', 'patchbay.internal.vault.credential.open', 'patchbay.internal.vault.credential.open'),
        named('executor', 'GET 127.0.0.1', 'patchbay.v1.*.tools.execute'),
      ]),
    );
    for (const span of spans) {
      expect(span.attributes).toMatchObject({
        'patchbay.call.id': callId,
        'patchbay.org.id': test.orgId,
        'patchbay.tool.key': 'get_order',
      });
    }
  });

  it('does not leave with the request, nor does the baggage', async () => {
    await execute('ORD-12345', true);

    const [request] = (await test.received()).slice(-1);
    expect(Object.keys(request?.headers ?? {})).toEqual(
      expect.arrayContaining(['authorization', 'x-patchbay-org-id']),
    );
    for (const name of ['traceparent', 'tracestate', 'baggage'])
      expect(request?.headers).not.toHaveProperty(name);
    expect(JSON.stringify(request)).not.toContain('hunter22');
  });

  it('is kept when the execution fails, though its caller was not sampled', async () => {
    const { traceId, spanId } = await execute('ORD-99999', false);

    const spans = await spansOf(traceId, 2);

    const root = spans.find(({ name }) => name === 'patchbay.v1.*.tools.execute');
    expect(root).toMatchObject({
      parentSpanId: spanId,
      attributes: { 'patchbay.execution.status': 'failed', 'patchbay.execution.outcome': 'not_found' },
    });
    expect(spans.find(({ name }) => name === 'GET 127.0.0.1')).toMatchObject({
      parentSpanId: root?.spanId,
      attributes: { 'http.response.status_code': 404 },
    });
    const { body } = await test.eventually(
      () => test.rest('GET', `/v1/executions?status=failed`),
      ({ body: page }) => page.items.length > 0,
    );
    expect(body.items[0].traceId).toBe(traceId);
  });

  it('is dropped when all went well and nobody sampled it', async () => {
    const { traceId } = await execute('ORD-12345', false);
    const { traceId: later } = await execute('ORD-12345', true);

    await spansOf(later, 2);

    expect(test.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  });

  it('never has a path, a query, a header or a body in it', () => {
    const text = JSON.stringify(test.spans);

    for (const secret of ['/orders/', 'ORD-', demoSecrets.bearerToken, 'hunter22'])
      expect(text).not.toContain(secret);
  });
});
