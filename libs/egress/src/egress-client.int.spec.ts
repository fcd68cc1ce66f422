import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { Cancellation } from './cancellation.js';
import type { EgressClient, EgressRequest } from './egress-client.js';
import { clientAllowing, get, post } from './testing/requests.js';
import { answer, response, Upstream, type Behaviour } from './testing/upstream.js';

const silent: Behaviour = () => undefined;

let upstream: Upstream;
let client: EgressClient;
let url: string;

/** Puts another upstream in place, and a client that may call it. */
async function facing(
  behaviour: Behaviour,
  options: Parameters<typeof clientAllowing>[1] = {},
): Promise<void> {
  upstream = await Upstream.start(behaviour);
  url = `http://127.0.0.1:${upstream.port}`;
  client = clientAllowing('127.0.0.1/32', options);
}
afterEach(async () => {
  await upstream.stop();
  await client.close();
});

describe('a request', () => {
  beforeEach(() =>
    facing(
      answer(
        response('{"ok":true}', 'content-type: application/json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n'),
      ),
    ),
  );

  it('goes out as it was given, byte for byte', async () => {
    await client.send({
      ...post(`${url}/orders/7?expand=items#ignored`, 'Grüße'),
      headers: [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['X-Tag', 'one'],
        ['X-Tag', 'two'],
      ],
    });

    expect(upstream.requests).toEqual([
      [
        'POST /orders/7?expand=items HTTP/1.1',
        `host: 127.0.0.1:${upstream.port}`,
        'connection: keep-alive',
        'Content-Type: text/plain; charset=utf-8',
        'X-Tag: one',
        'X-Tag: two',
        'accept-encoding: gzip, br',
        'content-length: 7',
        '',
        Buffer.from('Grüße').toString('latin1'),
      ].join('\r\n'),
    ]);
  });

  it('comes back with status, headers, body and times', async () => {
    const result = await client.send(get(url));

    expect(result).toEqual({
      kind: 'response',
      status: 200,
      headers: { 'content-length': '11', 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] },
      body: Buffer.from('{"ok":true}'),
      bytesRead: 11,
      timings: {
        connectMs: expect.any(Number),
        firstByteMs: expect.any(Number),
        totalMs: expect.any(Number),
      },
    });
  });

  it('says which encodings it takes only where the caller has not', async () => {
    await client.send(get(url, { headers: [['Accept-Encoding', 'identity']] }));

    expect(upstream.requests[0]).toContain('Accept-Encoding: identity\r\n');
    expect(upstream.requests[0]).not.toContain('gzip');
  });

  it('keeps its connection for the next one', async () => {
    for (let n = 0; n < 3; n += 1) {
      await client.send(get(url));
      await new Promise(setImmediate); // undici frees a connection one turn of the event loop after the response
    }

    expect(upstream.connections).toBe(1);
  });

  it.each<[string, Partial<EgressRequest>]>([
    ['a Host header', { headers: [['Host', 'hunter2']] }],
    ['a framing header', { headers: [['Content-Length', '7']] }],
    ['a trace header', { headers: [['traceparent', 'hunter2']] }],
    ['a line break in a value', { headers: [['X-Tag', 'hunter2\r\nX-Evil: 1']] }],
    ['a byte above ASCII in a value', { headers: [['X-Tag', 'hunter2é']] }],
    ['a line break in a name', { headers: [['X-Tag\r\nX-Evil', 'hunter2']] }],
    ['a method we have not', { method: 'CONNECT' as 'GET' }],
    ['no cap', { maxBytes: NaN }],
  ])('with %s is not sent', async (_name, rest) => {
    const result = await client.send(get(url, rest));

    expect(result).toMatchObject({ kind: 'failure', reason: 'invalid_request', requestSent: false });
    expect(JSON.stringify(result)).not.toContain('hunter2');
    expect(upstream.connections).toBe(0);
  });

  it('finds a new connection when the old one has reached its age', async () => {
    await upstream.stop();
    await facing(answer(response('ok')), { connectionTtlMs: 1 });
    for (let n = 0; n < 2; n += 1) {
      await client.send(get(url));
      for (const now = Date.now(); Date.now() < now + 3;) await new Promise(setImmediate);
    }

    expect(upstream.connections).toBe(2);
  });

  it('is refused with the words of the parse gate', async () => {
    expect(await client.send(get(`http://127.0.0.1:22/?key=hunter2`))).toEqual({
      kind: 'failure',
      reason: 'refused',
      requestSent: false,
      message: 'Only https URLs are allowed.',
      detail: 'scheme_not_allowed',
      timings: { totalMs: 0 },
    });
  });

  it('does not go through a proxy of the environment', async () => {
    const proxy = await Upstream.start();
    const variables = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
    for (const name of variables) process.env[name] = `http://127.0.0.1:${proxy.port}`;
    const result = await client.send(get(url));
    for (const name of variables) Reflect.deleteProperty(process.env, name);

    expect(result).toMatchObject({ status: 200 });
    expect(proxy.connections).toBe(0);
    await proxy.stop();
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('%i is a result, and nobody follows it', async (status) => {
    const canary = await Upstream.start();
    const headers = `location: http://127.0.0.1:${canary.port}/\r\nrefresh: 0;url=http://127.0.0.1:${canary.port}/\r\n`;
    await facing(answer(`HTTP/1.1 ${status} Moved\r\ncontent-length: 0\r\n${headers}\r\n`));
    const result = await client.send(post(url, 'body'));

    expect(result).toMatchObject({
      kind: 'response',
      status,
      headers: { location: `http://127.0.0.1:${canary.port}/` },
    });
    expect(upstream.requests).toHaveLength(1);
    expect(canary.connections).toBe(0);
    await canary.stop();
  });
});

describe('a compressed response', () => {
  it('comes back plain', async () => {
    const body = 'patch '.repeat(1000);
    await facing(answer(response(gzipSync(body), 'content-encoding: gzip\r\n')));
    const result = await client.send(get(url));

    expect(result.kind === 'response' && result.body.toString()).toBe(body);
    expect(result).toMatchObject({ bytesRead: gzipSync(body).length });
  });
});

describe('the signal', () => {
  it('ends a wait for a response that never comes, and closes the connection', async () => {
    await facing(silent);

    expect(await client.send(get(url, { signal: AbortSignal.timeout(50) }))).toMatchObject({
      kind: 'failure',
      reason: 'timeout',
      requestSent: true,
      message: 'The destination did not answer in time.',
    });
    await upstream.idle();
  });

  it('ends a body that trickles, byte by byte, within every idle timeout', async () => {
    let trickle: NodeJS.Timeout | undefined;
    await facing((socket) => {
      socket.write('HTTP/1.1 201 Created\r\ncontent-length: 1000\r\n\r\n');
      trickle = setInterval(() => socket.write('x'), 50);
    });

    expect(await client.send(get(url, { signal: AbortSignal.timeout(300) }))).toMatchObject({
      reason: 'timeout',
      requestSent: true,
      status: 201,
    });
    await upstream.idle();
    clearInterval(trickle);
  });

  it('tells a change of mind from a deadline', async () => {
    await facing(silent);
    const controller = new AbortController();
    const sent = client.send(get(url, { signal: controller.signal }));
    await upstream.received(1);
    controller.abort();

    expect(await sent).toMatchObject({ reason: 'cancelled', requestSent: true });
  });

  it('that is over already opens no connection', async () => {
    await facing(silent);

    expect(await client.send(get(url, { signal: AbortSignal.abort() }))).toMatchObject({
      reason: 'cancelled',
      requestSent: false,
    });
    expect(upstream.connections).toBe(0);
  });

  it('that is over before there is a connection keeps the request from being written to it', async () => {
    let resolved!: (addresses: string[]) => void;
    await facing(silent, { resolve: () => new Promise((resolve) => (resolved = resolve)) });
    const controller = new AbortController();
    const sent = client.send(get(`http://orders.corp:${upstream.port}`, { signal: controller.signal }));
    controller.abort();

    expect(await sent).toMatchObject({ reason: 'cancelled', requestSent: false });
    resolved(['127.0.0.1']);
    await client.close(); // waits until undici has let go of the request
    expect(upstream.requests).toEqual([]);
  });
});

describe('a cancellation', () => {
  it('closes the connection of a request that was sent, and says that it was', async () => {
    await facing(silent);
    const cancellation = new Cancellation();
    const sent = client.send(get(url, { cancellation }));
    await upstream.received(1);

    expect(cancellation.requestSent).toBe(true);
    cancellation.cancel();
    expect(await sent).toMatchObject({ reason: 'cancelled', requestSent: true });
    await upstream.idle();
  });

  it('keeps a request that waits for a connection from being written, and says that it was not', async () => {
    let resolved!: (addresses: string[]) => void;
    await facing(silent, { resolve: () => new Promise((resolve) => (resolved = resolve)) });
    const cancellation = new Cancellation();
    const sent = client.send(get(`http://orders.corp:${upstream.port}`, { cancellation }));

    expect(cancellation.requestSent).toBe(false);
    cancellation.cancel();
    expect(await sent).toMatchObject({ reason: 'cancelled', requestSent: false });
    resolved(['127.0.0.1']);
    await client.close(); // waits until undici has let go of the request
    expect(upstream.requests).toEqual([]);
  });

  it('lets nothing begin afterwards, and costs a connection that has answered nothing', async () => {
    await facing(answer(response('ok')), { connections: 1 });
    const cancellation = new Cancellation();

    expect(await client.send(get(url, { cancellation }))).toMatchObject({ status: 200 });
    cancellation.cancel();
    expect(await client.send(get(url, { cancellation }))).toMatchObject({ reason: 'cancelled' });
    expect(await client.send(get(url))).toMatchObject({ status: 200 });
    expect([upstream.requests.length, upstream.connections]).toEqual([2, 1]);
  });
});

describe('the queue for one origin', () => {
  it('is bounded, and a request given up in it costs nobody the connection', async () => {
    const release: (() => void)[] = [];
    await facing((socket) => release.push(() => socket.write(response('ok'))), {
      connections: 1,
      waiting: 2,
    });
    const first = client.send(get(`${url}/first`));
    await upstream.received(1);
    const controller = new AbortController();
    const second = client.send(get(`${url}/second`, { signal: controller.signal }));
    const third = client.send(get(`${url}/third`));

    expect(await client.send(get(`${url}/fourth`))).toMatchObject({ reason: 'busy', requestSent: false });
    expect(client.stats()).toEqual({ origins: 1, inFlight: 3 });
    controller.abort();
    expect(await second).toMatchObject({ reason: 'cancelled', requestSent: false });

    release.shift()?.();
    expect(await first).toMatchObject({ status: 200 });
    await upstream.received(2);
    release.shift()?.();
    expect(await third).toMatchObject({ status: 200 });
    expect(upstream.requests.map((request) => request.split(' ')[1])).toEqual(['/first', '/third']);
    expect(upstream.connections).toBe(1);
    expect(client.stats().inFlight).toBe(0);
  });
});

describe('the pools', () => {
  it('are bounded: the origin unused for longest is closed, once its request is done', async () => {
    const release: (() => void)[] = [];
    await facing((socket) => release.push(() => socket.write(response('late'))), { maxOrigins: 2 });
    const others = [await Upstream.start(), await Upstream.start()];
    const late = client.send(get(url));
    await upstream.received(1);
    for (const other of others) await client.send(get(`http://127.0.0.1:${other.port}`));

    expect(client.stats().origins).toBe(2);
    release.shift()?.();
    expect(await late).toMatchObject({ status: 200 });
    await upstream.idle(); // its connection would have been kept
    await Promise.all(others.map((other) => other.stop()));
  });

  it('keep the origin that was used last', async () => {
    await facing(answer(response('ok')), { maxOrigins: 2 });
    const others = [await Upstream.start(), await Upstream.start()];
    const [one, two] = others.map((other) => `http://127.0.0.1:${other.port}`);
    for (const next of [url, one!, url, two!]) await client.send(get(next));

    await others[0]!.idle();
    await client.send(get(url));
    expect(upstream.connections).toBe(1);
    await Promise.all(others.map((other) => other.stop()));
  });

  it('are closed with the client: what is under way ends well, what comes later does not begin', async () => {
    const release: (() => void)[] = [];
    await facing((socket) => release.push(() => socket.write(response('late'))));
    const late = client.send(get(url));
    await upstream.received(1);
    const closed = client.close();

    expect(await client.send(get(url))).toMatchObject({ reason: 'closed', requestSent: false });
    release.shift()?.();
    expect(await late).toMatchObject({ status: 200 });
    await closed;
    await upstream.idle();
  });
});
