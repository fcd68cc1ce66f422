import { Announcement } from '#contracts/rpc';
import { startNatsServer, type RunningNats } from '#devstack/nats-server';
import { startTestNats } from '#testing/test-nats';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Type from 'typebox';
import { DurableStream, type StreamNames } from './durable-stream.js';
import { NatsLink } from './nats-connection.js';

jest.setTimeout(60_000); // servers are killed and started again

const Counted = Type.Object({ n: Type.Integer() }, { additionalProperties: false });
type Counted = Type.Static<typeof Counted>;

/** What a handler was given, in order, and a way to wait for more of it. */
class Received {
  readonly numbers: number[] = [];
  private readonly arrivals = new EventEmitter();

  note({ n }: Counted): void {
    this.numbers.push(n);
    this.arrivals.emit('one');
  }

  async until(isEnough: (numbers: number[]) => boolean): Promise<void> {
    while (!isEnough(this.numbers)) await once(this.arrivals, 'one', { signal: AbortSignal.timeout(40_000) });
  }

  async all(count: number): Promise<void> {
    await this.until((numbers) => new Set(numbers).size >= count);
  }
}

const opened: { link: NatsLink; stream: DurableStream }[] = [];

async function open(url: string) {
  const link = await NatsLink.open({ url, name: 'test' });
  const instance = { link, stream: new DurableStream(link) };
  opened.push(instance);
  return instance;
}

