import { createHash } from 'node:crypto';
import { specialBlockOf } from './address-policy.js';
import { addressBytes, contains, liesWithin, type Cidr } from './cidr.js';
import type { Allowance, Denial } from './policy-entries.js';

export const schemes = ['https', 'http'] as const;
export type Scheme = (typeof schemes)[number];

/** What an operator says about one organization, or about everybody. */
export interface PolicyRules {
  /** Opened beyond the public internet. */
  readonly allow?: readonly Allowance[];
  /** Closed, whatever opens it. */
  readonly deny?: readonly Denial[];
  /** How public addresses may be called: https. None at all leaves what `allow` names. */
  readonly schemes?: readonly Scheme[];
  /** Ports of public addresses: 443 and 8443 for https, 80 for http. */
  readonly ports?: readonly number[];
  /** The 96 bits that a NAT64 network puts before IPv4 addresses; what stands behind them is then what is judged. */
  readonly nat64Prefix?: Cidr;
}

/**
 * Which addresses a destination may have, by what opened it:
 * - `public`: an ordinary scheme and port. Public addresses, and the networks the operator named.
 * - `named_networks`: another scheme or port, or an internal name. Only the networks the operator named.
 * - `named_origin`: an origin the operator named. Public and private addresses, never reserved ones.
 */
export type Reach = 'public' | 'named_networks' | 'named_origin';

const usualPorts: Readonly<Record<Scheme, readonly number[]>> = { https: [443, 8443], http: [80] };

/** An operator's outbound policy. Immutable: a change is another policy, and connections are never shared between two. */
export class EgressPolicy {
  /** Equal for equal policies, in every process: a digest of what the policy says. */
  readonly version: string;
  readonly schemes: readonly Scheme[];
  /** Ports of public addresses. */
  readonly ports: readonly number[];
  /** Networks opened beyond the public internet. */
  readonly networks: readonly Cidr[];
  readonly deniedNetworks: readonly Cidr[];
  /** Origins opened, as `URL.origin` spells them. */
  readonly origins: ReadonlySet<string>;
  readonly nat64Prefix: Cidr | undefined;
  private readonly deniedOrigins: ReadonlySet<string>;
  private readonly deniedHosts: ReadonlySet<string>;

  constructor({ allow = [], deny = [], schemes = ['https'], ports, nat64Prefix }: PolicyRules = {}) {
    this.schemes = schemes;
    this.ports = ports ?? schemes.flatMap((scheme) => usualPorts[scheme]);
    this.nat64Prefix = nat64Prefix;
    this.origins = new Set(originsOf(allow));
    this.networks = networksOf(allow);
    this.deniedOrigins = new Set(originsOf(deny));
    this.deniedNetworks = networksOf(deny);
    this.deniedHosts = new Set(deny.flatMap((one) => (one.kind === 'host' ? [one.host] : [])));
    this.version = digest([
      this.schemes,
      this.ports.map(String),
      [...this.origins],
      this.networks.map(({ text }) => text),
      [...this.deniedOrigins],
      this.deniedNetworks.map(({ text }) => text),
      [...this.deniedHosts],
      [nat64Prefix?.text ?? ''],
    ]);
  }

  /** Whether any CIDR is allowed, so that a name may have to be resolved before it can be judged. */
  get namesNetworks(): boolean {
    return this.networks.length > 0;
  }

  /** Whether an entry names this origin, as `URL.origin` spells it. */
  namesOrigin(origin: string): boolean {
    return this.origins.has(origin);
  }

  /** Whether this destination is never to be called, whatever address it has. */
  denies({ origin, hostname }: URL): boolean {
    if (this.deniedOrigins.has(origin)) return true;
    if (this.deniedHosts.size === 0) return false;
    const labels = hostname.split('.');
    return labels.some((_label, index) => this.deniedHosts.has(labels.slice(index).join('.')));
  }

  /** Whether a destination of this reach may have this address. False for whatever is not an address. */
  permits(address: string, reach: Reach): boolean {
    const written = addressBytes(address);
    if (!written) return false;
    const bytes = this.nat64Prefix && contains(this.nat64Prefix, written) ? written.slice(12) : written;
    if (this.deniedNetworks.some((network) => contains(network, bytes))) return false;
    const special = specialBlockOf(bytes);
    if (special?.kind === 'embedded') return false;
    const naming = this.networks.filter((network) => contains(network, bytes));
    // 100.64.0.0/10 is somebody's network; the metadata address amid it has to be named by itself.
    if (special?.kind === 'reserved') return naming.some((network) => liesWithin(network, special.cidr));
    if (naming.length > 0 || reach === 'named_origin') return true;
    return reach === 'public' && special === undefined;
  }
}

function originsOf(entries: readonly Denial[]): string[] {
  return entries.flatMap((one) => (one.kind === 'origin' ? [one.origin] : []));
}

function networksOf(entries: readonly Denial[]): Cidr[] {
  return entries.flatMap((one) => (one.kind === 'network' ? [one.cidr] : []));
}

function digest(said: readonly (readonly string[])[]): string {
  const sorted = said.map((one) => [...new Set(one)].sort());
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 16);
}
