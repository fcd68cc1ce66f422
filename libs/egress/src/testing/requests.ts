import { EgressClient, type EgressClientOptions, type EgressRequest } from '../egress-client.js';
import { EgressPolicy, parseEgressAllow } from '../egress-policy.js';

/** The policy of an operator who wrote this into `EGRESS_ALLOW`. */
export function allowing(allow: string): EgressPolicy {
  return new EgressPolicy({ allow: parseEgressAllow(allow) });
}

export function clientAllowing(allow: string, options?: EgressClientOptions): EgressClient {
  return new EgressClient(allowing(allow), options);
}

/** A GET with room to succeed: 10 s and 100,000 bytes, unless said otherwise. */
export function get(url: string, rest: Partial<EgressRequest> = {}): EgressRequest {
  return { method: 'GET', url, headers: [], signal: AbortSignal.timeout(10_000), maxBytes: 100_000, ...rest };
}

export function post(url: string, body: string, rest: Partial<EgressRequest> = {}): EgressRequest {
  return get(url, { method: 'POST', body, headers: [['content-type', 'text/plain']], ...rest });
}
