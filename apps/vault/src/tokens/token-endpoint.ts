import type { EgressClient } from '#egress/egress-client';
import type { EgressResult } from '#egress/egress-result';
import { openEgress, type EgressSettings } from '#egress/open-egress';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { TokenRequest } from './token-request.js';

const TIMEOUT_MS = 8000;
const MOST_BYTES = 65_536;

/** Token endpoints, reached by the one way out and under the operator's policy, like every API. */
@Injectable()
export class TokenEndpoint implements OnApplicationShutdown {
  private readonly egress: EgressClient;

  constructor(settings: EgressSettings) {
    this.egress = openEgress(settings, { connections: 8 });
  }

  /** Why an organization may not call it, as far as can be told without resolving its name; undefined when it may. */
  refusal(orgId: string, url: string): string | undefined {
    const check = this.egress.check(url, orgId);
    return check.ok ? undefined : check.message;
  }

  /** Sends once. Never throws; a redirect is an answer. */
  ask(orgId: string, url: string, { headers, body }: TokenRequest): Promise<EgressResult> {
    const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MOST_BYTES };
    return this.egress.send({ orgId, method: 'POST', url, headers, body, ...limits });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}
