import { afterEach, describe, expect, it } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { HostResolver } from './host-resolver.js';
import { DnsServer, type Answer, type Answering } from './testing/dns-server.js';

let dns: DnsServer;
afterEach(() => dns.stop());

async function resolverOf(answer: Answering, timeoutMs?: number): Promise<HostResolver> {
  dns = await DnsServer.start(answer);
  return new HostResolver({ servers: [dns.address], timeoutMs });
}

describe('what a name resolves to', () => {
  it('is every address of both families, IPv4 first', async () => {
    const resolver = await resolverOf(() => ({ addresses: ['2001:db8::7', '192.0.2.1', '192.0.2.2'] }));

    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::7']);
    expect(dns.questions.sort()).toEqual(['A api.partner.com', 'AAAA api.partner.com']);
  });

  it('is both families when one is a little slower', async () => {
    const resolver = await resolverOf(async ({ type }) => {
      if (type === 'A') return { addresses: ['192.0.2.1'] };
      await wait(20);
      return { addresses: ['2001:db8::7'] };
    });

    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1', '2001:db8::7']);
  });

  it('is what its canonical name resolves to', async () => {
    const resolver = await resolverOf(() => ({ cname: 'edge.cdn.net', addresses: ['192.0.2.1'] }));

    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1']);
  });

  it('is one family when the other cannot be asked', async () => {
    const resolver = await resolverOf(({ type }) =>
      type === 'A' ? { addresses: ['192.0.2.1'] } : 'servfail',
    );

    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1']);
  });

  it('is one family when the other is never answered for', async () => {
    const resolver = await resolverOf(
      ({ type }) => (type === 'A' ? { addresses: ['192.0.2.1'] } : 'silence'),
      600,
    );

    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1']);
  });

  it('is loopback for localhost, whatever DNS would say', async () => {
    const resolver = await resolverOf(() => ({ addresses: ['192.0.2.1'] }));

    expect(await resolver.resolve('localhost')).toEqual(['127.0.0.1', '::1']);
    expect(await resolver.resolve('api.localhost')).toEqual(['127.0.0.1', '::1']);
    expect(dns.questions).toEqual([]);
  });
});

describe('a name without an address', () => {
  it.each<[string, Answer, string]>([
    ['does not exist', 'nxdomain', 'ENOTFOUND'],
    ['has no record of either type', { addresses: [] }, 'ENODATA'],
    ['cannot be asked for', 'servfail', 'ESERVFAIL'],
  ])('rejects when it %s', async (_name, answer, code) => {
    const resolver = await resolverOf(() => answer);

    await expect(resolver.resolve('api.partner.com')).rejects.toThrow(code);
  });

  it('is asked for again the next time', async () => {
    const resolver = await resolverOf(({ nth }) =>
      nth === 1 ? 'nxdomain' : { addresses: ['192.0.2.1'], ttl: 60 },
    );

    await expect(resolver.resolve('api.partner.com')).rejects.toThrow('ENOTFOUND');
    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1']);
  });

  it('is given up when the name server is silent', async () => {
    const resolver = await resolverOf(() => 'silence', 50);

    await expect(resolver.resolve('api.partner.com')).rejects.toThrow('ETIMEOUT');
  });
});

describe('the cache', () => {
  it('keeps an answer that has a time to live', async () => {
    const resolver = await resolverOf(() => ({ addresses: ['192.0.2.1'], ttl: 60 }));
    await resolver.resolve('api.partner.com');
    await resolver.resolve('api.partner.com');

    expect(dns.questions).toHaveLength(2); // A and AAAA
  });

  it('asks again when the time to live is 0', async () => {
    const resolver = await resolverOf(({ nth }) => ({ addresses: [`192.0.2.${nth}`], ttl: 0 }));

    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve('api.partner.com')).toEqual(['192.0.2.2']);
  });

  it('asks once for a burst', async () => {
    const resolver = await resolverOf(() => ({ addresses: ['192.0.2.1'], ttl: 0 }));
    await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('api.partner.com')));

    expect(dns.questions).toHaveLength(2);
  });

  it('forgets the oldest name when there are too many', async () => {
    const resolver = await resolverOf(() => ({ addresses: ['192.0.2.1'], ttl: 60 }));
    for (let n = 0; n <= 2000; n += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => resolver.resolve(`host-${n + i}.partner.com`)));
    }
    const before = dns.questions.length;
    await resolver.resolve('host-2099.partner.com');
    expect(dns.questions).toHaveLength(before);
    await resolver.resolve('host-0.partner.com');
    expect(dns.questions).toHaveLength(before + 2);
  });
});
