import { invalidRequest } from '#contracts/validate';
import type { EgressClient } from '#egress/egress-client';
import { openEgress } from '#egress/open-egress';
import { IMPORT_LIMITS } from '#toolcall/import/imported';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayConfig } from '../config.js';
import { success } from '../http-status.js';

const LONGEST_FETCH_MS = 10_000;
const headers = [['accept', 'application/json, application/yaml, text/plain, */*;q=0.5']] as const;

/** Fetches documents that are to be imported, by the same way out and under the same policy as a tool's requests. */
@Injectable()
export class SourceFetcher implements OnApplicationShutdown {
  private readonly egress: EgressClient;

  constructor(config: GatewayConfig) {
    this.egress = openEgress(config);
  }

  /** The document as text. @throws ServiceError `invalid_request` about `/url` */
  async fetch(orgId: string, url: string): Promise<string> {
    const result = await this.egress.send({
      orgId,
      method: 'GET',
      url,
      headers,
      timeoutMs: LONGEST_FETCH_MS,
      maxBytes: IMPORT_LIMITS.bytes,
    });
    if (result.kind === 'failure') throw refuse('unreachable', result.message);
    if (result.status !== success.ok) {
      const isRedirect = result.status >= 300 && result.status < 400;
      const hint = isRedirect ? '; redirects are not followed: give the address it leads to' : '';
      throw refuse('not_found', `must be a document’s address; it was answered ${result.status}${hint}`);
    }
    return result.body.toString();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.egress.close();
  }
}

function refuse(code: string, message: string) {
  return invalidRequest([{ pointer: '/url', code, message }]);
}
