import ipaddr from 'ipaddr.js';
import { isIP } from 'node:net';

/** A block of addresses, such as `10.0.0.0/8`. */
export interface Cidr {
  /** The block in its shortest ordinary spelling, host bits cleared. */
  readonly text: string;
  /** The first address: 4 bytes, or 16. */
  readonly bytes: readonly number[];
  /** How many leading bits all addresses of the block share. */
  readonly prefixLength: number;
}

/**
 * The 4 or 16 bytes of an address. Undefined for everything that is not one in its ordinary spelling: names, `127.1`,
 * `0177.0.0.1`, an IPv6 address with a zone or in brackets.
 */
export function addressBytes(address: string): readonly number[] | undefined {
  // ipaddr.js alone would also read the octal and shortened spellings.
  if (isIP(address) === 0 || address.includes('%')) return undefined;
  return ipaddr.parse(address).toByteArray();
}

/** Reads `address/prefix length`; undefined when it is not that. Host bits may be set: compare with `text` to find out. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const bytes = addressBytes(address);
  if (!bytes || rest.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(length)) return undefined;
  const prefixLength = Number(length);
  if (prefixLength > bytes.length * 8) return undefined;
  const first = bytes.map((byte, index) => byte & maskOf(prefixLength, index));
  return { text: formatCidr(first, prefixLength), bytes: first, prefixLength };
}

/** A block in its shortest ordinary spelling. */
export function formatCidr(bytes: readonly number[], prefixLength: number): string {
  return `${ipaddr.fromByteArray([...bytes]).toString()}/${prefixLength}`;
}

/** Whether the block holds the address, given as {@link addressBytes}. IPv4 and IPv6 never hold one another. */
export function contains({ bytes, prefixLength }: Cidr, address: readonly number[]): boolean {
  if (bytes.length !== address.length) return false;
  const whole = prefixLength >> 3;
  for (let index = 0; index < whole; index += 1) if (bytes[index] !== address[index]) return false;
  const rest = prefixLength & 7;
  return rest === 0 || ((bytes[whole] ?? 0) ^ (address[whole] ?? 0)) >> (8 - rest) === 0;
}

/** Whether every address of `inner` is also one of `outer`; a block lies within itself. */
export function liesWithin(inner: Cidr, outer: Cidr): boolean {
  return inner.prefixLength >= outer.prefixLength && contains(outer, inner.bytes);
}

/** The mask of one byte: `maskOf(12, 1)` is `0xf0`. */
function maskOf(prefixLength: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
  return (0xff00 >> bits) & 0xff;
}
