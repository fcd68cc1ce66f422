import { Counter, durationBuckets, Gauge, Histogram, registry } from '#telemetry/metrics';

const registers = [registry];

export const executionsTotal = new Counter({
  name: 'patchbay_executions_total',
  help: 'Executions that reached their end, by status and error code (`none` when there is none)',
  labelNames: ['status', 'code'],
  registers,
});

export const executionSeconds = new Histogram({
  name: 'patchbay_execution_duration_seconds',
  help: 'From the arrival of an execution to its reply, by status',
  labelNames: ['status'],
  buckets: durationBuckets,
  registers,
});

export const upstreamSeconds = new Histogram({
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
