import { Counter, durationBuckets, Gauge, Histogram, registry } from '#telemetry/metrics';

export const requestsTotal = new Counter({
  name: 'patchbay_http_requests_total',
  help: 'REST requests, by route template, method and class of status; `aborted` when the client left first',
  labelNames: ['route', 'method', 'status'],
  registers: [registry],
});

export const requestSeconds = new Histogram({
  name: 'patchbay_http_request_duration_seconds',
  help: 'How long REST requests took, seconds',
  labelNames: ['route', 'method'],
  buckets: durationBuckets,
  registers: [registry],
});

export const inFlight = new Gauge({
  name: 'patchbay_http_requests_in_flight',
  help: 'REST requests being handled by this process',
  registers: [registry],
});
