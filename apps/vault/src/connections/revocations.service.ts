import { ServiceError } from '#contracts/errors';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { HealthNews } from '../tokens/health-news.service.js';
import { openToken } from '../tokens/stored-tokens.js';
import { TokenEndpoint } from '../tokens/token-endpoint.js';
import { revocationRequestOf } from '../tokens/token-request.js';
import { TokenStore } from '../tokens/token-store.service.js';
import type { TokenEntity } from '../tokens/token.entity.js';
import {
  AccountCredentials,
  type AccountBuyer,
  type AccountCredential,
} from './account-credentials.service.js';

const revocationsTotal = new Counter({
  name: 'patchbay_vault_revocations_total',
  help: 'Requests to revocation endpoints, by `ok` or `failed`',
  labelNames: ['result'],
  registers: [registry],
});

export interface Forgotten {
  readonly rows: readonly TokenEntity[];
  /** Tells whoever listens, and the server. To be called once the transaction is committed; returns at once. */
  tell(): void;
}

/** Accounts that are no longer connected: forgotten here at once, and the server told so, if it has a place for it. */
@Injectable()
export class Revocations {
  private readonly log = new Logger('Revocations');

  constructor(
    @Inject(TokenStore) private readonly tokens: TokenStore,
    @Inject(AccountCredentials) private readonly credentials: AccountCredentials,
    @Inject(TokenEndpoint) private readonly endpoint: TokenEndpoint,
    @Inject(HealthNews) private readonly news: HealthNews,
  ) {}

  /** All accounts of the credential, or that of one end user. */
  async forget(
    transaction: EntityManager,
    credential: AccountCredential,
    endUser?: string,
  ): Promise<Forgotten> {
    const { orgId, id, content } = credential;
    const rows = await this.tokens.forget(transaction, {
      orgId,
      id,
      ...(endUser !== undefined && { endUser }),
    });
    const tellOthers = () => {
      for (const row of rows) this.news.tell({ orgId, id, endUser: row.endUser }, row.state, 'not_connected');
    };
    const { revocationUrl: url } = content;
    if (rows.length === 0 || url === undefined) return { rows, tell: tellOthers };
    const buyer = await this.credentials.open(transaction, credential, '').catch((error: unknown) => {
      if (error instanceof ServiceError) return undefined; // on record; it is forgotten all the same
      throw error;
    });
    const tell = () => {
      tellOthers();
      if (buyer) void this.revoke(buyer, url, rows);
    };
    return { rows, tell };
  }

  /** One after the other, once each: a server that cannot be told keeps what it has until that ends. */
  private async revoke(buyer: AccountBuyer, url: string, rows: readonly TokenEntity[]): Promise<void> {
    for (const row of rows) {
      const owner = { ...buyer, endUser: row.endUser };
      const refresh = openToken('refresh', owner, row);
      const token = refresh ?? openToken('access', owner, row);
      if (token === undefined) continue;
      const kind = refresh === undefined ? 'access_token' : 'refresh_token';
      const result = await this.endpoint.ask(
        buyer.orgId,
        url,
        revocationRequestOf(buyer.secret, token, kind),
      );
      const isOk = result.kind === 'response' && result.status === 200;
      revocationsTotal.inc({ result: isOk ? 'ok' : 'failed' });
      if (isOk) continue;
      const said =
        result.kind === 'response' ? `answered ${result.status}` : `gave no answer: ${result.message}`;
      this.log.warn(`An account of credential ${buyer.id} was not revoked: the server ${said}`);
    }
  }
}
