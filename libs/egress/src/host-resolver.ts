import type { RecordWithTtl } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** Finds the addresses of a host name. Rejects, or resolves with an empty list, when it has none. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

interface Answer {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

interface CacheEntry {
  readonly addresses: Promise<readonly string[]>;
  /** On the clock of `performance.now()`; infinite while the answer is awaited, so that a burst asks once. */
  freshUntilMs: number;
}

/** A query is asked twice at most, so that one lost datagram does not cost the whole wait. Milliseconds. */
const QUERY = { timeout: 600, tries: 2 };
/** How long the other family is waited for once one has answered: some name servers never answer AAAA. */
const OTHER_FAMILY_MS = 150;
const LONGEST_TTL_MS = 30_000;
const MOST_NAMES = 2000;

/**
 * Resolves names over DNS itself (c-ares), never through `getaddrinfo`: that one occupies a thread of libuv's pool for
 * as long as a name server dawdles, and four such names would stall every file and cipher of the process. The price:
 * `/etc/hosts`, nsswitch and search domains do not count. `localhost` is answered here, as RFC 6761 wants.
 *
 * A and AAAA are asked together and returned together, IPv4 first. Answers are kept for their TTL, 30 s at most;
 * failures are not kept.
 */
export class HostResolver {
  private readonly dns = new Resolver(QUERY);
  private readonly cache = new Map<string, CacheEntry>();
  private readonly timeoutMs: number;

  /**
   * @param options.servers name servers as `address` or `address:port`; the system's when absent.
   * @param options.timeoutMs longest wait for one name, in milliseconds; 2000 when absent.
   */
  constructor(options: { servers?: readonly string[]; timeoutMs?: number } = {}) {
    if (options.servers) this.dns.setServers(options.servers);
    this.timeoutMs = options.timeoutMs ?? 2000;
  }

  /** @throws Error whose message is the DNS code (`ENOTFOUND`, `ESERVFAIL`, …) or `ETIMEOUT`. */
  resolve(hostname: string): Promise<readonly string[]> {
    if (/(^|\.)localhost$/.test(hostname)) return Promise.resolve(['127.0.0.1', '::1']);
    const known = this.cache.get(hostname);
    if (known && performance.now() < known.freshUntilMs) return known.addresses;
    return this.ask(hostname);
  }

  private ask(hostname: string): Promise<readonly string[]> {
    const answer = withTimeout(this.query(hostname), this.timeoutMs);
    const entry: CacheEntry = { addresses: answer.then((one) => one.addresses), freshUntilMs: Infinity };
    this.cache.delete(hostname); // and in again at the end: the first of the map is the oldest
    this.cache.set(hostname, entry);
    answer.then(
      ({ ttlMs }) => (entry.freshUntilMs = performance.now() + ttlMs),
      () => this.cache.get(hostname) === entry && this.cache.delete(hostname),
    );
    if (this.cache.size > MOST_NAMES) this.cache.delete(this.cache.keys().next().value ?? '');
    return entry.addresses;
  }

  private async query(hostname: string): Promise<Answer> {
    const found: RecordWithTtl[][] = [[], []];
    const queries = [
      this.dns.resolve4(hostname, { ttl: true }).then((records) => (found[0] = records)),
      this.dns.resolve6(hostname, { ttl: true }).then((records) => (found[1] = records)),
    ];
    const all = Promise.allSettled(queries);
    await Promise.any(queries).catch(() => undefined);
    await Promise.race([all, wait(OTHER_FAMILY_MS, undefined, { ref: false })]);
    const records = found.flat();
    if (records.length === 0) throw new Error(failureCode(await all));
    const ttlMs = Math.min(LONGEST_TTL_MS, ...records.map(({ ttl }) => ttl * 1000));
    return { addresses: records.map(({ address }) => address), ttlMs };
  }
}

/** The code that says most: "no AAAA record" is no news when the A query went unanswered. */
function failureCode(results: readonly PromiseSettledResult<unknown>[]): string {
  const codes = results.map((one) =>
    one.status === 'rejected' ? (one.reason as { code?: string }).code : undefined,
  );
  return codes.find((code) => code !== undefined && code !== 'ENODATA') ?? 'ENODATA';
}

function withTimeout<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('ETIMEOUT')), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
