import { ServiceError } from '#contracts/errors';
import {
  credentialChanged,
  type Actor,
  type AuthorizationAnswer,
  type AuthorizationStart,
} from '#contracts/vault.contract';
import { RpcClient } from '#messaging/rpc.client';
import { forOrganization, queryAcrossOrganizations, readForOrganization } from '#runtime/organizations';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { randomBytes } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AccessLog } from '../accesses/access-log.service.js';
import { tokensVersionOf } from '../credentials/credential-fields.js';
import { HealthNews } from '../tokens/health-news.service.js';
import { sealTokens, type GivenTokens } from '../tokens/stored-tokens.js';
import { openText, sealText, verifierPurpose } from '../tokens/token-box.js';
import { TokenEndpoint } from '../tokens/token-endpoint.js';
import { readTokenAnswer, tokenRequestOf } from '../tokens/token-request.js';
import { TokenStore } from '../tokens/token-store.service.js';
import { authorizationUrlOf, hashOf, matchesHash } from './authorization-request.js';
import { AuthorizationEntity } from './authorization.entity.js';
import {
  AccountCredentials,
  type AccountBuyer,
  type AccountCredential,
} from './account-credentials.service.js';

const LASTS_MS = 10 * 60_000;

/** Connecting an account: a link, a browser that goes to the authorization server and comes back, tokens for its code. */
@Injectable()
export class Authorizations {
  private readonly log = new Logger('Authorizations');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(AccountCredentials) private readonly credentials: AccountCredentials,
    @Inject(TokenStore) private readonly tokens: TokenStore,
    @Inject(TokenEndpoint) private readonly endpoint: TokenEndpoint,
    @Inject(AccessLog) private readonly accesses: AccessLog,
    @Inject(HealthNews) private readonly news: HealthNews,
    @Inject(RpcClient) private readonly rpc: RpcClient,
  ) {}

  /** A link that is good once. @returns until when */
  async start(
    transaction: EntityManager,
    { orgId, id, content, version }: AccountCredential,
    { endUser, ticket, actor }: { endUser: string; ticket: string; actor: Actor },
  ): Promise<Date> {
    const expiresAt = new Date(Date.now() + LASTS_MS);
    await transaction.insert(AuthorizationEntity, {
      ...{ id: uuidv7(), orgId, credentialId: id, endUser, expiresAt, ticketHash: hashOf(ticket) },
      ...{ credentialVersion: tokensVersionOf({ content, version }) },
      ...{ actorType: actor.type, actorId: actor.id },
    });
    return expiresAt;
  }

  /**
   * A browser came with the link, which is thereby used up.
   * @returns where it goes next, but for the `state`
   * @throws ServiceError `not_found` when there is no such link any more
   */
  async begin({ ticket, state, browser }: AuthorizationStart, redirectUri: string): Promise<string> {
    const orgId = await this.whose('ticket_hash', ticket);
    return forOrganization(this.dataSource, orgId, async (transaction) => {
      const where = { orgId, ticketHash: hashOf(ticket) };
      const lock = { mode: 'pessimistic_write' } as const; // two browsers at once: the second finds it used
      const found = await transaction.findOne(AuthorizationEntity, { where, lock });
      if (!found || isOver(found)) throw over();
      const { id, credentialId, endUser } = found;
      const credential = await this.credentials.find(transaction, { orgId, credentialId });
      const { secret, version } = await this.credentials.open(transaction, credential, endUser);
      if (version !== found.credentialVersion) throw changedMeanwhile();
      const codeVerifier = randomBytes(32).toString('base64url');
      const sealedVerifier = sealText(codeVerifier, secret.tokenKey ?? '', verifierPurpose(id));
      const expiresAt = new Date(Date.now() + LASTS_MS);
      const begun = {
        ...{ ticketHash: null, stateHash: hashOf(state), browserHash: hashOf(browser) },
        ...{ sealedVerifier, redirectUri, expiresAt },
      };
      await transaction.update(AuthorizationEntity, { orgId, id }, begun);
      return authorizationUrlOf(secret, { redirectUri, codeVerifier });
    });
  }

  /**
   * The browser is back: if it is the same, its code is exchanged for tokens. Whatever becomes of it, it cannot come back
   * a second time.
   * @throws ServiceError `not_found` when it was, or too long ago; `forbidden` when it is another browser;
   *   `credential_refused` by the server, or by whoever was to agree; `precondition_failed`, `service_unavailable`
   */
  async finish(answer: AuthorizationAnswer): Promise<void> {
    const found = await this.take(answer.state);
    const { orgId, credentialId, actorType, actorId } = found;
    const actor = { type: actorType, id: actorId };
    await this.accesses.noteFailure({ action: 'connect', actor, orgId, credentialId }, () =>
      this.connect(found, answer, actor),
    );
  }

  /** Deletes what nobody can come back with any more. */
  async purge(): Promise<void> {
    const text = 'DELETE FROM vault.authorizations WHERE expires_at < now()';
    await queryAcrossOrganizations(this.dataSource, 'authorizations', { text, values: [] });
  }

  /** The organization that a link or a browser belongs to: neither says so. */
  private async whose(hash: 'ticket_hash' | 'state_hash', text: string): Promise<string> {
    const { rows } = await queryAcrossOrganizations<{ orgId: string }>(this.dataSource, 'authorizations', {
      text: `SELECT org_id AS "orgId" FROM vault.authorizations WHERE ${hash} = $1`,
      values: [hashOf(text)],
    });
    if (!rows[0]) throw over();
    return rows[0].orgId;
  }

  private async take(state: string): Promise<AuthorizationEntity> {
    const orgId = await this.whose('state_hash', state);
    return forOrganization(this.dataSource, orgId, async (transaction) => {
      const where = { orgId, stateHash: hashOf(state) };
      const lock = { mode: 'pessimistic_write' } as const;
      const found = await transaction.findOne(AuthorizationEntity, { where, lock });
      if (!found) throw over();
      await transaction.delete(AuthorizationEntity, { orgId, id: found.id });
      return found;
    });
  }

  private async connect(
    authorization: AuthorizationEntity,
    answer: AuthorizationAnswer,
    actor: Actor,
  ): Promise<void> {
    const { orgId, credentialId, endUser, credentialVersion } = authorization;
    checkBrowser(authorization, answer);
    const buyer = await readForOrganization(this.dataSource, orgId, async (manager) =>
      this.credentials.open(manager, await this.credentials.find(manager, { orgId, credentialId }), endUser),
    );
    if (buyer.version !== credentialVersion) throw changedMeanwhile();
    const code = codeOf(answer, buyer.secret.issuer);
    const askedAt = Date.now();
    const given = await this.exchange(buyer, authorization, code);
    const before = await forOrganization(this.dataSource, orgId, async (transaction) => {
      const now = await this.credentials.lock(transaction, { orgId, credentialId });
      if (tokensVersionOf(now) !== credentialVersion) throw changedMeanwhile();
      const [old] = await this.tokens.forget(transaction, buyer);
      const version = (old?.version ?? 0) + 1;
      await this.tokens.connect(transaction, buyer, version, sealTokens(buyer, version, given, askedAt));
      const access = { action: 'connect', actor, orgId, credentialId } as const;
      await this.accesses.append(transaction, { ...access, credentialVersion: now.version });
      return old?.state;
    });
    this.rpc.announce(credentialChanged, { orgId, credentialId }); // executors have what was connected before
    this.news.tell(buyer, before ?? 'not_connected', 'active');
  }

  private async exchange(
    { orgId, secret }: AccountBuyer,
    { id, sealedVerifier, redirectUri }: AuthorizationEntity,
    code: string,
  ): Promise<GivenTokens> {
    const codeVerifier = openText(sealedVerifier ?? '', secret.tokenKey ?? '', verifierPurpose(id));
    const grant = { type: 'authorization_code', code, redirectUri: redirectUri ?? '', codeVerifier } as const;
    const request = await tokenRequestOf(secret, grant, new Date());
    const result = await this.endpoint.ask(orgId, secret.tokenUrl, request);
    const given = readTokenAnswer(result, secret, [code, codeVerifier]);
    if (given.ok) return given;
    this.log.warn(`A code for a credential of organization ${orgId} was not exchanged: ${given.message}`);
    throw given.state === 'revoked'
      ? new ServiceError('credential_refused', 'The server did not take the code')
      : new ServiceError('service_unavailable', 'The server gave no token for the code');
  }
}

/** It has to be the browser that was sent there, or somebody is made to connect another's account. */
function checkBrowser(authorization: AuthorizationEntity, { browser }: AuthorizationAnswer): void {
  if (isOver(authorization)) throw over();
  const { browserHash } = authorization;
  if (browser !== undefined && browserHash !== null && matchesHash(browser, browserHash)) return;
  throw new ServiceError('forbidden', 'This is not the browser that the account was to be connected in');
}

function codeOf({ code, error, iss }: AuthorizationAnswer, issuer: string | undefined): string {
  if (issuer !== undefined && iss !== issuer) {
    throw new ServiceError('credential_refused', 'The answer is not from the expected server');
  }
  if (error === undefined && code !== undefined) return code;
  throw new ServiceError('credential_refused', 'The server, or whoever was asked, did not agree');
}

function isOver({ expiresAt }: AuthorizationEntity): boolean {
  return expiresAt.getTime() <= Date.now();
}

function over(): ServiceError {
  return new ServiceError('not_found', 'It was used already, or is too old');
}

function changedMeanwhile(): ServiceError {
  return new ServiceError('precondition_failed', 'The credential has changed meanwhile');
}
