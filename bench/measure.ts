/** What a process has used so far. */
export interface Usage {
  readonly cpuUs: number;
  readonly rssBytes: number;
}

/** One way of having the API called. */
export interface Contestant {
  readonly name: string;
  /** One operation; rejects when it did not do what it should. */
  readonly run: () => Promise<void>;
  /** Of the process whose work is being measured. */
  readonly usage: () => Promise<Usage>;
}

/** One contestant at one concurrency, once. */
export interface Sample {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerOp: number;
  readonly rssMb: number;
}

/** Keeps so many operations under way for so long: a closed loop. */
export async function measure(
  contestant: Contestant,
  concurrency: number,
  durationMs: number,
): Promise<Sample> {
  const latencies: number[] = [];
  const before = await contestant.usage();
  const startedAt = performance.now();
  const endAt = startedAt + durationMs;
  const worker = async () => {
    for (let now = performance.now(); now < endAt;) {
      await contestant.run();
      const done = performance.now();
      latencies.push(done - now);
      now = done;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsedMs = performance.now() - startedAt;
  const after = await contestant.usage();
  latencies.sort((a, b) => a - b);
  return {
    rps: latencies.length / (elapsedMs / 1000),
    p50Ms: percentile(latencies, 0.5),
    p95Ms: percentile(latencies, 0.95),
    p99Ms: percentile(latencies, 0.99),
    cpuUsPerOp: (after.cpuUs - before.cpuUs) / latencies.length,
    rssMb: after.rssBytes / 1_048_576,
  };
}

/** The nearest rank. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
