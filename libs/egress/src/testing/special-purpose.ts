/**
 * What is not public, written out from its sources and matched in the plainest way there is: from one big integer to another.
 * It shares nothing with the code it is compared with, neither table nor parser nor matcher.
 */

/** IANA IPv4 Special-Purpose Address Registry, every row; and the multicast space of RFC 5771. */
const ipv4 = [
  '0.0.0.0/8',
  '0.0.0.0/32',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.0.0/29',
  '192.0.0.8/32',
  '192.0.0.9/32',
  '192.0.0.10/32',
  '192.0.0.170/32',
  '192.0.0.171/32',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.88.99.2/32',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
  '168.63.129.16/32', // not IANA's: Azure's platform, amid public addresses
];

/** IANA IPv6 Special-Purpose Address Registry, every row; and the former 6bone, given back (RFC 3701). */
const ipv6 = [
  '0:0:0:0:0:0:0:1/128',
  '0:0:0:0:0:0:0:0/128',
  '0:0:0:0:0:ffff:0:0/96',
  '64:ff9b:0:0:0:0:0:0/96',
  '64:ff9b:1:0:0:0:0:0/48',
  '100:0:0:0:0:0:0:0/64',
  '100:0:0:1:0:0:0:0/64',
  '2001:0:0:0:0:0:0:0/23',
  '2001:0:0:0:0:0:0:0/32',
  '2001:1:0:0:0:0:0:1/128',
  '2001:1:0:0:0:0:0:2/128',
  '2001:1:0:0:0:0:0:3/128',
  '2001:2:0:0:0:0:0:0/48',
  '2001:3:0:0:0:0:0:0/32',
  '2001:4:112:0:0:0:0:0/48',
  '2001:10:0:0:0:0:0:0/28',
  '2001:20:0:0:0:0:0:0/28',
  '2001:30:0:0:0:0:0:0/28',
  '2001:db8:0:0:0:0:0:0/32',
  '2002:0:0:0:0:0:0:0/16',
  '2620:4f:8000:0:0:0:0:0/48',
  '3ffe:0:0:0:0:0:0:0/16',
  '3fff:0:0:0:0:0:0:0/20',
  '5f00:0:0:0:0:0:0:0/16',
  'fc00:0:0:0:0:0:0:0/7',
  'fe80:0:0:0:0:0:0:0/10',
];

/** All that IANA has given out for ordinary use (RFC 4291 section 2.4, and the global unicast registry). */
const GLOBAL_UNICAST = '2000:0:0:0:0:0:0:0/3';

export interface Range {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/** Takes `10.0.0.0/8`, and IPv6 with its eight groups written out. */
export function rangeOf(cidr: string): Range {
  const [address = '', length = ''] = cidr.split('/');
  const bits = address.includes(':') ? 128 : 32;
  const size = 1n << BigInt(bits - Number(length));
  const first = (numberOf(address) / size) * size;
  return { bits, first, last: first + size - 1n };
}

export function numberOf(address: string): bigint {
  if (!address.includes(':')) return address.split('.').reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  const groups = [...head, ...zeros, ...tail];
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

export function holds({ bits, first, last }: Range, address: bigint, addressBits: number): boolean {
  return bits === addressBits && first <= address && address <= last;
}

const special = { 32: ipv4.map(rangeOf), 128: ipv6.map(rangeOf) } as const;
const globalUnicast = rangeOf(GLOBAL_UNICAST);

/** Whether an address is one of the public internet. */
export function isPublic(address: bigint, bits: 32 | 128): boolean {
  if (bits === 128 && !holds(globalUnicast, address, 128)) return false;
  return !special[bits].some((range) => holds(range, address, bits));
}

/** First and last address of every block. */
export const edges = {
  32: special[32].flatMap(({ first, last }) => [first, last]),
  128: [globalUnicast, ...special[128]].flatMap(({ first, last }) => [first, last]),
} as const;

export function spell(address: bigint, bits: 32 | 128): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  const hex = address.toString(16).padStart(32, '0');
  return (hex.match(/.{4}/g) ?? []).join(':');
}

/** Numbers from 0 to 2³² − 1 that a seed decides (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** An address: half of them anywhere, half within a few of an edge, where the mistakes are. */
export function randomAddress(random: () => number, bits: 32 | 128): bigint {
  const max = (1n << BigInt(bits)) - 1n;
  if (random() % 2 === 0) {
    let address = 0n;
    for (let done = 0; done < bits; done += 32) address = (address << 32n) | BigInt(random());
    // Most of 2^128 is far from anything: half of the IPv6 ones are within 2000::/3.
    return bits === 128 && random() % 2 === 0 ? (address >> 3n) | (1n << 125n) : address;
  }
  const of = edges[bits];
  return ((of[random() % of.length] ?? 0n) + BigInt((random() % 9) - 4)) & max;
}
