import { ServiceError } from '#contracts/errors';
import { Announcement, Inquiry, Rpc } from '#contracts/rpc';
import { parseExactly } from '#toolcall/exact-json';
import { startTestNats } from '#testing/test-nats';
import { collectSpans } from '#testing/spans';
import type { RunningNats } from '#devstack/nats-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { propagation, ROOT_CONTEXT, trace, context } from '@opentelemetry/api';
import { once, EventEmitter } from 'node:events';
import Type from 'typebox';
import { Deadline } from './deadline.js';
import { Answers, Handles, Hears, RpcController } from './handles.decorator.js';
import { NatsLink } from './nats-connection.js';
import { NatsTransport, type TransportOptions } from './nats.transport.js';
import { RpcClient } from './rpc.client.js';
import type { RpcContext } from './rpc-context.js';

const ORG = '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a11';
const Anything = Type.Unsafe<Record<string, unknown>>({ type: 'object' });
const Greet = Type.Object({ name: Type.String({ maxLength: 20 }) }, { additionalProperties: false });
const greet = new Rpc('patchbay.internal.test.greeting.make', Greet, Anything);
const misbehave = new Rpc('patchbay.internal.test.greeting.misbehave', Anything, Anything);
const weigh = new Rpc('patchbay.internal.test.greeting.weigh', Anything, Anything, {
  exactIntegers: true,
  maxRequestBytes: 200,
});
const publicGreet = new Rpc('patchbay.v1.*.greetings.make', Greet, Anything);
const whoHas = new Inquiry('patchbay.internal.test.greeting.find', Greet, Anything);
const greeted = new Announcement('patchbay.internal.test.greeting.made', Greet);

const events = new EventEmitter();
const heard: string[] = [];

@RpcController()
class GreetingController {
  @Handles(greet)
  greet({ name }: { name: string }): Promise<Record<string, unknown>> {
    const span = trace.getActiveSpan()?.spanContext();
    return Promise.resolve({ greeting: `Hello ${name}`, traceId: span?.traceId, pid: this.id });
  }

  @Handles(publicGreet)
  greetPublicly({ name }: { name: string }, { orgId }: RpcContext): Promise<Record<string, unknown>> {
    return Promise.resolve({ greeting: `Hello ${name} of ${orgId}` });
  }

  @Handles(weigh)
  weigh(given: Record<string, unknown>): Promise<Record<string, unknown>> {
    return Promise.resolve({ given });
  }

  @Handles(misbehave)
  async misbehave({ how }: Record<string, unknown>): Promise<Record<string, unknown>> {
    switch (how) {
      case 'throw':
        throw new Error('the password is hunter2');
      case 'refuse':
        throw new ServiceError('tool_not_found', 'There is no tool `x`', { key: 'x' });
      case 'too_big':
        return { text: 'x'.repeat(1_100_000) };
      case 'unserializable':
        return { big: 1n };
      case 'hang':
        await once(events, 'release');
        return { late: true };
      default:
        return {};
    }
  }

  @Answers(whoHas)
  find({ name }: { name: string }): Promise<Record<string, unknown> | undefined> {
    events.emit('asked');
    if (name === 'nobody' || this.known.size === 0) return Promise.resolve(undefined);
    return this.known.has(name) ? Promise.resolve({ id: this.id }) : Promise.reject(new Error('hunter2'));
  }

  @Hears(greeted)
  hear({ name }: { name: string }): Promise<void> {
    heard.push(name);
    events.emit('heard');
    return Promise.resolve();
  }

  readonly known = new Set<string>();
  readonly id = Math.random();
}

@Module({ controllers: [GreetingController] })
class GreetingModule {}

interface Running {
  link: NatsLink;
  app: INestMicroservice;
  transport: NatsTransport;
}

const running: Running[] = [];

async function startInstance(url: string, options: Partial<TransportOptions> = {}): Promise<Running> {
  const link = await NatsLink.open({ url, name: 'test' });
  const transport = new NatsTransport(link, {
    queue: 'test',
    maxInFlight: 100,
    defaultDeadlineMs: 5000,
    drainMs: 5000,
    ...options,
  });
  const app = await NestFactory.createMicroservice(GreetingModule, { strategy: transport, logger: false });
  transport.bindTo(app);
  await app.listen();
  const instance = { link, app, transport };
  running.push(instance);
  return instance;
}