async function closeAll(): Promise<void> {
  for (const { link, stream } of opened.splice(0)) {
    await stream.close();
    await link.close();
  }
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

const take = (received: Received) => (counted: Counted) => {
  received.note(counted);
  return Promise.resolve();
};

describe('a durable stream', () => {
  let nats: RunningNats;
  let plain: NatsConnection;
  let manager: JetStreamManager;
  let names: StreamNames;
  let counted: Announcement<typeof Counted>;
  let serial = 0;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    nats = await startTestNats();
    plain = await connect({ servers: nats.url });
    manager = await jetstreamManager(plain);
  });
  beforeEach(() => {
    serial += 1;
    names = { name: `TEST_${serial}`, consumer: 'test' };
    counted = new Announcement(`patchbay.internal.test.number.counted${serial}`, Counted);
  });
  afterEach(closeAll);
  afterAll(async () => {
    await plain.close();
    await nats.stop();
  });

  const publish = (stream: DurableStream, n: number, id = `id-${n}`) =>
    stream.publish(names, counted, JSON.stringify({ n }), id);
  const waiting = async () => (await manager.streams.info(names.name)).state.messages;

  const progress = () => manager.consumers.info(names.name, names.consumer);

  /** The server tells nobody when its state changes. */
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(JSON.stringify(await progress()));
      await wait(20);
    }
  }
  const untilActedOn = () =>
    until(async () => {
      const { num_pending, num_ack_pending } = await progress();
      return num_pending + num_ack_pending === 0;
    });

  it('keeps what is published before anybody consumes, hands it over in order, once', async () => {
    const publisher = await open(nats.url);
    for (const n of range(200)) await publish(publisher.stream, n);
    expect(await waiting()).toBe(200);
    const received = new Received();

    (await open(nats.url)).stream.consume(names, counted, take(received));
    await received.all(200);

    expect(received.numbers).toEqual(range(200));
    await untilActedOn();
  });

  it('takes a message published again under its id for the same one', async () => {
    const { stream } = await open(nats.url);
    const received = new Received();
    for (const id of ['a', 'a', 'b', 'a', 'b']) await publish(stream, 1, id);
    await publish(stream, 2, 'last');

    stream.consume(names, counted, take(received));
    await received.all(2);

    expect(received.numbers).toEqual([1, 1, 2]);
  });

  it('brings a message back that its handler rejected, as often as that happens, and loses no other', async () => {
    const { stream } = await open(nats.url);
    const [tried, kept] = [new Received(), new Received()];
    stream.consume(names, counted, (message) => {
      tried.note(message);
      const attempts = tried.numbers.filter((n) => n === message.n).length;
      if (message.n === 3 && attempts < 3) return Promise.reject(new Error('not now'));
      kept.note(message);
      return Promise.resolve();
    });

    for (const n of range(6)) await publish(stream, n);
    await kept.all(6);

    expect(kept.numbers).toEqual([0, 1, 2, 4, 5, 3]);
    expect(tried.numbers.filter((n) => n === 3)).toHaveLength(3);
    await untilActedOn();
  });

  it('tries about once a second while every handling fails, however many messages wait', async () => {
    const { stream } = await open(nats.url);
    for (const n of range(30)) await publish(stream, n);
    const received = new Received();
    const tries: number[] = [];

    stream.consume(names, counted, (message) => {
      tries.push(performance.now());
      received.note(message);
      return Promise.reject(new Error('the database is away'));
    });
    await received.until((numbers) => numbers.length >= 4);

    const gaps = tries.slice(1).map((time, index) => time - tries[index]!);
    expect(Math.min(...gaps)).toBeGreaterThan(900);
  });

  it.each([
    ['truncated JSON', '{"n":'],
    ['null', 'null'],
    ['an array', '[{"n":1}]'],
    ['nothing', ''],
    ['bytes that are not UTF-8', Uint8Array.from([0xff, 0xfe, 0x00])],
    ['a wrong type', '{"n":"1"}'],
    ['an unknown field', '{"n":1,"m":2}'],
    ['deep nesting', `{"n":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('drops a message that is %s for good, and goes on with the next', async (_what, payload) => {
    const { stream } = await open(nats.url);
    const received = new Received();
    stream.consume(names, counted, take(received));
    await publish(stream, 1);
    await plain.request(counted.subject, payload, { timeout: 2000 });
    await publish(stream, 2);

    await received.all(2);

    expect(received.numbers).toEqual([1, 2]);
    await untilActedOn(); // dropped, not merely left for later
  });

  it('shares the messages among the instances, each to one', async () => {
    const received = new Received();
    const shares = await Promise.all(
      range(2).map(async () => {
        const { stream } = await open(nats.url);
        const share: number[] = [];
        stream.consume(names, counted, async (message) => {
          share.push(message.n);
          received.note(message);
          await wait(1); // slow enough that one instance cannot have taken everything
        });
        return share;
      }),
    );
    const publisher = await open(nats.url);

    await Promise.all(range(300).map((n) => publish(publisher.stream, n)));
    await received.all(300);

    expect([...received.numbers].sort((a, b) => a - b)).toEqual(range(300));
    expect(shares.map((share) => share.length > 0)).toEqual([true, true]);
  });

  it('leaves a stream and a consumer as it finds them, and gives what a dead instance held to another', async () => {
    await manager.streams.add({ name: names.name, subjects: [counted.subject], max_msgs: 500 });
    await manager.consumers.add(names.name, {
      durable_name: names.consumer,
      ack_policy: 'explicit',
      ack_wait: 1e9, // an operator's choice, and a short wait for this test
    });
    const first = await open(nats.url);
    const inFirst = new Received();
    const { promise: gate, resolve: openGate } = Promise.withResolvers<undefined>();
    first.stream.consume(names, counted, (message) => {
      inFirst.note(message);
      return gate;
    });
    for (const n of range(3)) await publish(first.stream, n);
    await inFirst.all(1);

    await first.link.connection.close(); // dies with one in hand
    const received = new Received();
    (await open(nats.url)).stream.consume(names, counted, take(received));
    await received.all(3);
    openGate(undefined);

    expect((await manager.streams.info(names.name)).config.max_msgs).toBe(500);
    expect((await manager.consumers.info(names.name, names.consumer)).config.ack_wait).toBe(1e9);
  });

  it('makes the stream anew for the publisher when somebody deleted it', async () => {
    const { stream } = await open(nats.url);
    await publish(stream, 1);

    await manager.streams.delete(names.name);
    await expect(publish(stream, 2)).rejects.toThrow();
    await publish(stream, 3);

    expect(await waiting()).toBe(1);
  });

  it.each([
    ['stream', () => manager.streams.delete(names.name)],
    ['consumer', () => manager.consumers.delete(names.name, names.consumer)],
  ])('makes the %s anew for the consumer when somebody deleted it', async (_what, remove) => {
    const { stream } = await open(nats.url);
    const publisher = await open(nats.url);
    const received = new Received();
    stream.consume(names, counted, take(received));
    await publish(publisher.stream, 1);
    await received.all(1);
    await untilActedOn();

    await remove();
    await publish(publisher.stream, 2).catch(() => publish(publisher.stream, 2));
    await received.all(2);

    expect(received.numbers.at(-1)).toBe(2);
  });

  it('forgets what was acted on a thousand messages ago, and nothing that was not', async () => {
    const { stream } = await open(nats.url);
    const received = new Received();
    stream.consume(names, counted, (message) => {
      received.note(message);
      return message.n === 7 ? Promise.reject(new Error('never')) : Promise.resolve();
    });

    await Promise.all(range(1500).map((n) => publish(stream, n)));
    await received.all(1500);
    await until(async () => (await waiting()) === 1001);

    expect(await manager.streams.getMessage(names.name, { seq: 8 })).toMatchObject({ seq: 8 });
    expect((await manager.streams.info(names.name)).state.last_seq).toBe(1500);
  });

  describe('when the server is killed', () => {
    let home: string;

    beforeEach(async () => {
      home = await mkdtemp(join(tmpdir(), 'patchbay-nats-'));
    });
    afterEach(async () => {
      await closeAll();
      await rm(home, { recursive: true, force: true });
    });

    async function killedUnder(link: NatsLink, server: RunningNats): Promise<void> {
      await server.child.kill();
      while (link.isConnected) await new Promise((resolve) => setImmediate(resolve));
    }

    it('refuses to publish meanwhile, and afterwards goes on with everything it had confirmed', async () => {
      let server = await startNatsServer({ dataDir: home });
      const { port } = server;
      const { stream, link } = await open(server.url);
      const received = new Received();
      stream.consume(names, counted, take(received));
      await publish(stream, 0);
      await received.all(1);
      const confirmed = [0];

      for (const round of [1, 2, 3]) {
        const publishing = Promise.all(
          range(50).map(async (index) => {
            const n = round * 100 + index;
            await publish(stream, n).then(
              () => confirmed.push(n),
              () => undefined, // unknown whether the server has it
            );
          }),
        );
        if (round === 2) await publishing; // once with everything confirmed, twice in the midst of it
        await killedUnder(link, server);
        await expect(publish(stream, -1)).rejects.toThrow('not connected');
        const isBack = new Promise<void>((resolve) => link.onReconnect(resolve));
        server = await startNatsServer({ dataDir: home, port });
        await isBack;
        await publishing;
        await publish(stream, round);
        confirmed.push(round);
        await received.until((numbers) => confirmed.every((n) => numbers.includes(n)));
      }

      await closeAll();
      await server.stop();
    });

    it('makes the stream anew when the server comes back without its disk', async () => {
      let server = await startNatsServer({ dataDir: join(home, 'before') });
      const { stream, link } = await open(server.url);
      const received = new Received();
      stream.consume(names, counted, take(received));
      await publish(stream, 1);
      await received.all(1);

      await killedUnder(link, server);
      const isBack = new Promise<void>((resolve) => link.onReconnect(resolve));
      server = await startNatsServer({ dataDir: join(home, 'after'), port: server.port });
      await isBack;
      await publish(stream, 2);
      await received.all(2);

      expect(received.numbers).toEqual([1, 2]);
      await closeAll();
      await server.stop();
    });

    it('delivers what takes the numbers of messages that a power failure took', async () => {
      let server = await startNatsServer({ dataDir: home });
      const { stream, link } = await open(server.url);
      const received = new Received();
      stream.consume(names, counted, take(received));
      for (const n of range(20)) await publish(stream, n);
      await received.all(20);
      await link.connection.flush();
      await server.stop();

      const store = join(home, 'jetstream', 'jetstream', '$G', 'streams', names.name);
      await rm(join(store, 'msgs'), { recursive: true }); // written last, lost first
      expect(existsSync(join(store, 'obs', names.consumer))).toBe(true);
      const isBack = new Promise<void>((resolve) => link.onReconnect(resolve));
      server = await startNatsServer({ dataDir: home, port: server.port });
      await isBack;
      await publish(stream, 20);
      await received.all(21);

      await closeAll();
      await server.stop();
    });

    it('closes at once all the same', async () => {
      const server = await startNatsServer({ dataDir: home });
      const { stream, link } = await open(server.url);
      const received = new Received();
      stream.consume(names, counted, take(received));
      await publish(stream, 1);
      await received.all(1);
      await killedUnder(link, server);

      const before = performance.now();
      await stream.close();

      expect(performance.now() - before).toBeLessThan(500);
    });
  });

  describe('when it is closed', () => {
    it.each([
      ['before it has begun', () => Promise.resolve()],
      ['while it begins', () => wait(2)],
      ['while it waits for messages', () => wait(200)],
    ])('ends at once %s, and takes no more', async (_when, begin) => {
      const publisher = await open(nats.url);
      const { stream } = await open(nats.url);
      const received = new Received();
      stream.consume(names, counted, take(received));
      await begin();

      const before = performance.now();
      await stream.close();
      expect(performance.now() - before).toBeLessThan(500);

      await publish(publisher.stream, 1);
      const other = new Received();
      (await open(nats.url)).stream.consume(names, counted, take(other));
      await other.all(1);
      expect(received.numbers).toEqual([]);
    });

    it('finishes the message in hand and gives the others back', async () => {
      const first = await open(nats.url);
      const publisher = await open(nats.url);
      for (const n of range(10)) await publish(publisher.stream, n);
      const [inFirst, inSecond] = [new Received(), new Received()];
      const { promise: gate, resolve: openGate } = Promise.withResolvers<undefined>();
      first.stream.consume(names, counted, (message) => {
        inFirst.note(message);
        return gate;
      });
      await inFirst.all(1);
      await until(async () => (await progress()).num_ack_pending === 10);
      await first.link.connection.flush();

      const before = performance.now();
      const closing = first.stream.close();
      openGate(undefined);
      await closing;
      await first.link.connection.flush();
      (await open(nats.url)).stream.consume(names, counted, take(inSecond));
      await inSecond.all(9);

      expect(performance.now() - before).toBeLessThan(5000); // a message merely left would come after 30 s
      expect(inFirst.numbers).toEqual([0]);
      expect([...inSecond.numbers].sort((a, b) => a - b)).toEqual(range(10).slice(1));
      await untilActedOn();
    });
  });
});
