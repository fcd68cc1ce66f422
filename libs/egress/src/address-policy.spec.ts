import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { classifyAddress, deniedCidrs } from './address-policy.js';
import { addressBytes, contains, parseCidr } from './cidr.js';
import { v4, v6 } from './testing/ssrf-vectors.js';

describe('classifyAddress', () => {
  it.each([...v4, ...v6])('does not take %s for public', (address) => {
    expect(classifyAddress(address)).not.toBe('public');
  });

  // First and last address of each block; the addresses just outside; null where the neighbour is another block's.
  it.each([
    ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
    ['192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255', null],
    ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, '2000::'],
    [
      '2001::',
      '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff',
      '2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:200::',
    ],
    [
      '2001:db8::',
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db9::',
    ],
    [
      '2002::',
      '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '2003::',
    ],
    ['2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff', '2620:4f:7fff:ffff::', '2620:4f:8001::'],
    [
      '3ffe::',
      '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff',
      '3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      '3fff:1000::',
    ],
    ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
  ])('takes everything from %s to %s for special, and neither %s nor %s', (first, last, before, after) => {
    expect(classifyAddress(first)).not.toBe('public');
    expect(classifyAddress(last)).not.toBe('public');
    for (const neighbour of [before, after]) {
      if (neighbour !== null) expect(classifyAddress(neighbour)).toBe('public');
    }
  });

  it.each([
    ['10.1.2.3', 'private'],
    ['100.100.100.199', 'private'],
    ['100.100.100.200', 'reserved'],
    ['127.0.0.1', 'private'],
    ['::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['fd00:ec2::254', 'reserved'],
    ['fd20:ce::254', 'reserved'],
    ['169.254.169.254', 'reserved'],
    ['168.63.129.16', 'reserved'],
    ['192.0.0.192', 'reserved'],
    ['fe80::1', 'reserved'],
    ['::', 'reserved'],
    ['::ffff:10.0.0.1', 'embedded'],
    ['::10.0.0.1', 'embedded'],
    ['64:ff9b::10.0.0.1', 'embedded'],
    ['2002:a00:1::', 'embedded'],
    ['2001:0:a00:1::', 'embedded'],
    ['not an address', 'reserved'],
    ['93.184.216.34', 'public'],
    ['2606:4700:4700::1111', 'public'],
  ])('takes %s for %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind);
  });
});

/** The same policy, written another way: numbers from and to, and for IPv6 what is public rather than what is not. */
const notPublic4: readonly (readonly [bigint, bigint])[] = [
  [0x00000000n, 0x00ffffffn],
  [0x0a000000n, 0x0affffffn],
  [0x64400000n, 0x647fffffn],
  [0x7f000000n, 0x7fffffffn],
  [0xa83f8110n, 0xa83f8110n],
  [0xa9fe0000n, 0xa9feffffn],
  [0xac100000n, 0xac1fffffn],
  [0xc0000000n, 0xc00000ffn],
  [0xc0000200n, 0xc00002ffn],
  [0xc01fc400n, 0xc01fc4ffn],
  [0xc034c100n, 0xc034c1ffn],
  [0xc0586300n, 0xc05863ffn],
  [0xc0a80000n, 0xc0a8ffffn],
  [0xc0af3000n, 0xc0af30ffn],
  [0xc6120000n, 0xc613ffffn],
  [0xc6336400n, 0xc63364ffn],
  [0xcb007100n, 0xcb0071ffn],
  [0xe0000000n, 0xffffffffn],
];
const shifted = (top32: bigint) => top32 << 96n;
const public6: readonly (readonly [bigint, bigint])[] = [
  [shifted(0x20000000n), shifted(0x20010000n) - 1n],
  [shifted(0x20010200n), shifted(0x20010db8n) - 1n],
  [shifted(0x20010db9n), shifted(0x20020000n) - 1n],
  [shifted(0x20030000n), (0x2620004f8000n << 80n) - 1n],
  [0x2620004f8001n << 80n, shifted(0x3ffe0000n) - 1n],
  [shifted(0x3fff1000n), shifted(0x40000000n) - 1n],
];
const within = (ranges: readonly (readonly [bigint, bigint])[], value: bigint) =>
  ranges.some(([from, to]) => from <= value && value <= to);

const spell4 = (value: bigint) => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
const spell6 = (value: bigint) =>
  [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n]
    .map((shift) => ((value >> shift) & 0xffffn).toString(16))
    .join(':');

/** Half of them anywhere, half within a few of an edge, where the mistakes are. */
function values(bits: bigint, ranges: readonly (readonly [bigint, bigint])[]): fc.Arbitrary<bigint> {
  const max = (1n << bits) - 1n;
  const nearEdge = fc
    .tuple(fc.constantFrom(...ranges.flat()), fc.bigInt({ min: -3n, max: 3n }))
    .map(([edge, offset]) => (edge + offset + max + 1n) & max);
  return fc.oneof(fc.bigInt({ min: 0n, max }), nearEdge);
}

describe('the table, against one written differently', () => {
  it('agrees on 50,000 IPv4 addresses', () => {
    fc.assert(
      fc.property(
        values(32n, notPublic4),
        (value) => (classifyAddress(spell4(value)) === 'public') === !within(notPublic4, value),
      ),
      { numRuns: 50_000 },
    );
  });

  it('agrees on 50,000 IPv6 addresses', () => {
    fc.assert(
      fc.property(
        values(128n, public6),
        (value) => (classifyAddress(spell6(value)) === 'public') === within(public6, value),
      ),
      { numRuns: 50_000 },
    );
  });
});

describe('deniedCidrs', () => {
  const { ipv4, ipv6 } = deniedCidrs();
  const blocks = [...ipv4, ...ipv6].map((text) => parseCidr(text)!);
  const denies = (address: string) => blocks.some((block) => contains(block, addressBytes(address)!));

  it('denies exactly what is not public', () => {
    const addresses = fc.oneof(values(32n, notPublic4).map(spell4), values(128n, public6).map(spell6));
    fc.assert(
      fc.property(addresses, (address) => denies(address) === (classifyAddress(address) !== 'public')),
      { numRuns: 5_000 },
    );
  });

  it('lists no block that another one holds', () => {
    expect(ipv4).not.toContain('100.100.100.200/32');
    expect(ipv4).toEqual(expect.arrayContaining(['100.64.0.0/10', '168.63.129.16/32']));
    expect(ipv6).not.toContain('fc00::/7');
    expect(ipv6).toEqual(expect.arrayContaining(['::/3', '2002::/16', '8000::/1']));
  });
});
