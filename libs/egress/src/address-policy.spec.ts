import { describe, expect, it } from '@jest/globals';
import { classifyAddress } from './address-policy.js';
import { edges, isPublic, randomAddress, randomNumbers, spell } from './testing/special-purpose.js';
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

describe('the table, against the registries it was made from, written and matched another way', () => {
  const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 32);

  it.each<[string, 32 | 128]>([
    ['IPv4', 32],
    ['IPv6', 128],
  ])(`agrees on 500,000 addresses of %s (TEST_SEED=${seed})`, (_family, bits) => {
    const random = randomNumbers(seed);
    const mismatches: string[] = [];
    for (let n = 0; n < 500_000; n += 1) {
      const address = randomAddress(random, bits);
      const text = spell(address, bits);
      if ((classifyAddress(text) === 'public') !== isPublic(address, bits)) mismatches.push(text);
    }

    expect(mismatches).toEqual([]);
  });

  it('agrees at every edge, and two beyond', () => {
    for (const bits of [32, 128] as const) {
      const max = (1n << BigInt(bits)) - 1n;
      for (const edge of edges[bits]) {
        for (let offset = -2n; offset <= 2n; offset += 1n) {
          const address = (edge + offset) & max;
          const text = spell(address, bits);
          expect([text, classifyAddress(text) === 'public']).toEqual([text, isPublic(address, bits)]);
        }
      }
    }
  });
});
