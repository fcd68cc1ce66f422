import { describe, expect, it } from '@jest/globals';
import { EgressPolicy, type PolicyRules, type Reach } from './egress-policy.js';
import { parseCidr } from './cidr.js';
import { parseEgressAllow, readDenial } from './policy-entries.js';

const denials = (entries: readonly string[]) =>
  entries.map((entry) => {
    const read = readDenial(entry);
    if (!read.ok) throw new Error(read.problem);
    return read.entry;
  });
const policyOf = (allow: string, deny: string[] = [], more: PolicyRules = {}) =>
  new EgressPolicy({ allow: parseEgressAllow(allow), deny: denials(deny), ...more });

describe('which addresses a policy permits', () => {
  const closed = policyOf('');
  const open = policyOf('10.1.0.0/16,100.64.0.0/10,127.0.0.1/32,fd00::/8');

  it.each<[string, EgressPolicy, string, Reach, boolean]>([
    ['a public address to everybody', closed, '93.184.216.34', 'public', true],
    ['a public IPv6 address to everybody', closed, '2606:4700::1', 'public', true],
    ['no private address', closed, '10.1.2.3', 'public', false],
    ['no mapped public address', closed, '::ffff:93.184.216.34', 'public', false],
    ['nothing that is not an address', closed, 'example.com', 'public', false],
    ['a named network to https', open, '10.1.2.3', 'public', true],
    ['not the network beside it', open, '10.2.0.0', 'public', false],
    ['a named network to plain http', open, '10.1.2.3', 'named_networks', true],
    ['no public address to plain http', open, '93.184.216.34', 'named_networks', false],
    ['no metadata address amid a named network', open, '100.100.100.200', 'public', false],
    ['no IPv6 metadata address amid a named network', open, 'fd00:ec2::254', 'named_networks', false],
    ['a private address to a named origin', closed, '192.168.1.1', 'named_origin', true],
    ['loopback to a named origin', closed, '::1', 'named_origin', true],
    ['a public address to a named origin', closed, '93.184.216.34', 'named_origin', true],
    ['no link-local metadata to a named origin', closed, '169.254.169.254', 'named_origin', false],
    ['no Alibaba metadata to a named origin', closed, '100.100.100.200', 'named_origin', false],
    ['no AWS IPv6 metadata to a named origin', closed, 'fd00:ec2::254', 'named_origin', false],
    ['no Azure platform address to a named origin', closed, '168.63.129.16', 'named_origin', false],
    ['no mapped metadata to a named origin', closed, '::ffff:169.254.169.254', 'named_origin', false],
    ['no wildcard address to a named origin', closed, '0.0.0.0', 'named_origin', false],
  ])('%s', (_name, policy, address, reach, expected) => {
    expect(policy.permits(address, reach)).toBe(expected);
  });

  it.each([
    ['169.254.169.254/32', '169.254.169.254', true],
    ['169.254.0.0/16', '169.254.169.254', true],
    ['169.254.170.2/32', '169.254.169.254', false],
    ['169.0.0.0/8', '169.254.169.254', false],
    ['168.63.129.16/32', '168.63.129.16', true],
    ['168.63.0.0/16', '168.63.129.16', false],
    ['100.100.100.200/32', '100.100.100.200', true],
    ['fd00:ec2::254/128', 'fd00:ec2::254', true],
    ['fc00::/7', 'fd00:ec2::254', false],
    ['::ffff:0:0/96', '::ffff:10.0.0.1', false],
  ])('opens a reserved block only to a CIDR within it: %s, %s, %s', (cidr, address, expected) => {
    expect(policyOf(cidr).permits(address, 'public')).toBe(expected);
    expect(policyOf(cidr).permits(address, 'named_origin')).toBe(expected);
  });
});

describe('what is denied', () => {
  const policy = policyOf('10.1.0.0/16,http://10.1.9.9:8000', ['10.1.9.0/24', '93.184.216.0/24']);

  it.each<[string, Reach, boolean]>([
    ['10.1.8.1', 'named_networks', true],
    ['10.1.9.1', 'named_networks', false],
    ['10.1.9.9', 'named_origin', false],
    ['93.184.216.34', 'public', false],
    ['93.184.217.34', 'public', true],
  ])('wins over what is allowed: %s, %s, %s', (address, reach, expected) => {
    expect(policy.permits(address, reach)).toBe(expected);
  });
});

describe('a NAT64 prefix', () => {
  const nat64Prefix = parseCidr('64:ff9b::/96')!;
  const policy = policyOf('', ['8.8.4.0/24'], { nat64Prefix });

  it.each<[string, boolean]>([
    ['64:ff9b::8.8.8.8', true],
    ['64:ff9b::8.8.4.4', false],
    ['64:ff9b::10.0.0.1', false],
    ['64:ff9b::169.254.169.254', false],
    ['64:ff9b:1::8.8.8.8', false],
    ['::ffff:8.8.8.8', false],
  ])('has what stands behind it judged: %s, %s', (address, expected) => {
    expect(policy.permits(address, 'public')).toBe(expected);
  });

  it('that is not set keeps all of it closed', () => {
    expect(policyOf('').permits('64:ff9b::8.8.8.8', 'public')).toBe(false);
  });
});

describe('the version of a policy', () => {
  const base = 'http://127.0.0.1:4010,10.1.0.0/16';

  it('is the same for the same policy, however it was written', () => {
    expect(policyOf('10.1.0.0/16, http://127.0.0.1:4010/,10.1.0.0/16').version).toBe(policyOf(base).version);
    expect(new EgressPolicy().version).toBe(policyOf('').version);
  });

  it.each([
    ['an origin', policyOf(`${base},https://a.corp`)],
    ['a network', policyOf(`${base},10.2.0.0/16`)],
    ['one entry less', policyOf('10.1.0.0/16')],
    ['a denied host', policyOf(base, ['gateway.patchbay.com'])],
    ['a denied network', policyOf(base, ['10.1.9.0/24'])],
    ['a denied origin', policyOf(base, ['https://gateway.patchbay.com'])],
    ['a scheme', policyOf(base, [], { schemes: ['https', 'http'] })],
    ['a port', policyOf(base, [], { ports: [443] })],
    ['a NAT64 prefix', policyOf(base, [], { nat64Prefix: parseCidr('64:ff9b::/96')! })],
  ])('changes with %s', (_name, other) => {
    expect(other.version).not.toBe(policyOf(base).version);
  });
});
