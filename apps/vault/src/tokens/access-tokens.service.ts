import type { TokenCredential } from '#contracts/credential-types.contract';
import { ServiceError } from '#contracts/errors';
import { credentialHealthChanged } from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { Counter, registry } from '#telemetry/metrics';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvelopeError } from '../crypto/box.js';
import { openToken, sealToken, type TokenOwner } from './token-box.js';
import { TokenEndpoint } from './token-endpoint.js';
import type { TokenEntity } from './token.entity.js';
import { readTokenAnswer, tokenRequestOf } from './token-request.js';
import { TokenStore, type TokenHolder } from './token-store.service.js';
import { judgeToken, termsOf } from './token-terms.js';

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

/** A credential that buys tokens, opened. */
export interface TokenBuyer extends TokenHolder {
  readonly secret: TokenCredential<string>;
}

/** How long one waits for another vault to fetch a token; how often one looks. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** Access tokens: fetched ahead of their end, by one vault at a time, and kept sealed. */
@Injectable()
export class AccessTokens {
  private readonly log = new Logger('AccessTokens');
  private readonly underWay = new Map<string, Promise<AccessToken>>();

  constructor(
    @Inject(TokenStore) private readonly store: TokenStore,
    @Inject(TokenEndpoint) private readonly endpoint: TokenEndpoint,
    @Inject(RpcClient) private readonly rpc: RpcClient,
  ) {}

  /**
   * A token that is good now; a newer one than `refused`, unless one was just fetched for that reason.
   * @throws ServiceError `credential_refused`, or `service_unavailable` when the token endpoint does not work
   */
  async get(buyer: TokenBuyer, refused?: number): Promise<AccessToken> {
    const stored = await this.store.find(buyer);
    const verdict = judgeToken(stored, buyer.version, refused, Date.now());
    const opened = verdict === 'replace' ? undefined : this.open(buyer, stored);
    const newerThan = stored?.version ?? 0;
    if (!opened) return this.obtainOnce(buyer, newerThan, refused !== undefined);
    if (verdict === 'use_and_renew') {
      this.obtainOnce(buyer, newerThan, false).catch(() => undefined); // on record; this one is still good
    }
    return opened;
  }

  /** One at a time in this process, however many ask. */
  private obtainOnce(buyer: TokenBuyer, newerThan: number, isForced: boolean): Promise<AccessToken> {
    const key = `${buyer.orgId} ${buyer.id} ${buyer.version}`;
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
      const stored = await this.store.find(buyer);
      const version = stored?.version ?? 0;
      const opened = version > newerThan ? this.open(buyer, stored) : undefined;
      if (opened && opened.lifetimeMs > 0) return opened;
      if (
        stored?.retryAt &&
        stored.credentialVersion === buyer.version &&
        stored.retryAt.getTime() > Date.now()
      ) {
        throw unobtainable(stored.state, stored.lastError ?? 'It failed a moment ago');
      }
      const leaseId = randomUUID();
      if (await this.store.claim(buyer, version, leaseId)) {
        return this.fetch(buyer, { version, leaseId, isForced }, stored?.state ?? 'active');
      }
      if (Date.now() > giveUpAt)
        throw unobtainable('refresh_failed', 'Another vault is fetching it, for too long');
      await sleep(LOOK_EVERY_MS);
    }
  }

  private async fetch(
    buyer: TokenBuyer,
    { version, leaseId, isForced }: { version: number; leaseId: string; isForced: boolean },
    before: TokenEntity['state'],
  ): Promise<AccessToken> {
    const { orgId, secret } = buyer;
    const askedAt = Date.now(); // the lifetime begins no earlier than this
    const request = await tokenRequestOf(secret, new Date(askedAt));
    const answer = readTokenAnswer(await this.endpoint.ask(orgId, secret.tokenUrl, request), secret);
    requestsTotal.inc({ result: answer.ok ? 'ok' : answer.state });
    if (!answer.ok) {
      await this.store.fail(buyer, leaseId, answer.state, answer.message);
      this.announce(buyer, before, answer.state);
      throw unobtainable(answer.state, answer.message);
    }
    const { token, lifetimeMs } = answer;
    const next = version + 1;
    const terms = termsOf(lifetimeMs, askedAt, Math.random());
    const sealed = sealToken(token, keyOf(buyer), ownerOf(buyer, next));
    await this.store.save(buyer, leaseId, { sealed, ...terms }, isForced);
    this.announce(buyer, before, 'active');
    return { token, version: next, lifetimeMs: Math.max(0, terms.expiresAt.getTime() - Date.now()) };
  }

  private announce(
    { orgId, id }: TokenBuyer,
    before: TokenEntity['state'],
    status: TokenEntity['state'],
  ): void {
    if (before === status) return;
    this.log.log(`Credential ${id} of organization ${orgId} is ${status} now`);
    this.rpc.announce(credentialHealthChanged, { orgId, credentialId: id, status });
  }

  /** Undefined when there is none, or it does not open: then another is fetched. */
  private open(buyer: TokenBuyer, stored: TokenEntity | undefined): AccessToken | undefined {
    if (!stored?.sealed || !stored.expiresAt || stored.credentialVersion !== buyer.version) return undefined;
    const { version, sealed, expiresAt } = stored;
    try {
      const token = openToken(sealed, keyOf(buyer), ownerOf(buyer, version));
      return { token, version, lifetimeMs: Math.max(0, expiresAt.getTime() - Date.now()) };
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      this.log.warn(`The access token of credential ${buyer.id} does not open: ${error.message}`);
      return undefined;
    }
  }
}

function keyOf({ secret }: TokenBuyer): string {
  return secret.tokenKey ?? '';
}

function ownerOf({ orgId, id, version: credentialVersion }: TokenBuyer, version: number): TokenOwner {
  return { orgId, credentialId: id, credentialVersion, version };
}

function unobtainable(state: TokenEntity['state'], message: string): ServiceError {
  return state === 'revoked'
    ? new ServiceError('credential_refused', `No access token: ${message}`)
    : new ServiceError('service_unavailable', `No access token: ${message}`);
}
