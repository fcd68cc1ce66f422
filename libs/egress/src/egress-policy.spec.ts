import { describe, expect, it } from '@jest/globals';
import { EgressPolicy, parseEgressAllow, type Reach } from './egress-policy.js';

const policyOf = (allow: string, denyHosts: string[] = []) =>
  new EgressPolicy({ allow: parseEgressAllow(allow), denyHosts });

describe('parseEgressAllow', () => {
  it('reads origins and CIDRs, tolerating spaces, empty entries and a closing slash', () => {
    const read = parseEgressAllow(
      ' http://127.0.0.1:4010/, ,10.1.0.0/16,https://Internal.Example:443,fd12::/48,',
    );

    expect(read.map((one) => (one.kind === 'origin' ? one.origin : one.cidr.text))).toEqual([
      'http://127.0.0.1:4010',
      '10.1.0.0/16',
      'https://internal.example',
      'fd12::/48',
    ]);
    expect(parseEgressAllow('')).toEqual([]);
  });

  it.each([
    ['10.1.2.3/16', '`10.1.2.3/16` is not how its block is written: write 10.1.0.0/16'],
    ['FD12::/48', 'write fd12::/48'],
    ['10.1.2.3', '`10.1.2.3` has no prefix length: write 10.1.2.3/32'],
    ['::1', 'write ::1/128'],
    [
      'internal.example',
      '`internal.example` is neither an origin nor a CIDR: write https://host or 10.1.0.0/16',
    ],
    ['10.0.0.0/33', 'is neither an origin nor a CIDR'],
    ['0.0.0.0/0', '`0.0.0.0/0` is wider than /8: list what you mean'],
    ['::/0', '`::/0` is wider than /7: list what you mean'],
    ['https://internal.example/api', 'has more than an origin: write https://internal.example'],
    ['https://internal.example?x=1', 'has more than an origin: write https://internal.example'],
    ['https://internal.example#x', 'has more than an origin: write https://internal.example'],
    ['ftp://internal.example', 'is not an origin: write https://host or http://host:port'],
    ['https://*.internal.example', 'is not an origin'],
    ['http://0x7f000001', 'is not an origin'],
    ['https://', 'is not an origin'],
  ])('says what would be right instead of %s', (entry, message) => {
    expect(() => parseEgressAllow(`10.1.0.0/16,${entry}`)).toThrow(message);
  });

  it('lists every bad entry, and no password', () => {
    const read = () => parseEgressAllow('10.1.2.3,https://admin:hunter2@internal.example,nonsense');

    expect(read).toThrow(/10\.1\.2\.3.*user name.*nonsense/);
    expect(read).not.toThrow(/hunter2/);
  });
});

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
  ])('changes with %s', (_name, other) => {
    expect(other.version).not.toBe(policyOf(base).version);
  });
});
