import { ServiceError } from '#contracts/errors';
import type { Deadline } from '#messaging/deadline';
import { settleBy } from './settle-by.js';

export interface CacheRules {
  /** An entry younger than this is used as it is. */
  readonly freshMs: number;
  /** An older one is used while it is being renewed, or cannot be; never one older than this. */
  readonly usableMs: number;
  /** How long a caller waits for a renewal before it takes the old entry; 0 renews behind its back. */
  readonly patienceMs: number;
  /** How long one fetch may take. */
  readonly fetchMs: number;
  /** The entry unused for longest makes room. */
  readonly maxEntries: number;
}

interface Entry<Value> {
  readonly value: Value;
  /** The rule's, or less where the value itself lasts less. */
  readonly usableMs: number;
  fetchedAt: number;
  /** No renewal is begun before: a service that does not answer is not asked by every call. */
  renewAfter: number;
  usedAt: number;
}

const RENEWAL_PAUSE_MS = 1000;
/** What the other service could not do, as opposed to what it said. */
const OUTAGES = new Set(['service_unavailable', 'deadline_exceeded', 'overloaded', 'internal']);

/**
 * Keeps what other services know, for a bounded time. One fetch at a time for a key, however many ask. While the other
 * service is down what is usable is used; what it says (`not found`, say) is believed at once.
 */
export class RefreshingCache<Value> {
  private readonly entries = new Map<string, Entry<Value>>();
  private readonly fetching = new Map<string, Promise<Value>>();
  private generation = 0;
  private uses = 0;

  constructor(
    private readonly rules: CacheRules,
    /** How long a value may be used, where that may be less than the rules say. */
    private readonly lifetimeOf: (value: Value) => number | undefined = () => undefined,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The entry while it is fresh; without it, ask {@link get}. Costs no promise. */
  fresh(key: string): Value | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    const age = this.now() - entry.fetchedAt;
    if (age >= this.rules.freshMs || age >= entry.usableMs) return undefined;
    entry.usedAt = ++this.uses;
    return entry.value;
  }

  /** @throws ServiceError what the fetch threw, or `deadline_exceeded` when it takes longer than the caller has */
  async get(key: string, fetch: (timeoutMs: number) => Promise<Value>, deadline: Deadline): Promise<Value> {
    const entry = this.entries.get(key);
    const age = entry ? this.now() - entry.fetchedAt : Infinity;
    if (!entry || age >= entry.usableMs) {
      return settleBy(this.fetchOnce(key, fetch), deadline.remainingMs(), () => tooLate());
    }
    entry.usedAt = ++this.uses;
    if (age < this.rules.freshMs || this.now() < entry.renewAfter) return entry.value;
    return this.renew(key, entry, fetch, deadline);
  }

  /** Forgets the entries whose key satisfies the test; what is being fetched for them is not kept either. */
  drop(test: (key: string) => boolean): void {
    this.generation += 1;
    for (const key of this.entries.keys()) if (test(key)) this.entries.delete(key);
    for (const key of this.fetching.keys()) if (test(key)) this.fetching.delete(key);
  }

  /** Has every entry renewed before its next use, if it can be: changes may have been missed. */
  distrust(): void {
    for (const entry of this.entries.values()) {
      entry.fetchedAt = Math.min(entry.fetchedAt, this.now() - this.rules.freshMs);
      entry.renewAfter = 0;
    }
  }

  private async renew(
    key: string,
    entry: Entry<Value>,
    fetch: (timeoutMs: number) => Promise<Value>,
    deadline: Deadline,
  ): Promise<Value> {
    entry.renewAfter = this.now() + RENEWAL_PAUSE_MS;
    const renewal = this.fetchOnce(key, fetch).catch((error: unknown) => {
      if (isOutage(error)) return entry.value;
      throw error;
    });
    const patience = Math.min(this.rules.patienceMs, deadline.remainingMs());
    if (patience <= 0) {
      renewal.catch(() => undefined); // the entry is gone; the next caller hears why
      return entry.value;
    }
    return settleBy(renewal, patience, () => entry.value);
  }

  private fetchOnce(key: string, fetch: (timeoutMs: number) => Promise<Value>): Promise<Value> {
    const underWay = this.fetching.get(key);
    if (underWay) return underWay;
    const { generation } = this;
    const fetched = fetch(this.rules.fetchMs).then(
      (value) => {
        // A change that was announced meanwhile may not be in what was fetched.
        if (generation === this.generation) this.store(key, value);
        return value;
      },
      (error: unknown) => {
        if (!isOutage(error)) this.entries.delete(key);
        throw error;
      },
    );
    this.fetching.set(key, fetched);
    const done = () => {
      if (this.fetching.get(key) === fetched) this.fetching.delete(key);
    };
    fetched.then(done, done);
    return fetched;
  }

  private store(key: string, value: Value): void {
    const usableMs = Math.min(this.rules.usableMs, this.lifetimeOf(value) ?? Infinity);
    this.entries.set(key, { value, usableMs, fetchedAt: this.now(), renewAfter: 0, usedAt: ++this.uses });
    if (this.entries.size > this.rules.maxEntries) this.evictStalest();
  }

  private evictStalest(): void {
    let stalest: string | undefined;
    let usedAt = Infinity;
    for (const [key, entry] of this.entries) {
      if (entry.usedAt < usedAt) [stalest, usedAt] = [key, entry.usedAt];
    }
    if (stalest !== undefined) this.entries.delete(stalest);
  }
}

function isOutage(error: unknown): boolean {
  return !(error instanceof ServiceError) || OUTAGES.has(error.code);
}

function tooLate(): never {
  throw new ServiceError('deadline_exceeded', 'The definition or credential could not be fetched in time');
}
