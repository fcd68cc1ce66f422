import type { Cancellation } from './cancellation.js';
import type { ClientCertificate } from './client-certificate.js';
import type { EgressPolicies } from './egress-policies.js';
import type { EgressPolicy } from './egress-policy.js';
import { abortReason, notSent, type EgressFailureReason, type EgressResult } from './egress-result.js';
import type { ConnectorWiring } from './guarded-connector.js';
import { forbiddenHeader, isHeaderValue } from './header-rules.js';
import { HostResolver, type ResolveHost } from './host-resolver.js';
import { OriginPool, type PoolLimits, type WireRequest } from './origin-pool.js';
import type { Proxy } from './proxy.js';
import type { Target, TargetCheck } from './parse-target.js';
import { TargetMemory } from './target-memory.js';
import { ACCEPTED_ENCODINGS } from './read-body.js';

export const egressMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type EgressMethod = (typeof egressMethods)[number];

export interface EgressRequest {
  readonly method: EgressMethod;
  readonly url: string | URL;
  /** In the order they go out; a name may come more than once. `accept-encoding` is added when absent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A string is sent as UTF-8. `content-length` follows from it. */
  readonly body?: string | Buffer;
  /** Ends the exchange after so many milliseconds, whatever it is waiting for: the one clock. Two minutes when absent. */
  readonly timeoutMs?: number;
  /** Ends the exchange when the caller no longer wants it. */
  readonly signal?: AbortSignal;
  /** The same, without the cost of a signal, and with an answer to whether anything was sent. */
  readonly cancellation?: Cancellation;
  /** Cap on the response's body in bytes, both as received and decompressed; at least 1. */
  readonly maxBytes: number;
  /** Who calls: decides the policy, and requests of different organizations never share a connection. */
  readonly orgId: string;
  /** Shown to the server when connecting. Connections made with one serve requests with the same one only. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

export interface EgressClientOptions extends Partial<PoolLimits> {
  /** Origins whose connections are kept, 512; the one unused for longest makes room, once its requests are done. */
  readonly maxOrigins?: number;
  /** Longest wait for a connection, DNS and TLS included, in milliseconds: 5000. */
  readonly connectTimeoutMs?: number;
  /** Name servers as `address` or `address:port`; the system's when absent. */
  readonly dnsServers?: readonly string[];
  /** Longest wait for the addresses of a name, in milliseconds: 2000. */
  readonly dnsTimeoutMs?: number;
  /** Resolves names in place of {@link HostResolver}; what it answers is judged all the same. */
  readonly resolve?: ResolveHost;
  /** A proxy that every connection goes through; none of the environment's is used. */
  readonly proxy?: Proxy | undefined;
  /** PEM certificates to trust in place of the system's roots: a private authority, or a test's. */
  readonly ca?: string | readonly string[];
}

const LONGEST_EXCHANGE_MS = 120_000;
const LONGEST_HEADER_SENT = 16_384;
const methods: ReadonlySet<string> = new Set(egressMethods);

/**
 * The one way out of the house. Every request to somebody else's API goes through one of these, and none reaches an
 * address its policy does not allow: whatever the host is spelled as, whatever DNS says the second time, wherever a
 * redirect points. Redirects are results, proxies of the environment are not used, TLS is 1.2 or later and verified.
 */
export class EgressClient {
  private readonly gate = new TargetMemory();
  private readonly limits: PoolLimits;
  private readonly maxOrigins: number;
  private readonly wiring: ConnectorWiring;
  private readonly pools = new Map<string, { readonly pool: OriginPool; lastUse: number }>();
  private uses = 0;
  private closed = false;

  constructor(
    private readonly policies: EgressPolicies,
    options: EgressClientOptions = {},
  ) {
    this.limits = {
      connections: options.connections ?? 64,
      waiting: options.waiting ?? 256,
      keepAliveMs: options.keepAliveMs ?? 15_000,
      connectionTtlMs: options.connectionTtlMs ?? 300_000,
    };
    this.maxOrigins = options.maxOrigins ?? 512;
    const dns = new HostResolver({ servers: options.dnsServers, timeoutMs: options.dnsTimeoutMs });
    this.wiring = {
      resolve: options.resolve ?? ((hostname) => dns.resolve(hostname)),
      ca: options.ca,
      proxy: options.proxy,
      connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    };
  }

