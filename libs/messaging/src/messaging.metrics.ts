import { Counter, Gauge, registry } from '#telemetry/metrics';

/** Counted by whoever handles them, read at each scrape. */
export const load = { requests: 0 };

new Gauge({
  name: 'patchbay_bus_requests_in_flight',
  help: 'Bus requests being handled by this process',
  registers: [registry],
  collect() {
    this.set(load.requests);
  },
});

export const requestsTotal = new Counter({
  name: 'patchbay_bus_requests_total',
  help: 'Bus requests answered, by subject and by `ok` or the error code',
  labelNames: ['subject', 'code'],
  registers: [registry],
});
