import { executeTool } from '#contracts/executor.contract';
import { ServiceError } from '#contracts/errors';
import type { RunningNats } from '#devstack/nats-server';
import { registry } from '#telemetry/metrics';
import { collectSpans, type CollectedSpans } from '#testing/spans';
import { createTestDatabase } from '#testing/test-database';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { startWorld, type World } from '../../test/start-world.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;

describe('a request’s trace', () => {
  let nats: RunningNats;
  let world: World;
  let spans: CollectedSpans;

  beforeAll(async () => {
    collectSpans();
    nats = await startTestNats();
    world = await startWorld({ databaseUrl: await createTestDatabase(), natsUrl: nats.url });
  });
  beforeEach(() => {
    world.services.reset();
    spans = collectSpans();
  });
  afterAll(async () => {
    await world.stop();
    await nats.stop();
  });

  const run = (headers: Record<string, string> = {}) =>
    world.gateway.ask('POST', '/v1/executions', {
      key: world.keys.executor,
      body: { toolKey: 'look_up', arguments: { phone: '+15550100' } },
      headers,
    });
  /** The spans of requests, once so many have ended: that may be just after their replies were read. */
  const serverSpans = async (count: number) => {
    for (;;) {
      const found = spans.finished().filter(({ kind }) => kind === SpanKind.SERVER);
      if (found.length >= count) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const serverSpan = async () => (await serverSpans(1))[0]!;

  it('continues the client’s, through the gateway to the service that is asked', async () => {
    await run({ traceparent });

    const server = await serverSpan();
    const client = spans.finished().find(({ kind }) => kind === SpanKind.CLIENT)!;
    expect(server.spanContext().traceId).toBe(traceId);
    expect(server.parentSpanContext?.spanId).toBe('00f067aa0ba902b7');
    expect(client.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    expect(world.services.last?.header('traceparent')).toBe(
      `00-${traceId}-${client.spanContext().spanId}-01`,
    );
  });

  it('is a new one without a client’s, or when the header is none', async () => {
    await run({ traceparent: 'garbage' });

    const server = await serverSpan();
    expect(server.parentSpanContext).toBeUndefined();
    expect(world.services.last?.header('traceparent')).toContain(server.spanContext().traceId);
  });

  it('says what was asked for by its route, and nothing of query, headers or body', async () => {
    await world.gateway.ask('GET', '/v1/tools/look_up/versions?limit=5', { key: world.keys.viewer });

    const server = await serverSpan();
    expect(server.name).toBe('GET /v1/tools/{key}/versions');
    expect(server.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/v1/tools/{key}/versions',
      'http.response.status_code': 200,
      'patchbay.org.id': world.orgId,
    });
  });

  it('does not take the client’s baggage along', async () => {
    await run({ baggage: 'patchbay.org.id=another,patchbay.call.id=forged' });

    expect(world.services.last?.header('baggage')).toBeUndefined();
    expect((await serverSpan()).attributes['patchbay.org.id']).toBe(world.orgId);
  });

  it('is named in a problem, fails with our failures only, and has the error’s code', async () => {
    world.services.answer(executeTool, ({ request }) => {
      throw new ServiceError(request.version === 1 ? 'tool_not_found' : 'internal', 'So it is');
    });
    const failed = await run({ traceparent });
    expect(failed.body.traceId).toBe(traceId);
    expect(await serverSpan()).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'internal' },
      attributes: { 'http.response.status_code': 500, 'patchbay.error.code': 'internal' },
    });

    spans = collectSpans();
    await world.gateway.refusal('POST', '/v1/executions', {
      key: world.keys.executor,
      body: { toolKey: 'look_up', version: 1 },
    });
    expect(await serverSpan()).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'http.response.status_code': 404, 'patchbay.error.code': 'tool_not_found' },
    });
  });

  it('has a name without a path where there is no route', async () => {
    await world.gateway.refusal('GET', '/v1/nothing/secret');

    expect(await serverSpan()).toMatchObject({ name: 'GET' });
  });

  it('keeps to itself when many come at once', async () => {
    const traceIds = Array.from({ length: 20 }, (_, index) => traceId.slice(0, 30) + String(index + 10));
    const received: (string | undefined)[] = [];
    world.services.answer(executeTool, ({ header }) => {
      received.push(header('traceparent')?.slice(3, 35));
      throw new ServiceError('internal', '');
    });
    const replies = await Promise.all(
      traceIds.map((one) => run({ traceparent: `00-${one}-00f067aa0ba902b7-01` })),
    );

    expect(replies.map(({ body }) => body.traceId)).toEqual(traceIds);
    expect(received.sort()).toEqual(traceIds);
  });

  it('goes with counts by route, method and class of status', async () => {
    registry.resetMetrics();
    await run();
    await world.gateway.refusal('GET', '/v1/tools/look_up');
    await serverSpans(2);

    const text = await registry.metrics();
    expect(text).toContain(
      'patchbay_http_requests_total{route="/v1/executions",method="POST",status="2xx"} 1',
    );
    expect(text).toContain(
      'patchbay_http_requests_total{route="/v1/tools/{key}",method="GET",status="4xx"} 1',
    );
    expect(text).toContain(
      'patchbay_http_request_duration_seconds_count{route="/v1/executions",method="POST"} 1',
    );
    expect(text).not.toContain('look_up');
  });
});
