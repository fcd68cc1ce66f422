import type { Platform } from '#devstack/platform';
import type { ServiceName } from '#devstack/service-environment';
import type { Usage } from './measure.js';

/** What a service has used so far, as its metrics say. */
export function usageOf(platform: Platform, service: ServiceName): () => Promise<Usage> {
  const port = /operations on port (\d+)/.exec(platform.service(service).announcement)?.[1] ?? '';
  return async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const value = (metric: string) => Number(new RegExp(`^${metric}\\S* (\\S+)`, 'm').exec(metrics)?.[1]);
    return {
      cpuUs: value('process_cpu_seconds_total') * 1e6,
      rssBytes: value('process_resident_memory_bytes'),
    };
  };
}
