import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TLSSocket } from 'node:tls';
import { ClientCertificate } from './client-certificate.js';
import type { EgressClient, EgressClientOptions } from './egress-client.js';
import { Proxy } from './proxy.js';
import { authority, expired, key, trusted } from './testing/certificates.js';
import { clientAuthority, clientCertificate, clientKey } from './testing/client-certificates.js';
import { ConnectProxy, tunnel, type ProxyBehaviour } from './testing/connect-proxy.js';
import { clientAllowing, get, post } from './testing/requests.js';
import { hostForms, rawUrls, v4, v6 } from './testing/ssrf-vectors.js';
import { answer, response, Upstream } from './testing/upstream.js';

const resolve = () => Promise.resolve(['127.0.0.1']);

let upstream: Upstream;
let proxy: ConnectProxy;
let client: EgressClient;
beforeEach(async () => (upstream = await Upstream.start()));
afterEach(async () => {
  await client.close();
  await proxy.stop();
  await upstream.stop();
});

/** Puts a proxy in place, and a client that may reach 127.0.0.1 by any scheme and port, through it. */
async function through(behaviour?: ProxyBehaviour, options: EgressClientOptions = {}, userinfo = '') {
  proxy = await ConnectProxy.start(behaviour);
  const url = `http://${userinfo}127.0.0.1:${proxy.port}`;
  client = clientAllowing('127.0.0.1/32', { resolve, ca: authority, proxy: Proxy.parse(url), ...options });
}
const plain = () => `http://orders.corp:${upstream.port}/`;
const overTls = async (tls = {}) => {
  await upstream.stop();
  upstream = await Upstream.start(undefined, { key, cert: trusted, ...tls });
  return `https://api.partner.example:${upstream.port}/`;
};

describe('a request through a proxy', () => {
  it('asks for the address that was judged, not for the name, and keeps its tunnel', async () => {
    await through();
    for (let n = 0; n < 3; n += 1) {
      expect(await client.send(get(plain()))).toMatchObject({ kind: 'response', status: 200 });
      await new Promise(setImmediate); // undici frees a connection one turn of the event loop after the response
    }

    expect(proxy.requests).toEqual([
      `CONNECT 127.0.0.1:${upstream.port} HTTP/1.1\r\nhost: 127.0.0.1:${upstream.port}\r\n\r\n`,
    ]);
    expect(upstream.requests[0]).toMatch(/^GET \/ HTTP\/1\.1\r\nhost: orders\.corp:/);
    expect(upstream.connections).toBe(1);
  });

  it('speaks TLS with the destination, verified against its name', async () => {
    const url = await overTls();
    await through();

    expect(await client.send(post(url, 'order'))).toMatchObject({ status: 200 });
    expect(proxy.asked).toEqual([`127.0.0.1:${upstream.port}`]);
  });

  it.each([
    ['for another name', { cert: trusted }, 'other.partner.example'],
    ['that has expired', { cert: expired }, 'api.partner.example'],
    [
      'but only TLS 1.1',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
      'api.partner.example',
    ],
  ])('does not send to a certificate %s', async (_name, tls, host) => {
    const url = (await overTls(tls)).replace('api.partner.example', host);
    await through();

    expect(await client.send(get(url))).toMatchObject({ reason: 'tls', requestSent: false });
    expect(upstream.requests).toEqual([]);
  });

  it('shows its client certificate to the destination, in tunnels of its own', async () => {
    await upstream.stop();
    const tls = { key, cert: trusted, ca: clientAuthority, requestCert: true, rejectUnauthorized: false };
    upstream = await Upstream.start((socket) => {
      const { subject } = (socket as TLSSocket).getPeerCertificate() as { subject?: { CN?: string } };
      socket.write(response(subject?.CN ?? 'nobody'));
    }, tls);
    await through();
    const ours = new ClientCertificate({ certificate: clientCertificate, privateKey: clientKey });
    const said = [];
    for (const certificate of [ours, undefined, ours]) {
      const url = `https://127.0.0.1:${upstream.port}/`;
      const result = await client.send(get(url, { clientCertificate: certificate }));
      said.push(result.kind === 'response' && result.body.toString());
    }

    expect(said).toEqual(['patchbay client', 'nobody', 'patchbay client']);
    expect(proxy.connections).toBe(2);
  });

  it('reaches a proxy by TLS too, verified like any other', async () => {
    proxy = await ConnectProxy.start(tunnel(), { key, cert: trusted });
    const proxyUrl = Proxy.parse(`https://127.0.0.1:${proxy.port}`);
    const url = await overTls();
    client = clientAllowing('127.0.0.1/32', { resolve, ca: authority, proxy: proxyUrl });

    expect(await client.send(get(url))).toMatchObject({ status: 200 });
    await client.close();
    client = clientAllowing('127.0.0.1/32', { resolve, proxy: proxyUrl });
    expect(await client.send(get(url))).toMatchObject({ reason: 'proxy', requestSent: false });
    expect(proxy.requests).toHaveLength(1);
  });

  it('says who it is, to the proxy alone', async () => {
    await through(undefined, {}, 'user:hunter2@');
    await client.send(get(plain()));

    expect(proxy.requests[0]).toContain(
      `proxy-authorization: Basic ${Buffer.from('user:hunter2').toString('base64')}\r\n`,
    );
    expect(upstream.requests[0]).not.toMatch(/proxy-authorization/i);
  });

  it('tries the next address when the proxy does not reach one', async () => {
    const firstFails: ProxyBehaviour = (socket, head) =>
      head.includes('127.0.0.2') ? socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n') : tunnel()(socket, head);
    proxy = await ConnectProxy.start(firstFails);
    client = clientAllowing('127.0.0.0/8', {
      resolve: () => Promise.resolve(['127.0.0.2', '127.0.0.1']),
      proxy: Proxy.parse(`http://127.0.0.1:${proxy.port}`),
    });

    expect(await client.send(get(plain()))).toMatchObject({ status: 200 });
    expect(proxy.asked).toEqual([`127.0.0.2:${upstream.port}`, `127.0.0.1:${upstream.port}`]);
  });
});

