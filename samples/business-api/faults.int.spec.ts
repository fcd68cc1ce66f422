import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { startBusinessApi, type BusinessApi } from './business-api.js';
import type { Fault } from './faults.js';

let api: BusinessApi;
beforeAll(async () => {
  api = await startBusinessApi();
});
beforeEach(() => api.reset());
afterAll(() => api.close());

function get(
  path: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<Response> {
  const headers = { Authorization: `Bearer ${api.secrets.bearerToken}`, ...init.headers };
  return fetch(api.url + path, { redirect: 'manual', ...init, headers });
}
const sendMessage = () =>
  get('/send', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ to: '+15551234567', message: 'See you.' }),
  });

async function control(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${api.url}/_control${path}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

describe('a fault', () => {
  it('meets as many requests as it is told, then goes', async () => {
    await control('POST', '/faults', { path: '/orders', times: 2, fault: { status: 503, retryAfter: '7' } });

    const answers = [
      await get('/orders/ORD-12345'),
      await get('/orders/ORD-12345'),
      await get('/orders/ORD-12345'),
    ];

    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe('7');
  });

  it.each([
    ['its own method', { method: 'GET' as const, path: '/orders/:orderId' }, '/orders/ORD-12345', 500],
    ['not another method', { method: 'POST' as const, path: '/orders' }, '/orders/ORD-12345', 200],
    ['everything below its path', { path: '/customers/*/orders' }, '/customers/12345/orders/ORD-11111', 500],
    ['no path that merely begins alike', { path: '/ord' }, '/orders/ORD-12345', 200],
    ['any request when it names no path', {}, '/nowhere', 500],
  ])('meets %s', async (_, rule, path, status) => {
    api.addFault({ ...rule, fault: { status: 500 } });

    expect((await get(path)).status).toBe(status);
  });

  it('can come with one request alone', async () => {
    const headers = { 'X-Sample-Fault': JSON.stringify({ status: 429 }) };

    expect((await get('/orders/ORD-12345', { headers })).status).toBe(429);
    expect((await get('/orders/ORD-12345')).status).toBe(200);
  });

  it('is listed, and cleared', async () => {
    await control('POST', '/faults', { path: '/orders', times: 3, fault: { hang: true } });
    expect(await (await control('GET', '/faults')).json()).toEqual({
      faults: [{ path: '/orders', times: 3, fault: { hang: true } }],
    });

    await control('DELETE', '/faults');

    expect((await get('/orders/ORD-12345')).status).toBe(200);
  });

  it.each([
    ['an unknown part', { fault: { explode: true } }, '/fault/explode'],
    ['a status that is none', { fault: { status: 42 } }, '/fault/status'],
    ['a header with a line break', { fault: { headers: { a: 'b\r\nc: d' } } }, '/fault/headers'],
    ['no fault', { path: '/orders' }, '/fault'],
  ])('is refused with %s', async (_, rule, pointer) => {
    const response = await control('POST', '/faults', rule);

    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer }] });
  });
});

