import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { startUpstream, type ReceivedRequest } from './upstream-server.js';

interface Grant {
  /** Who signed in. */
  readonly account: string;
  isRevoked: boolean;
}
interface Code {
  readonly grant: Grant;
  readonly challenge: string;
  readonly redirectUri: string;
}

/** What the next answer of the token endpoint is to be instead, or what it is to do before. */
type Fault = (request: ReceivedRequest, reply: ServerResponse) => boolean | Promise<boolean>;

/**
 * An authorization server as strict as the strictest: PKCE by S256 only, codes good once, refresh tokens good once; one
 * that comes back a second time ends everything that came of the same sign-in. Whoever opens its page has agreed.
 */
export class OAuthServer {
  readonly clientId = 'patchbay';
  clientSecret: string | undefined = 'client-secret-canary';
  /** Seconds; absent where it does not say. */
  expiresIn: number | undefined = 3600;
  givesRefreshTokens = true;
  rotates = true;
  /** Whether it names itself when it sends the browser back (RFC 9207). */
  iss: string | undefined;
  /** What it sends the browser back with instead of a code. */
  refusal: string | undefined;
  /** Who signs in next. */
  account = 'somebody';
  /** How often a refresh token came back that had been used: none, if the client is right. */
  reuses = 0;
  readonly issued: string[] = [];
  readonly revoked: string[] = [];
  /** Every code and token that it has given out. */
  readonly secrets: string[] = [];
  fault: Fault | undefined;
  private readonly codes = new Map<string, Code>();
  private readonly accessTokens = new Map<string, Grant>();
  private readonly refreshTokens = new Map<string, { grant: Grant; isUsed: boolean }>();

  private constructor(private readonly server: Awaited<ReturnType<typeof startUpstream>>) {}

  static async start(): Promise<OAuthServer> {
    const server = await startUpstream();
    const oauth = new OAuthServer(server);
    server.answer((request, reply) => void oauth.answer(request, reply));
    return oauth;
  }

  get origin(): string {
    return this.server.origin;
  }

  get endpoints() {
    const at = (path: string) => `${this.origin}${path}`;
    return { authorizationUrl: at('/authorize'), tokenUrl: at('/token') };
  }

  get revocationUrl(): string {
    return `${this.origin}/revoke`;
  }

  /** What came to the token endpoint. */
  get tokenRequests(): Record<string, string>[] {
    return this.server.requests.filter(({ url }) => url === '/token').map(formOf);
  }

  forgetRequests(): void {
    this.server.requests.length = 0;
  }

  /** Whose a token is; undefined for one that is none, or over. */
  accountOf(authorization: string | undefined): string | undefined {
    const grant = this.accessTokens.get(authorization?.replace(/^Bearer /, '') ?? '');
    return grant?.isRevoked === false ? grant.account : undefined;
  }

  /** An API may stop taking a token before its time. */
  dropAccessToken(token: string): void {
    this.accessTokens.delete(token);
  }

  /** Somebody takes back what they agreed to. */
  revokeAll(): void {
    for (const { grant } of this.refreshTokens.values()) grant.isRevoked = true;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  private async answer(request: ReceivedRequest, reply: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url, this.origin);
    if (pathname === '/authorize') {
      this.authorize(searchParams, reply);
      return;
    }
    if (await this.fault?.(request, reply)) return;
    if (pathname === '/token') {
      this.token(request, reply);
      return;
    }
    if (pathname === '/revoke') {
      this.revoke(request, reply);
      return;
    }
    json(reply, 404, {});
  }

  private authorize(query: URLSearchParams, reply: ServerResponse): void {
    const redirectUri = query.get('redirect_uri') ?? '';
    const challenge = query.get('code_challenge') ?? '';
    const isRight =
      query.get('response_type') === 'code' &&
      query.get('client_id') === this.clientId &&
      query.get('code_challenge_method') === 'S256' &&
      /^[\w-]{43}$/.test(challenge);
    if (!isRight) {
      json(reply, 400, { error: 'invalid_request' });
      return;
    }
    const back = new URL(redirectUri);
    back.searchParams.set('state', query.get('state') ?? '');
    if (this.iss !== undefined) back.searchParams.set('iss', this.iss);
    if (this.refusal !== undefined) back.searchParams.set('error', this.refusal);
    else {
      const code = this.random('code');
      this.codes.set(code, { grant: { account: this.account, isRevoked: false }, challenge, redirectUri });
      back.searchParams.set('code', code);
    }
    reply.writeHead(302, { location: back.href }).end();
  }

  private token(request: ReceivedRequest, reply: ServerResponse): void {
    const form = formOf(request);
    const isAssertion = form.grant_type === 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    if (!isAssertion && !this.isClient(request, form)) {
      json(reply, 401, { error: 'invalid_client' });
      return;
    }
    const grant = isAssertion ? { account: 'the assertion', isRevoked: false } : this.grantOf(form);
    if (!grant || grant.isRevoked) {
      json(reply, 400, {
        error: 'invalid_grant',
        error_description: `no good: ${JSON.stringify(form)}`,
      });
      return;
    }
    const access = this.random('access');
    this.issued.push(access);
    this.accessTokens.set(access, grant);
    const isNewRefresh =
      this.givesRefreshTokens && (this.rotates || form.grant_type === 'authorization_code');
    const refresh = isNewRefresh ? this.random('refresh') : undefined;
    if (refresh) this.refreshTokens.set(refresh, { grant, isUsed: false });
    json(reply, 200, {
      access_token: access,
      token_type: 'Bearer',
      ...(this.expiresIn !== undefined && { expires_in: this.expiresIn }),
      ...(refresh && { refresh_token: refresh }),
    });
  }

  private grantOf(form: Record<string, string>): Grant | undefined {
    if (form.grant_type === 'client_credentials') return { account: 'the client', isRevoked: false };
    return form.grant_type === 'authorization_code' ? this.redeem(form) : this.refresh(form);
  }

  private redeem({ code = '', code_verifier: verifier = '', redirect_uri: uri }: Record<string, string>) {
    const found = this.codes.get(code);
    this.codes.delete(code);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return found?.challenge === challenge && found.redirectUri === uri ? found.grant : undefined;
  }

  private refresh({ refresh_token: token = '' }: Record<string, string>): Grant | undefined {
    const found = this.refreshTokens.get(token);
    if (found?.isUsed) {
      this.reuses += 1;
      found.grant.isRevoked = true;
    }
    if (found && this.rotates) found.isUsed = true;
    return found?.grant;
  }

  private revoke(request: ReceivedRequest, reply: ServerResponse): void {
    const form = formOf(request);
    if (!this.isClient(request, form)) {
      json(reply, 401, { error: 'invalid_client' });
      return;
    }
    const { token = '' } = form;
    const grant = this.refreshTokens.get(token)?.grant ?? this.accessTokens.get(token);
    if (grant) {
      grant.isRevoked = true;
      this.revoked.push(grant.account);
    }
    reply.writeHead(200).end();
  }

  private random(kind: string): string {
    const text = `${kind}-${randomBytes(24).toString('base64url')}`;
    this.secrets.push(text);
    return text;
  }

  private isClient({ headers }: ReceivedRequest, form: Record<string, string>): boolean {
    if (this.clientSecret === undefined) {
      return form.client_id === this.clientId && headers.authorization === undefined;
    }
    const pair = Buffer.from(`${this.clientId}:${this.clientSecret}`).toString('base64');
    return headers.authorization === `Basic ${pair}`;
  }
}

function formOf({ body }: ReceivedRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body));
}

function json(reply: ServerResponse, status: number, body: object): void {
  reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
