import { parseCanonicalUrl } from './canonical-url.js';
import { addressBytes, parseCidr, type Cidr } from './cidr.js';

/** One thing an operator opens beyond https to the public internet. */
export type Allowance =
  { readonly kind: 'origin'; readonly origin: string } | { readonly kind: 'network'; readonly cidr: Cidr };

/** One thing an operator closes. A host stands for itself and every name below it, whatever scheme and port. */
export type Denial = Allowance | { readonly kind: 'host'; readonly host: string };

/** An entry as it is meant, or what is wrong with it and what would be right. */
export type Read<Entry> =
  { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly problem: string };

// Wider than these an allowance would not name networks but switch the guard off.
const shortestPrefix = { ipv4: 8, ipv6: 7 };

/**
 * Reads what is to be opened:
 * - An **origin** (`http://127.0.0.1:4010`) opens exactly that scheme, host and port, whatever private addresses its
 *   name resolves to: the operator vouches for the name.
 * - A **CIDR** (`10.1.0.0/16`) opens those addresses, by http or https on any port but those of databases and the
 *   like, and with them every name that resolves to nothing else.
 * - Metadata services and other reserved blocks stay closed unless a CIDR within the block names them.
 */
export function readAllowance(entry: string): Read<Allowance> {
  if (entry.includes('://')) return readOrigin(entry);
  const read = readNetwork(entry);
  if (!read.ok) return read;
  const { bytes, prefixLength } = read.entry.cidr;
  const shortest = bytes.length === 4 ? shortestPrefix.ipv4 : shortestPrefix.ipv6;
  return prefixLength < shortest
    ? wrong(`\`${entry}\` is wider than /${shortest}: list what you mean`)
    : read;
}

/** Reads what is to be closed: an origin, a CIDR of any width, or a host. */
export function readDenial(entry: string): Read<Denial> {
  if (entry.includes('://')) return readOrigin(entry);
  if (entry.includes('/') || addressBytes(entry)) return readNetwork(entry);
  const parsed = parseCanonicalUrl(`https://${entry}/`);
  if (parsed.ok && parsed.url.host === entry.toLowerCase() && !parsed.url.port && !entry.startsWith('['))
    return right({ kind: 'host', host: parsed.url.hostname });
  return wrong(
    `\`${entry}\` is no host, origin or CIDR: write partner.example, https://partner.example or 10.1.0.0/16`,
  );
}

/**
 * Reads `EGRESS_ALLOW`: what {@link readAllowance} takes, separated by commas.
 * @throws Error that lists every entry it cannot take, and what would be right.
 */
export function parseEgressAllow(text: string): Allowance[] {
  const entries = text.split(',').map((entry) => entry.trim());
  const read = entries.filter((entry) => entry !== '').map(readAllowance);
  const problems = read.filter((one) => !one.ok).map(({ problem }) => problem);
  if (problems.length > 0) throw new Error(`EGRESS_ALLOW: ${problems.join('; ')}`);
  return read.filter((one) => one.ok).map((one) => one.entry);
}

function readOrigin(entry: string): Read<Allowance> {
  const parsed = parseCanonicalUrl(entry);
  // The entry itself is not quoted where it may hold a password.
  if (!parsed.ok && parsed.reason === 'userinfo')
    return wrong(`an origin has a user name in it: leave it out`);
  if (!parsed.ok) return wrong(`\`${entry}\` is not an origin: write https://host or http://host:port`);
  if (/^[a-z]+:\/\/[^/?#]*\/?$/i.test(entry)) return right({ kind: 'origin', origin: parsed.url.origin });
  return wrong(`\`${entry}\` has more than an origin: write ${parsed.url.origin}`);
}

function readNetwork(entry: string): Read<{ kind: 'network'; cidr: Cidr }> {
  const bytes = addressBytes(entry);
  if (bytes) return wrong(`\`${entry}\` has no prefix length: write ${entry}/${bytes.length * 8}`);
  const cidr = parseCidr(entry);
  if (!cidr) return wrong(`\`${entry}\` is neither an origin nor a CIDR: write https://host or 10.1.0.0/16`);
  if (cidr.text !== entry) return wrong(`\`${entry}\` is not how its block is written: write ${cidr.text}`);
  return right({ kind: 'network', cidr });
}

function right<Entry>(entry: Entry): Read<Entry> {
  return { ok: true, entry };
}

function wrong(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}
