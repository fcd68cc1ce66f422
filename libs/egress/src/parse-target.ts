import { isIP } from 'node:net';
import { parseCanonicalUrl, type UrlProblem } from './canonical-url.js';
import type { EgressPolicy, Reach } from './egress-policy.js';

/** Why a URL is refused before any name is resolved. Closed. */
export type EgressRefusalReason =
  UrlProblem | 'port_not_allowed' | 'name_not_allowed' | 'address_not_allowed';

/** A URL that passed the gate: what to connect to, and which addresses it may turn out to have. */
export interface Target {
  readonly ok: true;
  readonly url: URL;
  /** Scheme, host and port as `URL.origin` spells them. */
  readonly origin: string;
  readonly reach: Reach;
}

export interface Refusal {
  readonly ok: false;
  readonly reason: EgressRefusalReason;
  /** For the person who entered the URL: says what would be right. Follows from the URL and the policy alone. */
  readonly message: string;
}

export type TargetCheck = Target | Refusal;

/** Not opened by a CIDR or a list of ports: mail, DNS, Docker, etcd, databases, caches, buses, the kubelet. */
export const infrastructurePorts: ReadonlySet<string> = new Set(
  [0, 22, 23, 25, 53, 110, 143, 389, 465, 587, 2375, 2376, 2379, 2380, 3306, 4222, 5432, 6222, 6379, 8222]
    .concat([9092, 10250, 11211, 27017])
    .map(String),
);

/** Last labels that never name a public host: RFC 6761, 6762, 7686, 8375, 9476, ICANN's `internal`, and common habit. */
const internalSuffixes: ReadonlySet<string> = new Set(
  'localhost local internal arpa test example invalid onion alt svc lan home corp localdomain'.split(' '),
);

/**
 * The parse gate: whether a URL may be called under a policy, as far as that can be told without resolving its name.
 * Pure, and therefore the same when a tool is saved, tested and executed.
 */
export function parseTarget(url: string | URL, policy: EgressPolicy): TargetCheck {
  const parsed = parseCanonicalUrl(typeof url === 'string' ? url : url.href);
  if (!parsed.ok) return parsed;
  const verdict = judge(parsed.url, policy);
  return typeof verdict === 'string'
    ? { ok: true, url: parsed.url, origin: parsed.url.origin, reach: verdict }
    : verdict;
}

function judge(url: URL, policy: EgressPolicy): Reach | Refusal {
  if (policy.denies(url)) return refuse('name_not_allowed', 'This host must not be called.');
  const host = withoutBrackets(url.hostname);
  const notPublic = whyNotPublic(url, host, policy);
  let reach: Reach = 'public';
  if (policy.namesOrigin(url.origin)) reach = 'named_origin';
  else if (notPublic) {
    if (!policy.namesNetworks || infrastructurePorts.has(url.port)) return notPublic;
    reach = 'named_networks';
  }
  if (isIP(host) === 0 || policy.permits(host, reach)) return reach;
  return notPublic ?? refuse('address_not_allowed', 'This address is not on the public internet, or closed.');
}

/** What keeps a URL from being open like the public internet, its address aside. */
function whyNotPublic(url: URL, host: string, { schemes, ports }: EgressPolicy): Refusal | undefined {
  if (schemes.length === 0)
    return refuse('name_not_allowed', 'This host is not among those that may be called.');
  if (!schemes.some((scheme) => url.protocol === `${scheme}:`)) {
    return refuse('scheme_not_allowed', `Only ${schemes.join(' and ')} URLs are allowed.`);
  }
  if (!ports.includes(portOf(url))) {
    return refuse('port_not_allowed', `Port ${portOf(url)} is not allowed: use ${ports.join(' or ')}.`);
  }
  if (isIP(host) !== 0 || isPublicName(host)) return undefined;
  return refuse('name_not_allowed', 'This host name is internal: use a name on the public internet.');
}

function portOf({ protocol, port }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

function isPublicName(host: string): boolean {
  const lastDot = host.lastIndexOf('.');
  return lastDot >= 0 && !internalSuffixes.has(host.slice(lastDot + 1));
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function refuse(reason: EgressRefusalReason, message: string): Refusal {
  return { ok: false, reason, message };
}
