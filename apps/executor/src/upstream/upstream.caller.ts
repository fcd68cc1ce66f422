import type { Cancellation } from '#egress/cancellation';
import type { ClientCertificate } from '#egress/client-certificate';
import type { EgressClient } from '#egress/egress-client';
import type { EgressResult } from '#egress/egress-result';
import { openEgress } from '#egress/open-egress';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ExecutorConfig } from '../config.js';
import { noteAttempt } from '../executor.metrics.js';
import { BreakerRegistry } from './breaker.registry.js';
import type { WireRequest } from './wire-request.js';

export interface UpstreamCall {
  readonly orgId: string;
  readonly origin: string;
  readonly request: WireRequest;
  /** Shown when connecting; connections made with it serve no other request. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Most the attempt may take, milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** The caller's change of mind. */
  readonly cancellation: Cancellation;
}

export type UpstreamResult = EgressResult | { readonly kind: 'breaker_open' };

const BREAKER_OPEN: UpstreamResult = { kind: 'breaker_open' };
/**
 * What says that the upstream, and not the request, has a problem. A name that leads to an address we do not call is no
 * different from one that leads nowhere: whoever counts what it takes to open a breaker learns nothing of our network.
 */
const FAILURES = new Set(['refused', 'dns', 'connect', 'proxy', 'tls', 'timeout', 'reset', 'bad_response']);

/** Sends a request to the customer's API, through the organization's breaker and the egress guard. Never throws. */
@Injectable()
export class UpstreamCaller implements OnApplicationShutdown {
  private readonly egress: EgressClient;
  private readonly breakers = new BreakerRegistry();

  constructor(@Inject(ExecutorConfig) config: ExecutorConfig) {
    this.egress = openEgress(config);
  }

  /** Why an organization may not call this destination, as far as can be told without resolving its name. */
  refusal(orgId: string, origin: string): string | undefined {
    const check = this.egress.check(`${origin}/`, orgId);
    return check.ok ? undefined : check.message;
  }

  async call({
    orgId,
    origin,
    request,
    clientCertificate,
    timeoutMs,
    maxBytes,
    cancellation,
  }: UpstreamCall): Promise<UpstreamResult> {
    const attempt = () =>
      this.egress.send({
        ...request,
        orgId,
        clientCertificate,
        timeoutMs,
        maxBytes,
        cancellation,
      });
    const guarded = await this.breakers.run(`${orgId} ${origin}`, attempt, isFailure);
    if (guarded.kind === 'open') return BREAKER_OPEN;
    const { result } = guarded;
    noteAttempt(labelOf(result), result.timings.totalMs);
    return result;
  }

  async onApplicationShutdown(): Promise<void> {
    this.breakers.close();
    await this.egress.close();
  }
}

function isFailure(result: EgressResult): boolean {
  return result.kind === 'response' ? result.status >= 500 : FAILURES.has(result.reason);
}

function labelOf(result: EgressResult): string {
  return result.kind === 'response' ? `${Math.floor(result.status / 100)}xx` : result.reason;
}
