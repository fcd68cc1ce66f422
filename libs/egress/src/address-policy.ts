import { addressBytes, contains, parseCidr, type Cidr } from './cidr.js';

/**
 * What kind of address it is, which decides who may open it:
 * - `public`: open to every tenant.
 * - `private`: inside somebody's network. An origin or a CIDR of the operator opens it.
 * - `reserved`: metadata services, documentation, multicast, unallocated. Only a CIDR within that very block opens it.
 * - `embedded`: carries an IPv4 address that would be the real destination. Nothing opens it: name the IPv4 address.
 */
export type AddressKind = 'public' | 'private' | 'reserved' | 'embedded';

/** A block that is not public, and why. */
export interface SpecialBlock {
  readonly cidr: Cidr;
  readonly kind: Exclude<AddressKind, 'public'>;
  /** A few words for operators: `shared address space`. */
  readonly what: string;
}

const block = (cidr: string, kind: SpecialBlock['kind'], what: string): SpecialBlock => {
  const parsed = parseCidr(cidr);
  if (parsed?.text !== cidr) throw new Error(`not a block in its ordinary spelling: ${cidr}`);
  return { cidr: parsed, kind, what };
};

/**
 * Every block that is not public; the first that holds an address decides. IPv4 is public unless listed, after the
 * IANA special-purpose registries (RFC 6890 and its updates) and the clouds' metadata addresses. IPv6 is the other
 * way round: the last three rows take everything but 2000::/3, so what IANA has not given out is not public.
 */
export const specialBlocks: readonly SpecialBlock[] = [
  block('100.100.100.200/32', 'reserved', 'cloud metadata (Alibaba)'),
  block('168.63.129.16/32', 'reserved', 'cloud platform service (Azure)'), // amid public addresses
  block('169.254.0.0/16', 'reserved', 'link-local, cloud metadata'),
  block('10.0.0.0/8', 'private', 'private network'),
  block('100.64.0.0/10', 'private', 'shared address space'),
  block('127.0.0.0/8', 'private', 'loopback'),
  block('172.16.0.0/12', 'private', 'private network'),
  block('192.168.0.0/16', 'private', 'private network'),
  block('0.0.0.0/8', 'reserved', 'this network'),
  block('192.0.0.0/24', 'reserved', 'protocol assignments, cloud metadata (Oracle)'),
  block('192.0.2.0/24', 'reserved', 'documentation'),
  block('192.31.196.0/24', 'reserved', 'AS112'),
  block('192.52.193.0/24', 'reserved', 'multicast tunnelling'),
  block('192.88.99.0/24', 'reserved', '6to4 relay'),
  block('192.175.48.0/24', 'reserved', 'AS112'),
  block('198.18.0.0/15', 'reserved', 'benchmarking'),
  block('198.51.100.0/24', 'reserved', 'documentation'),
  block('203.0.113.0/24', 'reserved', 'documentation'),
  block('224.0.0.0/4', 'reserved', 'multicast'),
  block('240.0.0.0/4', 'reserved', 'reserved, broadcast'),

  block('::/128', 'reserved', 'unspecified'),
  block('::1/128', 'private', 'loopback'),
  block('::/96', 'embedded', 'IPv4-compatible'),
  block('::ffff:0:0/96', 'embedded', 'IPv4-mapped'),
  block('::ffff:0:0:0/96', 'embedded', 'IPv4-translated'),
  block('64:ff9b::/96', 'embedded', 'NAT64'),
  block('64:ff9b:1::/48', 'embedded', 'NAT64'),
  block('2001::/32', 'embedded', 'Teredo'),
  block('2002::/16', 'embedded', '6to4'),
  block('2001::/23', 'reserved', 'protocol assignments'),
  block('2001:db8::/32', 'reserved', 'documentation'),
  block('2620:4f:8000::/48', 'reserved', 'AS112'),
  block('3ffe::/16', 'reserved', 'former 6bone'),
  block('3fff::/20', 'reserved', 'documentation'),
  block('fd00:ec2::/32', 'reserved', 'cloud metadata (AWS)'),
  block('fd20:ce::254/128', 'reserved', 'cloud metadata (Google)'),
  block('fc00::/7', 'private', 'unique local'),
  block('::/3', 'reserved', 'not global unicast'),
  block('4000::/2', 'reserved', 'not global unicast'),
  block('8000::/1', 'reserved', 'not global unicast'),
];

/** The block that makes an address not public; undefined for a public one. Takes {@link addressBytes}. */
export function specialBlockOf(bytes: readonly number[]): SpecialBlock | undefined {
  return specialBlocks.find(({ cidr }) => contains(cidr, bytes));
}

/** Classifies an address in its ordinary spelling; whatever is not one counts as `reserved`. */
export function classifyAddress(address: string): AddressKind {
  const bytes = addressBytes(address);
  if (!bytes) return 'reserved';
  return specialBlockOf(bytes)?.kind ?? 'public';
}

/** What is special about an address, in a few words for operators: `loopback`. */
export function describeAddress(address: string): string {
  const bytes = addressBytes(address);
  if (!bytes) return 'not an address';
  return specialBlockOf(bytes)?.what ?? 'public';
}
