import { Counter, Gauge, Histogram, registry } from '#telemetry/metrics';

export const recordsTotal = new Counter({
  name: 'patchbay_audit_records_total',
  help: 'Execution records received: `stored`, `duplicate`, `unfinished` (no final record), or `refused` by the database',
  labelNames: ['result'],
  registers: [registry],
});

export const newestRecord = new Gauge({
  name: 'patchbay_audit_newest_record_timestamp_seconds',
  help: 'When the newest execution stored by this process ended, Unix time',
  registers: [registry],
});

export const lagSeconds = new Histogram({
  name: 'patchbay_audit_lag_seconds',
  help: 'From the end of the newest execution of a message until its record was stored',
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43_200],
  registers: [registry],
});

export const purgedTotal = new Counter({
  name: 'patchbay_audit_records_purged_total',
  help: 'Execution records deleted because they were older than AUDIT_RETENTION_DAYS',
  registers: [registry],
});
