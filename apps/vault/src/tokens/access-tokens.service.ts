import { ServiceError } from '#contracts/errors';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessLog, VAULT } from '../accesses/access-log.service.js';
import { HealthNews } from './health-news.service.js';
import { isForAccount, openToken, sealTokens, type TokenBuyer } from './stored-tokens.js';
import { TokenEndpoint } from './token-endpoint.js';
import type { TokenEntity } from './token.entity.js';
import { readTokenAnswer, tokenRequestOf, type ObtainedToken } from './token-request.js';
import { LEASE_SECONDS, TokenStore, type SealedTokens } from './token-store.service.js';
import { judgeToken, lifetimeOf, whyConnect } from './token-terms.js';

const requestsTotal = new Counter({
  name: 'patchbay_vault_token_requests_total',
  help: 'Requests to token endpoints, by `ok`, `refresh_failed` or `revoked`',
  labelNames: ['result'],
  registers: [registry],
});

export interface AccessToken {
  readonly token: string;
  readonly version: number;
  readonly lifetimeMs: number;
}

/** How long one waits for another vault to fetch a token; how often one looks. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;
/** What the server has given is kept if the database comes back within the lease. */
const SAVE_AGAIN_MS = 500;

/** Access tokens: fetched ahead of their end, by one vault at a time, and kept sealed. */
@Injectable()
export class AccessTokens {
  private readonly log = new Logger('AccessTokens');
  private readonly underWay = new Map<string, Promise<AccessToken>>();

  constructor(
    @Inject(TokenStore) private readonly store: TokenStore,
    @Inject(TokenEndpoint) private readonly endpoint: TokenEndpoint,
    @Inject(HealthNews) private readonly news: HealthNews,
    @Inject(AccessLog) private readonly accesses: AccessLog,
  ) {}

  /**
   * A token that is good now; a newer one than `refused`, unless one was just fetched for that reason.
   * @throws ServiceError `authorization_required` when somebody has to connect the account first, `credential_refused`,
   *   or `service_unavailable` when the token endpoint does not work
   */
  async get(buyer: TokenBuyer, refused?: number): Promise<AccessToken> {
    const stored = await this.find(buyer);
    const verdict = judgeToken(stored, buyer.version, refused, Date.now());
    const opened = verdict === 'replace' ? undefined : this.open(buyer, stored);
    const newerThan = stored?.version ?? 0;
    if (!opened) return this.obtainOnce(buyer, newerThan, refused !== undefined);
    if (verdict === 'use_and_renew') {
      this.obtainOnce(buyer, newerThan, false).catch(() => undefined); // on record; this one is still good
    }
    return opened;
  }

  private async find(buyer: TokenBuyer): Promise<TokenEntity | undefined> {
    const stored = await this.store.find(buyer);
    const why = isForAccount(buyer) ? whyConnect(stored, buyer.version, Date.now()) : undefined;
    if (why !== undefined) throw authorizationRequired(why);
    return stored;
  }

  /** One at a time in this process, however many ask. */
  private obtainOnce(buyer: TokenBuyer, newerThan: number, isForced: boolean): Promise<AccessToken> {
    const key = `${buyer.orgId} ${buyer.id} ${buyer.version} ${buyer.endUser}`;
    const underWay = this.underWay.get(key);
    if (underWay) return underWay;
    const obtained = this.obtain(buyer, newerThan, isForced).finally(() => this.underWay.delete(key));
    this.underWay.set(key, obtained);
    return obtained;
  }

  /** Fetches one, or waits for whoever is fetching it. */
  private async obtain(buyer: TokenBuyer, newerThan: number, isForced: boolean): Promise<AccessToken> {
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (;;) {
      const stored = await this.find(buyer);
      const version = stored?.version ?? 0;
      const opened = version > newerThan ? this.open(buyer, stored) : undefined;
      if (opened && opened.lifetimeMs > 0) return opened;
      if (
        stored?.retryAt &&
        stored.credentialVersion === buyer.version &&
        stored.retryAt.getTime() > Date.now()
      ) {
        throw unobtainable(buyer, stored.state, stored.lastError ?? 'It failed a moment ago');
      }
      const leaseId = randomUUID();
      if (await this.claim(buyer, stored, leaseId)) return this.fetch(buyer, stored, leaseId, isForced);
      if (Date.now() > giveUpAt)
        throw unobtainable(buyer, 'refresh_failed', 'Another vault is fetching it, for too long');
      await sleep(LOOK_EVERY_MS);
    }
  }