describe('a proxy that gives no tunnel', () => {
  const says =
    (bytes: string): ProxyBehaviour =>
    (socket) =>
      void socket.end(bytes);
  const page = 'content-type: text/html\r\ncontent-length: 5\r\n\r\nhello';

  it.each<[string, ProxyBehaviour, string]>([
    ['denies', says(`HTTP/1.1 403 Forbidden\r\n${page}`), 'the proxy answered 403'],
    [
      'wants to know who asks, or is smokescreen and denies',
      says(`HTTP/1.1 407 Denied\r\n${page}`),
      'the proxy answered 407',
    ],
    ['is broken', says(`HTTP/1.1 500 Oops\r\n${page}`), 'the proxy answered 500'],
    [
      'does not reach the destination',
      says('HTTP/1.1 504 Gateway Timeout\r\n\r\n'),
      'the proxy answered 504',
    ],
    [
      'redirects',
      says('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\n'),
      'the proxy answered 302',
    ],
    ['upgrades', says('HTTP/1.1 101 Switching Protocols\r\n\r\n'), 'the proxy answered 101'],
    [
      'lies, and answers in the destination’s place',
      says(`HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n${page}`),
      'said more than',
    ],
    ['answers with a body', says(`HTTP/1.1 200 OK\r\n${page}`), 'said more than'],
    ['speaks no HTTP', says('220 mail.example.com ESMTP\r\n\r\n'), 'not HTTP'],
    ['speaks HTTP/2', says('HTTP/2 200\r\n\r\n'), 'not HTTP'],
    ['has endless headers', says(`HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(10_000)}`), 'not HTTP'],
    ['says nothing and leaves', says(''), 'the proxy closed the connection'],
    ['leaves half-way', says('HTTP/1.1 200 O'), 'the proxy closed the connection'],
    ['resets', (socket) => void socket.resetAndDestroy(), 'the proxy'],
  ])('because it %s leaves nothing sent', async (_name, behaviour, detail) => {
    await through(behaviour);

    for (const url of [plain(), `https://api.partner.example:${upstream.port}/`]) {
      const result = await client.send(post(url, 'order'));
      expect(result).toMatchObject({
        kind: 'failure',
        reason: 'proxy',
        requestSent: false,
        status: undefined,
        message: 'The destination could not be reached.',
      });
      expect(result.kind === 'failure' && result.detail).toContain(detail);
    }
    expect(upstream.connections).toBe(0);
  });

  it.each<[string, ProxyBehaviour]>([
    ['hangs', () => undefined],
    ['trickles', (socket) => void setInterval(() => socket.write('HTTP/1.1 200 OK\r\nx: y'), 20).unref()],
  ])(
    'because it %s is given up at the caller’s deadline, or when connecting takes too long',
    async (_name, behaviour) => {
      await through(behaviour, { connectTimeoutMs: 300 });

      expect(await client.send(get(plain(), { timeoutMs: 100 }))).toMatchObject({
        reason: 'timeout',
        requestSent: false,
      });
      expect(await client.send(get(plain()))).toMatchObject({ reason: 'proxy', requestSent: false });
    },
  );

  it('is named without its password', async () => {
    await through(says('HTTP/1.1 407 No\r\n\r\n'), {}, 'user:hunter2@');
    const refused = await client.send(get(plain()));
    await proxy.stop();
    const gone = await client.send(get(plain()));
    proxy = await ConnectProxy.start();

    for (const result of [refused, gone]) {
      expect(result).toMatchObject({ reason: 'proxy' });
      expect(JSON.stringify(result)).not.toContain('hunter2');
      expect(JSON.stringify(result)).not.toContain(Buffer.from('user:hunter2').toString('base64'));
    }
  });

  it('after all, once TLS has begun, is a connection that fails', async () => {
    const url = await overTls();
    const abandons: ProxyBehaviour = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.once('data', () => socket.resetAndDestroy()).resume();
    };
    await through(abandons);

    expect(await client.send(get(url))).toMatchObject({ reason: 'tls', requestSent: false });
  });
});

