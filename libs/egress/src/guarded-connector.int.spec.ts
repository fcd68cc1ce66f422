import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { EgressClient, type EgressClientOptions } from './egress-client.js';
import { EgressPolicies } from './egress-policies.js';
import { EgressPolicy, type Reach } from './egress-policy.js';
import { guardedConnector } from './guarded-connector.js';
import { authority, expired, key, selfSigned, trusted } from './testing/certificates.js';
import { parseEgressAllow } from './policy-entries.js';
import { DnsServer, type Answer, type Question } from './testing/dns-server.js';
import { allowing, clientAllowing, get } from './testing/requests.js';
import { answer, response, Upstream } from './testing/upstream.js';

const closing = answer(response('ok', 'connection: close\r\n'));

const oldTls: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };

let upstream: Upstream;
let dns: DnsServer | undefined;
let client: EgressClient | undefined;
beforeEach(async () => (upstream = await Upstream.start(closing)));
afterEach(async () => {
  await client?.close();
  dns?.stop();
  client = dns = undefined;
  await upstream.stop();
});

/** A client that may reach 127.0.0.1 by plain http, and asks a name server of the spec's. */
async function resolvingBy(reply: (question: Question) => Answer, options: EgressClientOptions = {}) {
  dns = await DnsServer.start(reply);
  client = clientAllowing('127.0.0.1/32', { dnsServers: [dns.address], ...options });
  return client;
}