  /** Whether a URL passes an organization's parse gate: what can be told without resolving its name. */
  check(url: string | URL, orgId: string): TargetCheck {
    return this.gate.find(url, this.policies.of(orgId)).target;
  }

  /** Sends one request, once. Never throws or rejects: what goes wrong is a result. */
  send(request: EgressRequest): Promise<EgressResult> {
    const { orgId, signal, cancellation, maxBytes, timeoutMs = LONGEST_EXCHANGE_MS } = request;
    const policy = this.policies.of(orgId);
    if (this.closed) return failed('closed', 'the egress client is closed');
    const found = this.gate.find(request.url, policy);
    if (!found.target.ok) return failed('refused', found.target.reason, found.target.message);
    const wire = toWire(request);
    if (typeof wire === 'string') return failed('invalid_request', wire, `${wire}.`);
    if (cancellation?.isCancelled) return failed('cancelled', 'before it was begun');
    if (signal?.aborted) return failed(abortReason(signal), 'before it was begun');
    const { clientCertificate } = request;
    if (clientCertificate && found.target.url.protocol !== 'https:') {
      return failed('invalid_request', 'A client certificate can be shown over https only');
    }
    const pool = this.poolOf(found.target, policy, orgId, clientCertificate);
    return pool.send(found.path, wire, { timeoutMs, signal, cancellation, maxBytes });
  }

  /** How many origins have a pool, and how many requests are under way: for gauges. */
  stats(): { readonly origins: number; readonly inFlight: number } {
    const inFlight = [...this.pools.values()].reduce((sum, { pool }) => sum + pool.inFlight, 0);
    return { origins: this.pools.size, inFlight };
  }

  /**
   * Refuses new requests, lets those under way finish, then closes every connection. Connections still being opened
   * are waited for, no longer than the connect timeout.
   */
  async close(): Promise<void> {
    this.closed = true;
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map(({ pool }) => pool.close()));
  }

  /**
   * One pool per policy, organization, origin and client certificate: a connection opened under one policy, or in
   * somebody's name, is never used under or for another.
   */
  private poolOf(
    target: Target,
    policy: EgressPolicy,
    orgId: string,
    clientCertificate: ClientCertificate | undefined,
  ): OriginPool {
    const key = `${policy.version} ${target.origin} ${orgId}`.concat(
      clientCertificate ? ` ${clientCertificate.fingerprint}` : '',
    );
    let entry = this.pools.get(key);
    if (!entry) {
      const wiring = clientCertificate ? { ...this.wiring, clientCertificate } : this.wiring;
      entry = { pool: new OriginPool(target, policy, this.limits, wiring), lastUse: 0 };
      this.pools.set(key, entry);
      if (this.pools.size > this.maxOrigins) this.evictStalest(key);
    }
    entry.lastUse = ++this.uses;
    return entry.pool;
  }

  private evictStalest(newest: string): void {
    let stalest = newest;
    let lastUse = Infinity;
    for (const [key, entry] of this.pools) {
      if (key !== newest && entry.lastUse < lastUse) [stalest, lastUse] = [key, entry.lastUse];
    }
    void this.pools.get(stalest)?.pool.close();
    this.pools.delete(stalest);
  }
}

/** The request as it goes on the wire, or what is wrong with it. */
function toWire({ method, headers, body, maxBytes }: EgressRequest): WireRequest | string {
  if (!methods.has(method)) return `The method must be one of ${egressMethods.join(', ')}`;
  if (!(maxBytes >= 1)) return 'The cap maxBytes must be at least 1'; // NaN would be no cap at all
  const flat: string[] = [];
  let encodingsNamed = false;
  for (const [name, value] of headers) {
    const problem = forbiddenHeader(name);
    if (problem) return `The header \`${name}\` ${problem}`;
    if (!isHeaderValue(value, LONGEST_HEADER_SENT))
      return `The header \`${name}\` is too long or not plain ASCII`;
    if (name.length === 15 && name.toLowerCase() === 'accept-encoding') encodingsNamed = true;
    flat.push(name, value);
  }
  if (!encodingsNamed) flat.push('accept-encoding', ACCEPTED_ENCODINGS);
  return { method, headers: flat, body };
}

function failed(reason: EgressFailureReason, detail: string, message?: string): Promise<EgressResult> {
  return Promise.resolve(notSent(reason, detail, message));
}
