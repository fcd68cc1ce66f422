import CircuitBreaker from 'opossum';
import { EventEmitter } from 'node:events';
import { breakerState } from '../executor.metrics.js';

/** Thrown inside a breaker to have an attempt counted as a failure of the upstream; carries what it came to. */
class CountedFailure<Result> extends Error {
  constructor(readonly result: Result) {
    super('counted');
  }
}

type Attempt<Result> = () => Promise<Result>;
type Breaker = CircuitBreaker<[Attempt<unknown>]>;

export type Guarded<Result> = { readonly kind: 'ran'; readonly result: Result } | { readonly kind: 'open' };

const MOST_BREAKERS = 2000;
const BUCKET_MS = 1000;

/**
 * A circuit breaker per organization and origin: one tenant's trouble with an API is not another's. Ten calls
 * within ten seconds, more than half of them failed, open it; after five seconds one call tries.
 */
export class BreakerRegistry {
  private readonly breakers = new Map<string, Breaker>();
  private readonly rotation = new EventEmitter().setMaxListeners(0);
  private readonly timer = setInterval(() => this.rotation.emit('rotate'), BUCKET_MS).unref();

  /**
   * Runs an attempt unless the circuit is open. `isFailure` says which results count against the upstream; any other,
   * a 404 or a 429 say, shows that it works.
   */
  async run<Result>(
    key: string,
    attempt: Attempt<Result>,
    isFailure: (result: Result) => boolean,
  ): Promise<Guarded<Result>> {
    const breaker = this.breakerFor(key);
    if (breaker.opened && !breaker.pendingClose) return { kind: 'open' };
    try {
      const result = await breaker.fire(async () => {
        const outcome = await attempt();
        if (isFailure(outcome)) throw new CountedFailure(outcome);
        return outcome;
      });
      return { kind: 'ran', result: result as Result };
    } catch (error) {
      if (error instanceof CountedFailure) return { kind: 'ran', result: error.result as Result };
      if (CircuitBreaker.isOurError(error as Error)) return { kind: 'open' };
      throw error;
    }
  }

  /** How many circuits are open now. */
  get open(): number {
    return [...this.breakers.values()].filter((breaker) => breaker.opened).length;
  }

  close(): void {
    clearInterval(this.timer);
    for (const breaker of this.breakers.values()) breaker.shutdown();
    this.breakers.clear();
  }

  private breakerFor(key: string): Breaker {
    const known = this.breakers.get(key);
    if (known) return known;
    if (this.breakers.size >= MOST_BREAKERS) this.evictOldest();
    const breaker: Breaker = new CircuitBreaker((attempt: Attempt<unknown>) => attempt(), {
      timeout: false, // the caller's AbortSignal is the one clock; opossum's would free its place while work goes on
      volumeThreshold: 10, // with 0, a first failure opens the circuit
      errorThresholdPercentage: 50,
      resetTimeout: 5000,
      rollingCountTimeout: 10_000,
      rollingCountBuckets: 10,
      rollingPercentilesEnabled: false,
      enableSnapshots: false, // with the shared rotation: no timers per breaker
      rotateBucketController: this.rotation,
    });
    breaker.on('open', () => breakerState.inc({ state: 'opened' }));
    breaker.on('close', () => breakerState.inc({ state: 'closed' }));
    this.breakers.set(key, breaker);
    return breaker;
  }

  /** The one made first; a breaker evicted too early only has to learn anew. */
  private evictOldest(): void {
    const [oldest] = this.breakers;
    if (!oldest) return;
    oldest[1].shutdown(); // or its listener on the rotation would keep it
    this.breakers.delete(oldest[0]);
  }
}