describe('messaging over a real nats-server', () => {
  let nats: RunningNats;
  let plain: NatsConnection;
  let link: NatsLink;
  let rpc: RpcClient;

  beforeAll(async () => {
    nats = await startTestNats();
    plain = await connect({ servers: nats.url });
    link = await NatsLink.open({ url: nats.url, name: 'client' });
    rpc = new RpcClient(link);
  });
  beforeEach(() => {
    heard.length = 0;
  });
  afterEach(async () => {
    events.emit('release');
    for (const { app, link: own } of running.splice(0)) {
      await app.close();
      await own.close();
    }
  });
  afterAll(async () => {
    await plain.close();
    await link.close();
    await nats.stop();
  });

  const ask = async (subject: string, payload: string | Uint8Array, timeout = 3000) => {
    const reply = await plain.request(subject, payload, { timeout });
    return {
      code: reply.headers?.get('Nats-Service-Error-Code'),
      body: JSON.parse(reply.string()) as unknown,
    };
  };

  it('answers a plain JSON request with plain JSON, without an envelope', async () => {
    await startInstance(nats.url);

    const { code, body } = await ask(greet.subject, JSON.stringify({ name: 'Ada' }));

    expect(code).toBeUndefined();
    expect(body).toMatchObject({ greeting: 'Hello Ada' });
  });

  describe('an inquiry', () => {
    const within = (ms: number) => Deadline.in(ms);

    it('is heard by every instance and answered by the one whom it concerns', async () => {
      const instances = [await startInstance(nats.url), await startInstance(nats.url)];
      for (const [index, { app }] of instances.entries()) {
        const controller = app.get(GreetingController);
        controller.known.add(`known to ${index}`);

        expect(await rpc.inquire(whoHas, { name: `known to ${index}` }, within(3000))).toEqual({
          id: controller.id,
        });
      }
    });

    it.each([
      ['nobody is there', 0, 'Ada'],
      ['it concerns nobody', 2, 'nobody'],
      ['it is malformed', 1, 7 as unknown as string],
    ])('has no answer when %s', async (_when, count, name) => {
      for (let started = 0; started < count; started += 1) await startInstance(nats.url);

      expect(await rpc.inquire(whoHas, { name }, within(200))).toBeUndefined();
    });

    it('is not answered by an instance that fails', async () => {
      const { app } = await startInstance(nats.url);
      app.get(GreetingController).known.add('Ada');

      expect(await rpc.inquire(whoHas, { name: 'Bob' }, within(200))).toBeUndefined();
      expect(await rpc.inquire(whoHas, { name: 'Ada' }, within(3000))).toBeDefined();
    });
  });

  it('keeps the digits of large integers where a request is declared so, and no others', async () => {
    await startInstance(nats.url);
    const payload = '{"id":12345678901234567890,"small":[1]}';

    const reply = await plain.request(weigh.subject, payload, { timeout: 3000 });
    expect(reply.string()).toBe(`{"given":${payload}}`);
    const parsed = await rpc.call(weigh, parseExactly(payload) as Record<string, unknown>, {
      deadline: Deadline.in(3000),
    });
    expect(JSON.stringify(parsed)).toBe(`{"given":${payload}}`);
    const other = await ask(publicGreet.subject.replace('*', ORG), '{"name":12345678901234567890}');
    expect(other.body).toMatchObject({
      error: { details: { problems: [{ found: 'number 12345678901234567000' }] } },
    });
  });

  it('refuses a request larger than declared, unread', async () => {
    await startInstance(nats.url);

    expect((await ask(weigh.subject, `{"a":"${'x'.repeat(192)}"}`)).code).toBeUndefined();
    expect((await ask(weigh.subject, `{"a":"${'x'.repeat(195)}`)).code).toBe('payload_too_large');
  });

  it('takes the organization of a public subject from its third token', async () => {
    await startInstance(nats.url);

    expect(await rpc.call(publicGreet, { name: 'Ada' }, { orgId: ORG, deadline: Deadline.in(3000) })).toEqual(
      {
        greeting: `Hello Ada of ${ORG}`,
      },
    );
    expect((await ask('patchbay.v1.acme.greetings.make', '{"name":"Ada"}')).code).toBe('invalid_request');
  });

  it.each([
    ['truncated JSON', '{"name":'],
    ['a number', '7'],
    ['null', 'null'],
    ['an array', '[{"name":"Ada"}]'],
    ['an empty payload', ''],
    ['bytes that are not UTF-8', Uint8Array.from([0xff, 0xfe, 0x00])],
    ['an unknown field', '{"name":"Ada","nmae":"Ada"}'],
    ['a wrong type', '{"name":7}'],
    ['deep nesting', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('answers %s with invalid_request', async (_what, payload) => {
    await startInstance(nats.url);

    const { code, body } = await ask(greet.subject, payload);

    expect(code).toBe('invalid_request');
    expect(body).toMatchObject({
      error: { code: 'invalid_request', details: { problems: expect.any(Array) } },
    });
    expect((await ask(greet.subject, '{"name":"still here"}')).code).toBeUndefined();
  });

  it.each([
    ['refuse', 'tool_not_found', 'There is no tool `x`'],
    ['throw', 'internal', 'Patchbay failed to do its work'],
    ['too_big', 'reply_too_large', 'the bus takes 1048576'],
    ['unserializable', 'internal', 'Patchbay failed to do its work'],
  ])('turns a handler that would %s into the error %s', async (how, code, message) => {
    await startInstance(nats.url);

    const answer = await ask(misbehave.subject, JSON.stringify({ how }));

    expect(answer.code).toBe(code);
    expect(JSON.stringify(answer.body)).toContain(message);
    expect(JSON.stringify(answer.body)).not.toContain('hunter2');
  });

  it('never replies to a subject that is acted on: nobody has a service send what they may not', async () => {
    await startInstance(nats.url);
    const arrived: string[] = [];
    for (const subject of ['patchbay.internal.secret.changed', '$JS.API.STREAM.PURGE.X', 'inbox']) {
      plain.subscribe(subject, { callback: () => void arrived.push(subject) });
    }

    const request = JSON.stringify({ name: 'Ada' });
    plain.publish(greet.subject, request, { reply: 'patchbay.internal.secret.changed' });
    plain.publish(greet.subject, request, { reply: '$JS.API.STREAM.PURGE.X' });
    plain.publish(greet.subject, request, { reply: 'inbox' });
    await ask(greet.subject, request); // one instance takes them in turn: the others are done with

    expect(arrived).toEqual(['inbox']);
  });

  it('gives the caller of the client the error the service threw, details included', async () => {
    await startInstance(nats.url);

    await expect(
      rpc.call(misbehave, { how: 'refuse' }, { deadline: Deadline.in(3000) }),
    ).rejects.toMatchObject({
      code: 'tool_not_found',
      message: 'There is no tool `x`',
      details: { key: 'x' },
    });
  });

  it('says at once that nobody is there to answer', async () => {
    await expect(rpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(60_000) })).rejects.toMatchObject({
      code: 'service_unavailable',
    });
  });

  it('stops waiting at the deadline, on both sides', async () => {
    await startInstance(nats.url);

    await expect(rpc.call(misbehave, { how: 'hang' }, { deadline: Deadline.in(100) })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    const carrier = headers();
    carrier.set('Patchbay-Deadline-Ms', '100');
    const reply = await plain.request(misbehave.subject, '{"how":"hang"}', {
      timeout: 3000,
      headers: carrier,
    });
    expect(reply.headers?.get('Nats-Service-Error-Code')).toBe('deadline_exceeded');
  });

  it.each([
    ['0', 'deadline_exceeded'],
    ['-5', 'deadline_exceeded'],
    ['soon', 'invalid_request'],
  ])('does not start work whose deadline header is %s', async (value, code) => {
    await startInstance(nats.url);
    const carrier = headers();
    carrier.set('Patchbay-Deadline-Ms', value);

    const reply = await plain.request(greet.subject, '{"name":"Ada"}', { timeout: 3000, headers: carrier });

    expect(reply.headers?.get('Nats-Service-Error-Code')).toBe(code);
  });

  it('answers overloaded when as many requests as allowed are under way', async () => {
    await startInstance(nats.url, { maxInFlight: 2 });
    const held = [1, 2].map(() => ask(misbehave.subject, '{"how":"hang"}'));
    await plain.flush();

    expect((await ask(greet.subject, '{"name":"Ada"}')).code).toBe('overloaded');

    events.emit('release');
    await Promise.all(held);
    expect((await ask(greet.subject, '{"name":"Ada"}')).code).toBeUndefined();
  });

  it('gives each request to one instance, and each announcement to all', async () => {
    await startInstance(nats.url);
    await startInstance(nats.url);

    const replies = await Promise.all(
      Array.from({ length: 40 }, () => rpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(3000) })),
    );
    expect(new Set(replies.map((reply) => reply.pid)).size).toBe(2);

    rpc.announce(greeted, { name: 'Ada' });
    while (heard.length < 2) await once(events, 'heard');
    expect(heard).toEqual(['Ada', 'Ada']);
  });

  it('finishes what is under way before it stops, and takes no more', async () => {
    const { transport } = await startInstance(nats.url);
    const held = ask(misbehave.subject, '{"how":"hang"}');
    await plain.flush();
    await ask(greet.subject, '{"name":"Ada"}'); // the one before it has arrived

    const closing = transport.close();
    await plain.flush();
    events.emit('release');
    await closing;

    expect((await held).body).toEqual({ late: true });
    await expect(ask(greet.subject, '{"name":"Ada"}')).rejects.toThrow(/no responders/i);
  });

  it('carries one trace from the caller through the handler, each request its own', async () => {
    const spans = collectSpans();
    await startInstance(nats.url);
    const tracer = trace.getTracer('test');

    const traceIds = await Promise.all(
      Array.from({ length: 20 }, () =>
        tracer.startActiveSpan('caller', { root: true }, async (span) => {
          const { traceId } = await rpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(3000) });
          span.end();
          return [span.spanContext().traceId, traceId];
        }),
      ),
    );

    expect(traceIds.every(([mine, theirs]) => mine === theirs)).toBe(true);
    expect(new Set(traceIds.map(([mine]) => mine)).size).toBe(20);
    const [caller] = spans.finished().filter((span) => span.name === 'caller');
    const ofOneTrace = spans
      .finished()
      .filter((span) => span.spanContext().traceId === caller?.spanContext().traceId);
    expect(ofOneTrace.map((span) => span.name).sort()).toEqual(['caller', greet.subject, greet.subject]);
  });

  it('passes baggage on', async () => {
    const spans = collectSpans();
    await startInstance(nats.url);
    const baggage = propagation.createBaggage({ 'patchbay.call.id': { value: 'call-1' } });

    await context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
      rpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(3000) }),
    );

    expect(spans.finished().map((span) => span.attributes['patchbay.call.id'])).toEqual(['call-1', 'call-1']);
  });

  it('comes back by itself after the server was killed, and fails fast meanwhile', async () => {
    let own = await startTestNats();
    const { port } = own;
    await startInstance(own.url);
    const client = await NatsLink.open({ url: own.url, name: 'client' });
    const ownRpc = new RpcClient(client);
    await ownRpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(3000) });

    await own.child.kill();
    while (client.isConnected) await new Promise((resolve) => setImmediate(resolve));
    await expect(
      ownRpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(60_000) }),
    ).rejects.toMatchObject({
      code: 'service_unavailable',
    });

    const [clientIsBack, serviceIsBack] = [client, running[0]!.link].map(
      (one) => new Promise<void>((resolve) => one.onReconnect(resolve)),
    );
    own = await startTestNats({ port });
    await Promise.all([clientIsBack, serviceIsBack]);
    await running[0]!.link.connection.flush();
    expect(await ownRpc.call(greet, { name: 'Ada' }, { deadline: Deadline.in(3000) })).toMatchObject({
      greeting: 'Hello Ada',
    });

    await client.close();
    await running[0]!.app.close();
    await running[0]!.link.close();
    running.length = 0;
    await own.stop();
  });
});