describe('what the policy refuses', () => {
  const bracketed = v6.map((address) => `[${address}]`);
  const urls = [...v4, ...bracketed, ...hostForms].flatMap((host) => [
    `https://${host}/`,
    `http://${host}/`,
    `https://${host}:8443/`,
  ]);

  it('never gets as far as the proxy, in whatever spelling', async () => {
    proxy = await ConnectProxy.start();
    client = clientAllowing('', { proxy: Proxy.parse(`http://127.0.0.1:${proxy.port}`), resolve });
    const results = await Promise.all([...urls, ...rawUrls].map((url) => client.send(get(url))));

    expect(results.filter((result) => result.kind !== 'failure' || result.requestSent)).toEqual([]);
    expect(proxy.connections).toBe(0);
  });

  it.each([...v4, ...v6])('never gets as far as the proxy when DNS answers with %s', async (address) => {
    proxy = await ConnectProxy.start();
    const url = Proxy.parse(`http://127.0.0.1:${proxy.port}`);
    client = clientAllowing('', { proxy: url, resolve: () => Promise.resolve(['93.184.216.34', address]) });

    expect(await client.send(get('https://api.partner.com/'))).toMatchObject({ reason: 'refused' });
    expect(proxy.connections).toBe(0);
  });

  it('but a public address does get there', async () => {
    await upstream.stop();
    upstream = await Upstream.start(answer(response('ok')), { key, cert: trusted });
    proxy = await ConnectProxy.start(tunnel({ host: '127.0.0.1', port: upstream.port }));
    const url = Proxy.parse(`http://127.0.0.1:${proxy.port}`);
    client = clientAllowing('https://api.partner.example', {
      ca: authority,
      proxy: url,
      resolve: () => Promise.resolve(['93.184.216.34']),
    });

    expect(await client.send(get('https://api.partner.example/'))).toMatchObject({ status: 200 });
    expect(proxy.asked).toEqual(['93.184.216.34:443']);
  });
});
