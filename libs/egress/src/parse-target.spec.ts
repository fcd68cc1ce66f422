import { describe, expect, it } from '@jest/globals';
import { EgressPolicy } from './egress-policy.js';
import { parseEgressAllow } from './policy-entries.js';
import { parseTarget } from './parse-target.js';
import { hostForms, rawUrls, v4, v6 } from './testing/ssrf-vectors.js';

const standard = new EgressPolicy();
const policyOf = (allow: string) => new EgressPolicy({ allow: parseEgressAllow(allow) });

describe('what no tenant may call', () => {
  const spelled = [...v4, ...v6.map((address) => `[${address}]`), ...hostForms];

  it.each(spelled.flatMap((host) => [`https://${host}/`, `https://${host}:8443/path?query`]))(
    'refuses %j',
    (url) => {
      expect(parseTarget(url, standard)).toMatchObject({ ok: false });
    },
  );

  it.each(rawUrls)('refuses %j', (url) => {
    expect(parseTarget(url, standard)).toMatchObject({ ok: false });
  });

  it('refuses every one of them where the operator opened something else', () => {
    const elsewhere = policyOf('https://internal.corp:9443,10.200.0.0/16');
    const allowed = [...spelled.map((host) => `https://${host}/`), ...rawUrls].filter((url) => {
      const target = parseTarget(url, elsewhere);
      // A name may still turn out to be in 10.200.0.0/16: that is for the connection to find out.
      return target.ok && target.reach !== 'named_networks';
    });

    expect(allowed).toEqual([]);
  });
});

describe('what everybody may call', () => {
  it.each([
    'https://api.example.com/v1/orders?id=7',
    'https://api.example.com:443/',
    'https://api.example.com:8443/',
    'https://93.184.216.34/',
    'https://[2606:4700:4700::1111]/',
    'https://127.0.0.1.nip.io/', // a public name: where it leads is judged when it is resolved
    new URL('https://api.example.com/'),
  ])('allows %s', (url) => {
    expect(parseTarget(url, standard)).toMatchObject({ ok: true, reach: 'public' });
  });
});

describe('reasons', () => {
  it.each([
    ['http://api.example.com/', 'scheme_not_allowed', 'Only https URLs are allowed.'],
    ['https://api.example.com:8080/', 'port_not_allowed', 'Port 8080 is not allowed: use 443 or 8443.'],
    ['https://redis/', 'name_not_allowed', 'This host name is internal: use a name on the public internet.'],
    ['https://10.0.0.1/', 'address_not_allowed', 'This address is not on the public internet, or closed.'],
    ['https://[::1]/', 'address_not_allowed', 'This address is not on the public internet, or closed.'],
  ])('%s: %s', (url, reason, message) => {
    expect(parseTarget(url, standard)).toEqual({ ok: false, reason, message });
  });
});

describe('an origin the operator named', () => {
  const policy = policyOf(
    'http://127.0.0.1:4010,https://crm.internal:9443,http://api.example.com,http://169.254.169.254',
  );

  it.each([
    ['http://127.0.0.1:4010/customers', true],
    ['http://127.0.0.1:4011/', false],
    ['https://127.0.0.1:4010/', false],
    ['http://127.0.0.2:4010/', false],
    ['http://localhost:4010/', false],
    ['http://[::ffff:127.0.0.1]:4010/', false],
    ['https://crm.internal:9443/', true],
    ['https://crm.internal/', false],
    ['https://www.crm.internal:9443/', false],
    ['http://api.example.com/', true],
    ['http://api.example.com:8080/', false],
    ['http://169.254.169.254/', false],
  ])('%s: %s', (url, ok) => {
    const target = parseTarget(url, policy);

    expect(target.ok).toBe(ok);
    if (target.ok) expect(target.reach).toBe('named_origin');
  });
});

describe('a network the operator named', () => {
  const policy = policyOf('10.1.0.0/16,fd12::/48');

  it.each([
    ['https://10.1.2.3/', 'public'],
    ['http://10.1.2.3:8080/', 'named_networks'],
    ['http://[fd12::1]:8080/', 'named_networks'],
    ['http://orders.corp:8080/', 'named_networks'],
    ['https://orders/', 'named_networks'],
    ['http://api.example.com/', 'named_networks'],
    ['https://api.example.com/', 'public'],
  ])('lets %s through as %s', (url, reach) => {
    expect(parseTarget(url, policy)).toMatchObject({ ok: true, reach });
  });

  it.each([
    ['http://10.2.0.1:8080/', 'scheme_not_allowed'],
    ['https://10.2.0.1/', 'address_not_allowed'],
    ['https://93.184.216.34:8080/', 'port_not_allowed'],
    ['http://10.1.2.3:0/', 'scheme_not_allowed'],
    ['http://10.1.2.3:22/', 'scheme_not_allowed'],
    ['https://10.1.2.3:4222/', 'port_not_allowed'],
    ['https://10.1.2.3:5432/', 'port_not_allowed'],
    ['https://10.1.2.3:6379/', 'port_not_allowed'],
    ['ftp://10.1.2.3/', 'scheme_not_allowed'],
  ])('keeps out %s: %s', (url, reason) => {
    expect(parseTarget(url, policy)).toMatchObject({ ok: false, reason });
  });
});

describe('a host we must not call', () => {
  it('is refused whatever else allows it', () => {
    const policy = new EgressPolicy({
      allow: parseEgressAllow('https://patchbay.example.com'),
      deny: [{ kind: 'host', host: 'patchbay.example.com' }],
    });

    expect(parseTarget('https://PATCHBAY.example.com/v1/tools', policy)).toMatchObject({
      reason: 'name_not_allowed',
    });
  });
});
