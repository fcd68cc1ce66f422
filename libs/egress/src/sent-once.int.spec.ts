import { afterEach, describe, expect, it } from '@jest/globals';
import type { EgressClient } from './egress-client.js';
import { clientAllowing, get, post } from './testing/requests.js';
import { answer, response, Upstream, type Behaviour } from './testing/upstream.js';

let upstream: Upstream;
let client: EgressClient;
let url: string;

async function facing(behaviour: Behaviour): Promise<void> {
  upstream = await Upstream.start(behaviour);
  url = `http://127.0.0.1:${upstream.port}`;
  client = clientAllowing(url);
}
afterEach(async () => {
  await client.close();
  await upstream.stop();
});

/** Lets undici free the connection for reuse, which it does one turn after the response. */
const nextTurn = () => new Promise(setImmediate);

describe('a connection kept alive, closed by the server as the next request arrives', () => {
  const vanishing: Behaviour = (socket, _request, nth) =>
    nth === 1 ? socket.write(response('ok')) : socket.destroy();

  it.each(['POST', 'PUT', 'GET', 'DELETE'] as const)(
    'loses a %s, and does not send it again',
    async (method) => {
      await facing(vanishing);
      await client.send(get(url));
      await nextTurn();
      const result = await client.send(get(`${url}/raced`, { method }));

      expect(result).toMatchObject({ kind: 'failure', reason: 'reset', requestSent: true });
      await nextTurn();
      expect(upstream.requests.filter((request) => request.includes('/raced'))).toHaveLength(1);
      expect(upstream.connections).toBe(1);
    },
  );

  it('does not keep the request after that from a connection of its own', async () => {
    await facing(vanishing);
    for (const path of ['/one', '/raced']) {
      await client.send(post(`${url}${path}`, 'x'));
      await nextTurn();
    }

    expect(await client.send(post(`${url}/two`, 'x'))).toMatchObject({ status: 200 });
  });
});

describe('a connection kept alive, closed by the server while idle', () => {
  it('is replaced before the next request is written', async () => {
    await facing((socket) => socket.end(response('ok'))); // promises keep-alive, and leaves
    for (const path of ['/one', '/two', '/three']) {
      expect(await client.send(post(`${url}${path}`, 'x'))).toMatchObject({ status: 200 });
      await upstream.idle();
    }

    expect(upstream.requests).toHaveLength(3);
  });
});

describe('a connection closed at every moment around the next request', () => {
  it('never makes a request arrive twice, nor one arrive that is said not to have been sent', async () => {
    await facing((socket) => {
      socket.write(response('ok'));
      // Some connections live, some go at once, some a few turns later: while the next request is on its way.
      let turns = Math.floor(Math.random() * 6);
      const leave = () => {
        if (turns-- > 0) setImmediate(leave);
        else socket.destroy();
      };
      if (turns < 5) leave();
    });
    const results = new Map<string, boolean>();
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let n = 0; n < 100; n += 1) {
          const path = `/${lane}-${n}-`;
          const result = await client.send(post(`${url}${path}`, 'x'));
          results.set(path, result.kind === 'response' || result.requestSent);
          if (n % 3 > 0) await nextTurn();
        }
      }),
    );
    const arrived = upstream.requests.map((request) => request.split(' ')[1]!);

    expect(arrived).toHaveLength(new Set(arrived).size);
    expect(arrived.filter((path) => results.get(path) !== true)).toEqual([]);
    expect([...results.values()].filter(Boolean).length).toBeGreaterThan(400);
  });
});

describe('whether a request was sent', () => {
  it('is no when nobody listens', async () => {
    await facing(answer(''));
    const { port } = upstream;
    await upstream.stop();

    expect(await client.send(post(`http://127.0.0.1:${port}`, 'x'))).toMatchObject({
      reason: 'connect',
      requestSent: false,
    });
    await facing(answer(''));
  });

  it('is yes when the connection is lost half-way through the body', async () => {
    await facing(answer(''));
    const { server } = upstream as unknown as { server: NodeJS.EventEmitter };
    server.on('connection', (socket: NodeJS.EventEmitter & { destroy(): void }) =>
      socket.once('data', () => socket.destroy()),
    );

    expect(await client.send(post(url, 'x'.repeat(20_000_000)))).toMatchObject({
      reason: 'reset',
      requestSent: true,
    });
    expect(upstream.requests).toEqual([]);
  });
});
