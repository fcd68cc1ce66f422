import { EgressClient, type EgressClientOptions, type EgressRequest } from '../egress-client.js';
import { EgressPolicies } from '../egress-policies.js';
import { parseEgressAllow } from '../policy-entries.js';

/** The policies of an operator who wrote this into `EGRESS_ALLOW`. */
export function allowing(allow: string): EgressPolicies {
  return new EgressPolicies({ allow: parseEgressAllow(allow) });
}

export function clientAllowing(allow: string, options?: EgressClientOptions): EgressClient {
  return new EgressClient(allowing(allow), options);
}

/** A GET with room to succeed: 10 s and 100,000 bytes, unless said otherwise. */
export function get(url: string, rest: Partial<EgressRequest> = {}): EgressRequest {
  const signal = AbortSignal.timeout(10_000);
  return { orgId: 'org', method: 'GET', url, headers: [], signal, maxBytes: 100_000, ...rest };
}

export function post(url: string, body: string, rest: Partial<EgressRequest> = {}): EgressRequest {
  return get(url, { method: 'POST', body, headers: [['content-type', 'text/plain']], ...rest });
}
