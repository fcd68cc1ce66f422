import { EgressClient } from '#egress/egress-client';
import { EgressPolicy, parseEgressAllow } from '#egress/egress-policy';
import type { EgressResult } from '#egress/egress-result';
import { trustedAuthorities } from '#egress/trusted-authorities';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { TokenRequest } from './token-request.js';

const TIMEOUT_MS = 8000;
const MOST_BYTES = 65_536;

/** Token endpoints, reached by the one way out and under the operator's policy, like every API. */
@Injectable()
export class TokenEndpoint implements OnApplicationShutdown {
  private readonly egress: EgressClient;

  constructor({ allow, caFile }: { allow: string; caFile: string | undefined }) {
    const policy = new EgressPolicy({ allow: parseEgressAllow(allow) });
    this.egress = new EgressClient(policy, { ca: trustedAuthorities(caFile), connections: 8 });
  }

  /** Why it may not be called, as far as can be told without resolving its name; undefined when it may. */
  refusal(url: string): string | undefined {
    const check = this.egress.check(url);
    return check.ok ? undefined : check.message;
  }

  /** Sends once. Never throws; a redirect is an answer. */
  ask(orgId: string, url: string, { headers, body }: TokenRequest): Promise<EgressResult> {
    const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MOST_BYTES };
    return this.egress.send({ method: 'POST', url, headers, body, partition: orgId, ...limits });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}
