import { startNatsServer, type RunningNats } from '#devstack/nats-server';
import { startTestNats } from '#testing/test-nats';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyValueBucket } from './key-value-bucket.js';
import { NatsLink } from './nats-connection.js';

jest.setTimeout(60_000); // a server is stopped and started again

describe('a key-value bucket', () => {
  let nats: RunningNats;
  let plain: NatsConnection;
  let manager: JetStreamManager;
  const links: NatsLink[] = [];
  let serial = 0;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    nats = await startTestNats();
    plain = await connect({ servers: nats.url });
    manager = await jetstreamManager(plain);
  });
  afterAll(async () => {
    for (const link of links) await link.close();
    await plain.close();
    await nats.stop();
  });

  const newName = () => `TEST_${++serial}`;
  async function open(name: string, ttlMs = 60_000, url = nats.url): Promise<KeyValueBucket> {
    const link = await NatsLink.open({ url, name: 'test' });
    links.push(link);
    return new KeyValueBucket(link, { name, ttlMs, timeoutMs: 5000 });
  }

  it('is made on first use, keeps one value for a key, and that for its time', async () => {
    const name = newName();
    await (await open(name, 90_000)).get('a.b');

    expect((await manager.streams.info(`KV_${name}`)).config).toMatchObject({
      subjects: [`$KV.${name}.>`],
      max_age: 90_000 * 1e6,
      max_msgs_per_subject: 1,
      storage: 'file',
    });
  });

  it('that is there already stays as it is', async () => {
    const name = newName();
    await (await open(name, 1000)).get('a');
    await (await open(name, 2000)).get('a');

    expect((await manager.streams.info(`KV_${name}`)).config.max_age).toBe(1000 * 1e6);
  });

  it('gives what another instance has stored, and says when there is nothing', async () => {
    const name = newName();
    const [one, other] = [await open(name), await open(name)];

    expect(await one.get('k')).toEqual({ text: undefined, revision: 0 });
    expect(await one.put('k', 'ü', 0)).toBe(true);
    expect(await other.get('k')).toEqual({ text: 'ü', revision: 1 });
  });

  it('refuses a value based on one that somebody has replaced', async () => {
    const name = newName();
    const [one, other] = [await open(name), await open(name)];
    await one.put('k', 'first', 0);
    const { revision } = await one.get('k');
    await other.put('k', 'second', revision);

    expect(await one.put('k', 'third', revision)).toBe(false);
    expect(await one.put('k', 'first again', 0)).toBe(false);
    expect((await one.get('k')).text).toBe('second');
  });

  it('forgets what is deleted, and can be written again', async () => {
    const bucket = await open(newName());
    await bucket.put('k', 'x', 0);
    await bucket.delete('k');

    const { text, revision } = await bucket.get('k');
    expect(text).toBeUndefined();
    expect(await bucket.put('k', 'y', revision)).toBe(true);
    expect((await bucket.get('k')).text).toBe('y');
  });

  it('is made anew when it was deleted', async () => {
    const name = newName();
    const bucket = await open(name);
    await bucket.put('k', 'x', 0);
    await manager.streams.delete(`KV_${name}`);

    await expect(bucket.get('k')).rejects.toThrow('not found');
    expect(await bucket.get('k')).toEqual({ text: undefined, revision: 0 });
  });

  it('throws while the server is away, and works when it is back', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'patchbay-kv-'));
    const server = await startNatsServer({ dataDir });
    const bucket = await open(newName(), 60_000, server.url);
    await bucket.put('k', 'x', 0);
    await server.stop();
    await expect(bucket.get('k')).rejects.toThrow();

    const reconnected = new Promise<void>((resolve) => links.at(-1)!.onReconnect(resolve));
    const again = await startNatsServer({ dataDir, port: Number(new URL(server.url).port) });
    await reconnected;

    expect((await bucket.get('k')).text).toBe('x');
    await again.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});