describe('DNS', () => {
  it('that answers with an allowed address is followed', async () => {
    const client = await resolvingBy(() => ({ addresses: ['127.0.0.1'] }));

    expect(await client.send(get(`http://orders.corp:${upstream.port}/`))).toMatchObject({
      kind: 'response',
      status: 200,
    });
    expect(upstream.requests[0]).toContain(`host: orders.corp:${upstream.port}\r\n`);
  });

  it.each<[string, string[]]>([
    ['a denied address', ['127.0.0.2']],
    ['an allowed and a denied address', ['127.0.0.1', '127.0.0.2']],
    ['a denied and an allowed address', ['127.0.0.2', '127.0.0.1']],
    ['an allowed IPv4 and a denied IPv6 address', ['127.0.0.1', '::1']],
    ['the metadata address', ['169.254.169.254']],
    ['an allowed address in IPv6 clothing', ['::ffff:127.0.0.1']],
    ['a public address, to plain http', ['93.184.216.34']],
    ['many addresses and a denied one at the end', [...Array<string>(60).fill('127.0.0.1'), '127.0.0.2']],
    [
      '256 addresses and a denied one among them',
      Array.from({ length: 256 }, (_, n) => `127.0.0.${n === 200 ? 2 : 1}`),
    ],
  ])('that answers with %s opens no connection', async (_name, addresses) => {
    const client = await resolvingBy(() => ({ addresses }));
    const result = await client.send(get(`http://orders.corp:${upstream.port}/`));

    expect(result).toMatchObject({ kind: 'failure', reason: 'refused', requestSent: false });
    expect(upstream.connections).toBe(0);
  });

  it('that leads to a denied address by a canonical name opens no connection', async () => {
    const client = await resolvingBy(() => ({ cname: 'harmless.partner.com', addresses: ['127.0.0.2'] }));

    expect(await client.send(get(`http://orders.corp:${upstream.port}/`))).toMatchObject({
      reason: 'refused',
    });
    expect(upstream.connections).toBe(0);
  });

  it('that changes its mind after the first request opens no second connection', async () => {
    const client = await resolvingBy(({ nth }) => ({ addresses: [nth === 1 ? '127.0.0.1' : '127.0.0.2'] }));
    const url = `http://orders.corp:${upstream.port}/`;

    expect(await client.send(get(url))).toMatchObject({ status: 200 });
    await upstream.idle();
    expect(await client.send(get(url))).toMatchObject({ reason: 'refused' });
    expect(upstream.connections).toBe(1);
  });

  it('that comes and goes is believed each time anew', async () => {
    const answers: Answer[] = [{ addresses: ['127.0.0.1'] }, 'nxdomain', { addresses: ['127.0.0.2'] }];
    const client = await resolvingBy(({ nth }) => answers[nth - 1] ?? 'nxdomain');
    const results = [];
    for (let n = 0; n < 3; n += 1) {
      results.push(await client.send(get(`http://orders.corp:${upstream.port}/`)));
      await upstream.idle();
    }

    expect(results).toMatchObject([{ status: 200 }, { reason: 'dns' }, { reason: 'refused' }]);
    expect(upstream.connections).toBe(1);
  });

  it('is asked once per connection: what was judged is what is connected to', async () => {
    const client = await resolvingBy(({ nth }) => ({ addresses: [nth === 1 ? '127.0.0.1' : '127.0.0.2'] }));
    await client.send(get(`http://orders.corp:${upstream.port}/`));

    expect(dns?.questions).toHaveLength(2); // A and AAAA
  });

  it('may answer with anything private for an origin the operator named, but not with metadata', async () => {
    dns = await DnsServer.start(({ nth }) => ({ addresses: [nth === 1 ? '127.0.0.1' : '169.254.169.254'] }));
    client = clientAllowing(`http://crm.corp:${upstream.port}`, { dnsServers: [dns.address] });
    const url = `http://crm.corp:${upstream.port}/`;

    expect(await client.send(get(url))).toMatchObject({ status: 200 });
    await upstream.idle();
    expect(await client.send(get(url))).toMatchObject({ reason: 'refused' });
  });

  it('that never answers ends with its own timeout', async () => {
    const client = await resolvingBy(() => 'silence', { dnsTimeoutMs: 50 });

    expect(await client.send(get(`http://orders.corp:${upstream.port}/`))).toMatchObject({
      reason: 'dns',
      requestSent: false,
      detail: 'orders.corp: ETIMEOUT',
    });
  });

  it('that is slower than the caller can wait ends with the caller', async () => {
    const client = await resolvingBy(() => 'silence', { dnsTimeoutMs: 500 });
    const request = get(`http://orders.corp:${upstream.port}/`, { signal: AbortSignal.timeout(50) });

    expect(await client.send(request)).toMatchObject({ reason: 'timeout', requestSent: false });
  });

  it('looks the same from outside whether a name is private, missing or its port closed', async () => {
    const client = await resolvingBy(({ name }) =>
      name === 'missing.corp'
        ? 'nxdomain'
        : { addresses: [name === 'private.corp' ? '10.0.0.1' : '127.0.0.1'] },
    );
    const free = await Upstream.start();
    const { port } = free;
    await free.stop();
    const results = await Promise.all(
      ['private.corp', 'missing.corp', 'closed.corp'].map((host) =>
        client.send(get(`http://${host}:${port}/`)),
      ),
    );

    expect(results).toMatchObject([{ reason: 'refused' }, { reason: 'dns' }, { reason: 'connect' }]);
    for (const result of results) {
      expect(result).toMatchObject({ requestSent: false, message: 'The destination could not be reached.' });
    }
  });
});

describe('several addresses', () => {
  it('are tried in turn when one is not there', async () => {
    client = clientAllowing('127.0.0.1/32,::1/128', { resolve: () => Promise.resolve(['::1', '127.0.0.1']) });

    expect(await client.send(get(`http://orders.corp:${upstream.port}/`))).toMatchObject({ status: 200 });
  });
});

describe('the connector by itself', () => {
  const wiring = { resolve: () => Promise.resolve(['127.0.0.1']), connectTimeoutMs: 1000 };
  const connect = (policy: EgressPolicy, hostname: string) =>
    new Promise((resolve) => {
      const to = { hostname, host: hostname, protocol: 'http:', port: String(upstream.port) };
      guardedConnector(policy, 'public', wiring)(to, (error, socket) => resolve(error ?? socket));
    });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('does not connect to the literal %s', async (address) => {
    expect(await connect(new EgressPolicy(), address)).toMatchObject({
      name: 'ConnectError',
      reason: 'refused',
    });
    expect(upstream.connections).toBe(0);
  });

  it('gives up a connection whose peer turns out to be denied', async () => {
    class Inattentive extends EgressPolicy {
      private asked = 0;
      override permits(_address: string, _reach: Reach): boolean {
        return ++this.asked === 1;
      }
    }

    expect(await connect(new Inattentive(), 'orders.corp')).toMatchObject({
      name: 'ConnectError',
      reason: 'refused',
    });
    await upstream.idle();
    expect(upstream.requests).toEqual([]);
  });
});