describe('an order, when the fault is', () => {
  const order = (fault: Fault) => {
    api.addFault({ path: '/orders', fault });
    return get('/orders/ORD-12345');
  };

  it('a delay, comes late', async () => {
    const start = performance.now();

    expect(await (await order({ delayMs: 80 })).json()).toMatchObject({ order_id: 'ORD-12345' });

    expect(performance.now() - start).toBeGreaterThanOrEqual(78);
  });

  it('html, is a page with status 200', async () => {
    const response = await order({ junk: 'html' });

    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(await response.text()).toContain('<html>');
  });

  it('truncated, is half a JSON text', async () => {
    const text = await (await order({ junk: 'truncated' })).text();

    expect(text).toMatch(/^\{"order_id":"ORD-12345"/);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('a wrong type, is JSON that says it is not', async () => {
    const response = await order({ junk: 'wrong_type' });

    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(await response.json()).toMatchObject({ order_id: 'ORD-12345' });
  });

  it('empty, has no body', async () => {
    expect(await (await order({ junk: 'empty' })).text()).toBe('');
  });

  it('a body, is that body', async () => {
    expect(await (await order({ body: { status: 'lost' } })).json()).toEqual({ status: 'lost' });
  });

  it('a hang, never comes', async () => {
    api.addFault({ path: '/orders', fault: { hang: true } });

    await expect(get('/orders/ORD-12345', { signal: AbortSignal.timeout(80) })).rejects.toThrow(/timeout/);
  });

  it('a reset, breaks off before the answer', async () => {
    await expect(order({ reset: 'before_response' })).rejects.toMatchObject({
      cause: { code: 'ECONNRESET' },
    });
  });

  it('a reset amid the answer, breaks off in its body', async () => {
    const response = await order({ reset: 'mid_response', takesEffect: true });

    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  it('a trickle, comes piece by piece', async () => {
    const { body } = await order({ trickle: { everyMs: 2, chunkBytes: 100 } });
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);

    expect(chunks.length).toBeGreaterThan(2);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ order_id: 'ORD-12345' });
  });

  it('huge, is valid JSON of that size', async () => {
    const text = await (await order({ hugeBytes: 300_000 })).text();

    expect(text).toHaveLength(300_000);
    expect(JSON.parse(text)).toEqual({ padding: expect.stringMatching(/^x+$/) });
  });

  it('huge and compressed, is small on the wire', async () => {
    api.addFault({ fault: { hugeBytes: 20_000_000, gzip: true } });

    const { headers, body } = await request(`${api.url}/orders/ORD-12345`);
    const bytes = Buffer.from(await body.arrayBuffer());

    expect(headers['content-encoding']).toBe('gzip');
    expect(bytes.length).toBeLessThan(50_000);
    expect(gunzipSync(bytes)).toHaveLength(20_000_000);
  });

  it('a redirect, is elsewhere', async () => {
    const response = await order({ redirect: 'http://169.254.169.254/', status: 307 });

    expect([response.status, response.headers.get('location')]).toEqual([307, 'http://169.254.169.254/']);
  });

  it('an echo, is the request itself, secret included', async () => {
    const response = await order({ echo: true, status: 400 });

    expect(response.status).toBe(400);
    expect(response.headers.get('x-echo-authorization')).toBe(`Bearer ${api.secrets.bearerToken}`);
    expect(await response.json()).toMatchObject({
      url: '/orders/ORD-12345',
      headers: { authorization: `Bearer ${api.secrets.bearerToken}` },
    });
  });
});

describe('a write', () => {
  it.each<[string, Fault, boolean]>([
    ['is not carried out when the fault has an answer of its own', { status: 500 }, false],
    ['is carried out when told so', { status: 500, takesEffect: true }, true],
    ['is carried out when only its answer is spoilt', { junk: 'truncated' }, true],
    ['is not carried out when told so', { delayMs: 1, takesEffect: false }, false],
  ])('%s', async (_, fault, wasCarriedOut) => {
    api.addFault({ times: 1, fault });
    await sendMessage();

    expect(await (await sendMessage()).json()).toMatchObject({
      message_id: wasCarriedOut ? 'MSG-1002' : 'MSG-1001',
    });
  });
});

describe('the recorded requests', () => {
  it('hold what came, header by header, and how it ended', async () => {
    const socket = connect(api.port, '127.0.0.1');
    socket.write(
      'POST /send?x=%20 HTTP/1.1\r\nHost: a\r\nX-Twice: 1\r\nx-twice: 2\r\nContent-Length: 2\r\n\r\n{}',
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();

    expect(await (await control('GET', '/requests')).json()).toEqual({
      requests: [
        {
          number: expect.any(Number),
          receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
          method: 'POST',
          url: '/send?x=%20',
          httpVersion: '1.1',
          headers: { host: 'a', 'x-twice': '1, 2', 'content-length': '2' },
          rawHeaders: [
            ['Host', 'a'],
            ['X-Twice', '1'],
            ['x-twice', '2'],
            ['Content-Length', '2'],
          ],
          body: '{}',
          bodyComplete: true,
          status: 401,
          ending: 'answered',
        },
      ],
    });
  });

  it('show that the client left before its answer', async () => {
    api.addFault({ fault: { hang: true } });
    await get('/orders/ORD-12345', { signal: AbortSignal.timeout(50) }).catch(() => undefined);

    while (api.requests[0]?.ending === undefined) await new Promise((resolve) => setTimeout(resolve, 5));

    expect(api.requests).toMatchObject([{ url: '/orders/ORD-12345', ending: 'cut' }]);
  });

  it('are the latest thousand', async () => {
    for (let i = 0; i < 1005; i += 1) await (await fetch(`${api.url}/hours?i=${i}`)).text();

    expect(api.requests).toHaveLength(1000);
    expect(api.requests[0]?.url).toBe('/hours?i=5');
  });

  it('can be cleared', async () => {
    await get('/hours');

    await control('DELETE', '/requests');

    expect(api.requests).toEqual([]);
  });
});

describe('the sample API', () => {
  it.each([
    ['junk', '\x00\xff\x01 not http\r\n\r\n'],
    ['half a request', 'POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{'],
    [
      'a body that is no chunk',
      'POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['an odd target', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('survives %s', async (_, bytes) => {
    const socket = connect(api.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.end(bytes, 'latin1');
    await new Promise((resolve) => socket.once('close', resolve));

    expect((await fetch(`${api.url}/health`)).status).toBe(200);
  });

  it('cannot be controlled from outside when that is switched off', async () => {
    const shut = await startBusinessApi({ control: false });
    const headers = { 'X-Sample-Fault': '{"status":500}' };

    expect((await fetch(`${shut.url}/_control/requests`)).status).toBe(404);
    expect((await fetch(`${shut.url}/hours`, { headers })).status).toBe(200);

    await shut.close();
  });

  it('takes another port when the wanted one is taken', async () => {
    const second = await startBusinessApi({ port: api.port });

    expect(second.port).not.toBe(api.port);

    await second.close();
  });

  it('closes at once, with a request still hanging', async () => {
    const other = await startBusinessApi();
    other.addFault({ fault: { hang: true } });
    const hanging = fetch(`${other.url}/hours`).catch((error: unknown) => error);
    while (other.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));

    await other.close();

    expect(await hanging).toMatchObject({ message: 'fetch failed' });
  });
});