  private claim(buyer: TokenBuyer, stored: TokenEntity | undefined, leaseId: string): Promise<boolean> {
    const version = stored?.version ?? 0;
    if (!isForAccount(buyer)) return this.store.claim(buyer, version, leaseId);
    if (stored?.sealedRefresh) return this.store.claimRenewal(buyer, version, leaseId);
    throw authorizationRequired('the token of the account cannot be read; it has to be connected again');
  }

  private async fetch(
    buyer: TokenBuyer,
    stored: TokenEntity | undefined,
    leaseId: string,
    isForced: boolean,
  ): Promise<AccessToken> {
    const askedAt = Date.now(); // the lifetime begins no earlier than this
    const before = stored?.state ?? 'active';
    const refreshToken = stored && openToken('refresh', buyer, stored);
    const answer = await this.ask(buyer, refreshToken, askedAt);
    requestsTotal.inc({ result: answer.ok ? 'ok' : answer.state });
    if (!answer.ok) {
      await this.store.fail(buyer, leaseId, answer.state, answer.message);
      this.news.tell(buyer, before, answer.state);
      const error = unobtainable(buyer, answer.state, answer.message);
      await this.note(buyer, error);
      throw error;
    }
    const version = (stored?.version ?? 0) + 1;
    // A server that sends no new refresh token means the old one to be used again.
    const tokens = sealTokens(buyer, version, { refreshToken, ...answer }, askedAt);
    if (!(await this.save(buyer, leaseId, tokens, { isForced, askedAt })) && isForAccount(buyer)) {
      throw unobtainable(
        buyer,
        'refresh_failed',
        'The account was connected anew, or disconnected, meanwhile',
      );
    }
    this.news.tell(buyer, before, 'active');
    return { token: answer.token, version, lifetimeMs: lifetimeOf(tokens, Date.now()) };
  }

  private async ask(
    buyer: TokenBuyer,
    refreshToken: string | undefined,
    askedAt: number,
  ): Promise<ObtainedToken> {
    const { orgId, secret } = buyer;
    if (isForAccount(buyer) && refreshToken === undefined) {
      return { ok: false, state: 'revoked', message: 'The refresh token cannot be read' };
    }
    const grant = refreshToken === undefined ? undefined : ({ type: 'refresh_token', refreshToken } as const);
    const request = await tokenRequestOf(secret, grant, new Date(askedAt));
    const result = await this.endpoint.ask(orgId, secret.tokenUrl, request);
    return readTokenAnswer(result, secret, refreshToken === undefined ? [] : [refreshToken]);
  }

  /**
   * Until the lease runs out: where the server lets a refresh token be used once, what it has answered is all there is. A
   * vault that dies before this loses it, and the account has to be connected again.
   */
  private async save(
    buyer: TokenBuyer,
    leaseId: string,
    tokens: SealedTokens,
    { isForced, askedAt }: { isForced: boolean; askedAt: number },
  ): Promise<boolean> {
    for (;;) {
      try {
        return await this.store.save(buyer, leaseId, tokens, isForced);
      } catch (error) {
        if (Date.now() - askedAt > LEASE_SECONDS * 1000) throw error;
        await sleep(SAVE_AGAIN_MS);
      }
    }
  }

  private async note({ orgId, id }: TokenBuyer, { code }: ServiceError): Promise<void> {
    const access = { action: 'refresh', actor: VAULT, orgId, credentialId: id, result: code } as const;
    await this.accesses
      .note(access)
      .catch((error: unknown) => this.log.error(`A failed refresh could not be recorded: ${String(error)}`));
  }

  /** Undefined when there is none, or it does not open: then another is fetched. */
  private open(buyer: TokenBuyer, stored: TokenEntity | undefined): AccessToken | undefined {
    if (!stored?.sealed || stored.credentialVersion !== buyer.version) return undefined;
    const token = openToken('access', buyer, stored);
    if (token !== undefined)
      return { token, version: stored.version, lifetimeMs: lifetimeOf(stored, Date.now()) };
    this.log.warn(`The access token of credential ${buyer.id} does not open`);
    return undefined;
  }
}

function authorizationRequired(why: string): ServiceError {
  return new ServiceError('authorization_required', `No access token: ${why}`);
}

function unobtainable(buyer: TokenBuyer, state: TokenEntity['state'], message: string): ServiceError {
  if (state !== 'revoked') return new ServiceError('service_unavailable', `No access token: ${message}`);
  return isForAccount(buyer)
    ? authorizationRequired(`access to the account was withdrawn. ${message}`)
    : new ServiceError('credential_refused', `No access token: ${message}`);
}