describe('a connection kept alive', () => {
  const url = () => `http://orders.corp:${upstream.port}/`;
  const resolve = () => Promise.resolve(['127.0.0.1']);
  beforeEach(async () => {
    await upstream.stop();
    upstream = await Upstream.start();
  });

  it('is not used under another policy', async () => {
    const policies = allowing('127.0.0.1/32');
    client = new EgressClient(policies, { resolve });

    expect(await client.send(get(url()))).toMatchObject({ status: 200 });
    policies.of = () => allowing('10.200.0.0/16').ofEverybody;
    expect(await client.send(get(url()))).toMatchObject({ reason: 'refused' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is not there for an organization whose own policy denies it', async () => {
    const rules = new Map([['two', { deny: [{ kind: 'host', host: 'orders.corp' }] as const }]]);
    const allow = parseEgressAllow('127.0.0.1/32');
    client = new EgressClient(new EgressPolicies({ allow }, rules), { resolve });

    expect(await client.send(get(url(), { orgId: 'one' }))).toMatchObject({ status: 200 });
    expect(await client.send(get(url(), { orgId: 'two' }))).toMatchObject({ reason: 'refused' });
    expect(upstream.requests).toHaveLength(1);
  });

  it.each([
    ['is shared within an organization', ['one', 'one'], 1],
    ['is not shared between organizations', ['one', 'two'], 2],
  ])('%s', async (_name, organizations, connections) => {
    client = clientAllowing('127.0.0.1/32', { resolve });
    for (const orgId of organizations) {
      await client.send(get(url(), { orgId }));
      await new Promise(setImmediate); // undici frees a connection one turn of the event loop after the response
    }

    expect(upstream.connections).toBe(connections);
  });
});

describe('TLS', () => {
  /** Sends a GET to a TLS upstream that calls itself as said; the operator named that origin, DNS leads to loopback. */
  async function overTls(tls: TlsOptions, host = 'api.partner.example', options: EgressClientOptions = {}) {
    await upstream.stop();
    upstream = await Upstream.start(closing, { key, ...tls });
    const origin = `https://${host}:${upstream.port}`;
    client = clientAllowing(origin, {
      ca: authority,
      resolve: () => Promise.resolve(['127.0.0.1']),
      ...options,
    });
    return client.send(get(`${origin}/`));
  }

  it('that can be trusted is used, for the name and not for the address it is pinned to', async () => {
    let seen: { servername?: unknown; alpn?: unknown } = {};
    const result = await overTls({
      cert: trusted,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (servername, done) => {
        seen = { servername };
        done(null);
      },
    });

    expect(result).toMatchObject({ kind: 'response', status: 200 });
    expect(seen).toEqual({ servername: 'api.partner.example' });
    expect(upstream.requests[0]).toContain('HTTP/1.1');
  });

  it('may be trusted for an address', async () => {
    expect(await overTls({ cert: trusted }, '127.0.0.1')).toMatchObject({ kind: 'response', status: 200 });
  });

  it.each<[string, TlsOptions, string, EgressClientOptions]>([
    ['signed by nobody', { cert: selfSigned }, 'api.partner.example', {}],
    ['that has expired', { cert: expired }, 'api.partner.example', {}],
    ['for another name', { cert: trusted }, 'other.partner.example', {}],
    ['of an authority nobody named', { cert: trusted }, 'api.partner.example', { ca: undefined }],
    ['but only TLS 1.1', { cert: trusted, ...oldTls }, 'api.partner.example', {}],
  ])('with a certificate %s gets no request', async (_name, tls, host, options) => {
    expect(await overTls(tls, host, options)).toMatchObject({
      kind: 'failure',
      reason: 'tls',
      requestSent: false,
    });
    expect(upstream.requests).toEqual([]);
  });

  it('that is not spoken gets no request', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('no TLS here')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = clientAllowing(origin);

    expect(await client.send(get(origin))).toMatchObject({ reason: 'tls', requestSent: false });
    server.close();
  });
});
