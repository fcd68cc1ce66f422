import { Counter, durationBuckets, Gauge, Histogram, registry } from '#telemetry/metrics';

const registers = [registry];

const executionsTotal = new Counter({
  name: 'patchbay_executions_total',
  help: 'Executions that reached their end, by status and error code (`none` when there is none)',
  labelNames: ['status', 'code'],
  registers,
});

const executionSeconds = new Histogram({
  name: 'patchbay_execution_duration_seconds',
  help: 'From the arrival of an execution to its reply, by status',
  labelNames: ['status'],
  buckets: durationBuckets,
  registers,
});

const upstreamSeconds = new Histogram({
  name: 'patchbay_upstream_duration_seconds',
  help: 'HTTP attempts, by status class (`2xx`) or reason of failure',
  labelNames: ['result'],
  buckets: durationBuckets,
  registers,
});

export const breakerState = new Counter({
  name: 'patchbay_breaker_transitions_total',
  help: 'Circuit breakers opened and closed',
  labelNames: ['state'],
  registers,
});

export const recordsPending = new Gauge({
  name: 'patchbay_records_pending',
  help: 'Final records of executions in memory, on their way to the outbox',
  registers,
});

export const recordsDropped = new Counter({
  name: 'patchbay_records_dropped_total',
  help: 'Records of reads given up because the database was away for too long',
  registers,
});

export const outboxPublished = new Counter({
  name: 'patchbay_outbox_published_total',
  help: 'Outbox rows handed to JetStream, by `direct` or `swept` (left behind, by us or another)',
  labelNames: ['way'],
  registers,
});

const callStateTotal = new Counter({
  name: 'patchbay_call_state_total',
  help: 'Variables of calls: `read`, `unreadable`, `kept`, `not_kept`, `skipped` (just after a failure), `trimmed` (too many)',
  labelNames: ['result'],
  registers,
});

/** Each set of labels is looked up once: prom-client sorts and hashes them every time. */
class Labelled<Child> {
  private readonly children = new Map<string, Child>();

  constructor(private readonly make: (labels: string[]) => Child) {}

  for(first: string, second = ''): Child {
    const key = `${first} ${second}`;
    let child = this.children.get(key);
    if (!child) this.children.set(key, (child = this.make(second === '' ? [first] : [first, second])));
    return child;
  }
}

const executionCounts = new Labelled((labels) => executionsTotal.labels(...labels));
const executionDurations = new Labelled((labels) => executionSeconds.labels(...labels));
const upstreamDurations = new Labelled((labels) => upstreamSeconds.labels(...labels));

export function noteExecution(status: string, code: string | undefined, totalMs: number): void {
  executionCounts.for(status, code ?? 'none').inc();
  executionDurations.for(status).observe(totalMs / 1000);
}

export function noteAttempt(result: string, totalMs: number): void {
  upstreamDurations.for(result).observe(totalMs / 1000);
}

export function noteCallState(
  result: 'read' | 'unreadable' | 'kept' | 'not_kept' | 'skipped' | 'trimmed',
): void {
  callStateTotal.inc({ result });
}
