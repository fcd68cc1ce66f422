import { createHash } from 'node:crypto';
import { specialBlockOf } from './address-policy.js';
import { parseCanonicalUrl } from './canonical-url.js';
import { addressBytes, contains, liesWithin, parseCidr, type Cidr } from './cidr.js';

/** One thing the operator opens beyond https to the public internet. */
export type EgressAllowance =
  { readonly kind: 'origin'; readonly origin: string } | { readonly kind: 'network'; readonly cidr: Cidr };

/**
 * Which addresses a destination may have, by what opened it:
 * - `public`: https on an ordinary port. Public addresses, and the networks the operator named.
 * - `named_networks`: plain http, another port or an internal name. Only the networks the operator named.
 * - `named_origin`: an origin the operator named. Public and private addresses, never reserved ones.
 */
export type Reach = 'public' | 'named_networks' | 'named_origin';

// Wider than these an entry would not name networks but switch the guard off.
const shortestPrefix = { ipv4: 8, ipv6: 7 };

/** The operator's outbound policy. Immutable: a change is another policy, and connections are never shared between two. */
export class EgressPolicy {
  /** Equal for equal policies, in every process: a digest of what the policy says. */
  readonly version: string;
  /** Whether any CIDR is allowed, so that a name may have to be resolved before it can be judged. */
  readonly namesNetworks: boolean;
  private readonly origins: ReadonlySet<string>;
  private readonly networks: readonly Cidr[];
  private readonly deniedHosts: ReadonlySet<string>;

  /**
   * @param options.allow what {@link parseEgressAllow} read; nothing when absent.
   * @param options.denyHosts host names never to be called whatever else allows them: our own public ones.
   */
  constructor(options: { allow?: readonly EgressAllowance[]; denyHosts?: readonly string[] } = {}) {
    const allow = options.allow ?? [];
    this.origins = new Set(allow.flatMap((one) => (one.kind === 'origin' ? [one.origin] : [])));
    this.networks = allow.flatMap((one) => (one.kind === 'network' ? [one.cidr] : []));
    this.deniedHosts = new Set(options.denyHosts?.map((host) => host.toLowerCase()));
    this.namesNetworks = this.networks.length > 0;
    const said = [this.origins, this.networks.map(({ text }) => text), this.deniedHosts];
    this.version = digest(said.map((one) => [...new Set(one)].sort()));
  }

  /** Whether an entry names this origin, as `URL.origin` spells it. */
  namesOrigin(origin: string): boolean {
    return this.origins.has(origin);
  }

  /** Whether this host is never to be called. */
  deniesHost(hostname: string): boolean {
    return this.deniedHosts.has(hostname);
  }

  /** Whether a destination of this reach may have this address. False for whatever is not an address. */
  permits(address: string, reach: Reach): boolean {
    const bytes = addressBytes(address);
    if (!bytes) return false;
    const special = specialBlockOf(bytes);
    if (special?.kind === 'embedded') return false;
    const naming = this.networks.filter((network) => contains(network, bytes));
    // 100.64.0.0/10 is somebody's network; the metadata address amid it has to be named by itself.
    if (special?.kind === 'reserved') return naming.some((network) => liesWithin(network, special.cidr));
    if (naming.length > 0 || reach === 'named_origin') return true;
    return reach === 'public' && special === undefined;
  }
}

/**
 * Reads `EGRESS_ALLOW`: origins (`http://127.0.0.1:4010`) and CIDRs (`10.1.0.0/16`), separated by commas.
 * - An **origin** opens exactly that scheme, host and port, whatever private addresses its name resolves to: the
 *   operator vouches for the name.
 * - A **CIDR** opens those addresses, by http or https on any port but those of databases and the like, and with
 *   them every name that resolves to nothing else.
 * - Metadata services and other reserved blocks stay closed unless a CIDR within the block names them.
 *
 * @throws Error that lists every entry it cannot take, and what would be right.
 */
export function parseEgressAllow(text: string): EgressAllowance[] {
  const entries = text.split(',').map((entry) => entry.trim());
  const read = entries.filter((entry) => entry !== '').map(readEntry);
  const problems = read.filter((one) => typeof one === 'string');
  if (problems.length > 0) throw new Error(`EGRESS_ALLOW: ${problems.join('; ')}`);
  return read.filter((one) => typeof one !== 'string');
}

function readEntry(entry: string): EgressAllowance | string {
  return entry.includes('://') ? readOrigin(entry) : readNetwork(entry);
}

function readOrigin(entry: string): EgressAllowance | string {
  const parsed = parseCanonicalUrl(entry);
  // The entry itself is not quoted where it may hold a password.
  if (!parsed.ok && parsed.reason === 'userinfo') return `an origin has a user name in it: leave it out`;
  if (!parsed.ok) return `\`${entry}\` is not an origin: write https://host or http://host:port`;
  if (/^[a-z]+:\/\/[^/?#]*\/?$/i.test(entry)) return { kind: 'origin', origin: parsed.url.origin };
  return `\`${entry}\` has more than an origin: write ${parsed.url.origin}`;
}

function readNetwork(entry: string): EgressAllowance | string {
  const bytes = addressBytes(entry);
  if (bytes) return `\`${entry}\` has no prefix length: write ${entry}/${bytes.length * 8}`;
  const cidr = parseCidr(entry);
  if (!cidr) return `\`${entry}\` is neither an origin nor a CIDR: write https://host or 10.1.0.0/16`;
  if (cidr.text !== entry) return `\`${entry}\` is not how its block is written: write ${cidr.text}`;
  const shortest = cidr.bytes.length === 4 ? shortestPrefix.ipv4 : shortestPrefix.ipv6;
  if (cidr.prefixLength < shortest) return `\`${entry}\` is wider than /${shortest}: list what you mean`;
  return { kind: 'network', cidr };
}

function digest(said: readonly (readonly string[])[]): string {
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 16);
}
