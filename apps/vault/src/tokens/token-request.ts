import type {
  AuthorizationCode,
  ClientCredentials,
  TokenCredential,
} from '#contracts/credential-types.contract';
import type { EgressResult } from '#egress/egress-result';
import { Scrubber } from '#toolcall/scrub';
import { importPKCS8, SignJWT } from 'jose';
import { createPrivateKey, randomUUID } from 'node:crypto';

export interface TokenRequest {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export type ObtainedToken =
  | {
      readonly ok: true;
      readonly token: string;
      readonly refreshToken?: string;
      /** Absent where the server does not say. */
      readonly lifetimeMs?: number;
    }
  /** `revoked`: the server will say so again, until somebody enters something else. */
  | { readonly ok: false; readonly state: 'refresh_failed' | 'revoked'; readonly message: string };

/** What a token is asked for by virtue of, where that is not the credential itself. */
export type TokenGrant =
  | { readonly type: 'refresh_token'; readonly refreshToken: string }
  | {
      readonly type: 'authorization_code';
      readonly code: string;
      readonly redirectUri: string;
      readonly codeVerifier: string;
    };

const HEADERS: readonly (readonly [string, string])[] = [
  ['Content-Type', 'application/x-www-form-urlencoded'],
  ['Accept', 'application/json'],
  ['User-Agent', 'Patchbay/1'],
];

const ASSERTION_S = 300;
/** By so much the server's clock may be behind ours. */
const SKEW_S = 60;
const LONGEST_TOKEN = 16_384;
/** RFC 6749 section 5.2: what trying again does not mend. */
const FINAL_ERRORS = new Set(['invalid_client', 'invalid_grant', 'unauthorized_client', 'access_denied']);

/** RFC 6749, 5.2: of what somebody has agreed to, only this says that they, or the server, have taken it back. */
const WITHDRAWN = new Set(['invalid_grant']);

export async function tokenRequestOf(
  credential: TokenCredential<string>,
  grant: TokenGrant | undefined,
  now: Date,
): Promise<TokenRequest> {
  const form = new URLSearchParams();
  if (credential.type === 'oauth2_jwt_bearer') {
    form.set('grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    form.set('assertion', await assertionOf(credential, now));
    if (credential.scope !== undefined) form.set('scope', credential.scope);
    return { headers: HEADERS, body: form.toString() };
  }
  if (credential.type === 'oauth2_client_credentials') {
    form.set('grant_type', 'client_credentials');
    if (credential.audience !== undefined) form.set('audience', credential.audience);
    if (credential.scope !== undefined) form.set('scope', credential.scope);
  } else if (grant?.type === 'authorization_code') {
    form.set('grant_type', 'authorization_code');
    form.set('code', grant.code);
    form.set('redirect_uri', grant.redirectUri);
    form.set('code_verifier', grant.codeVerifier);
  } else {
    form.set('grant_type', 'refresh_token');
    form.set('refresh_token', grant?.refreshToken ?? '');
  }
  return asClient(credential, form);
}

/** Tells the server that what it has given for this token is over (RFC 7009). */
export function revocationRequestOf(
  credential: AuthorizationCode<string>,
  token: string,
  hint: 'access_token' | 'refresh_token',
): TokenRequest {
  return asClient(credential, new URLSearchParams({ token, token_type_hint: hint }));
}

/** RFC 6749, 2.3.1; a client without a secret says who it is, and proves nothing. */
function asClient(
  { clientId, clientSecret, clientAuth = 'basic' }: ClientCredentials<string> | AuthorizationCode<string>,
  form: URLSearchParams,
): TokenRequest {
  if (clientSecret !== undefined && clientAuth === 'basic') {
    const pair = `Basic ${basicPair(clientId, clientSecret)}`;
    return { headers: [...HEADERS, ['Authorization', pair]], body: form.toString() };
  }
  form.set('client_id', clientId);
  if (clientSecret !== undefined) form.set('client_secret', clientSecret);
  return { headers: HEADERS, body: form.toString() };
}

/** What the token endpoint's answer comes to. No message holds anything of the credential, nor of what was `sent` besides. */
export function readTokenAnswer(
  result: EgressResult,
  credential: TokenCredential<string>,
  sent: readonly string[] = [],
): ObtainedToken {
  if (result.kind === 'failure') return failed(`The token endpoint gave no answer: ${result.message}`);
  const body = parse(result.body);
  // Some servers refuse with 200, and an `error` in it.
  if (result.status !== 200 || typeof body.error === 'string') {
    return refusedBy(result.status, body, credential, sent);
  }
  const {
    access_token: token,
    token_type: type = 'bearer',
    expires_in: lasts,
    refresh_token: refresh,
  } = body;
  if (!isToken(token)) {
    return failed('The token endpoint answered 200 without an access token');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return failed('The token endpoint answered with a token that is no bearer token');
  }
  if (refresh && !isToken(refresh)) {
    return failed('The token endpoint answered with a refresh token that is none');
  }
  const seconds = Number(lasts); // some servers write it as text
  return {
    ok: true,
    token,
    ...(isToken(refresh) && credential.type === 'oauth2_authorization_code' && { refreshToken: refresh }),
    ...(seconds > 0 && { lifetimeMs: seconds * 1000 }),
  };
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= LONGEST_TOKEN;
}

function refusedBy(
  status: number,
  { error, error_description: description }: Record<string, unknown>,
  credential: TokenCredential<string>,
  sent: readonly string[],
): ObtainedToken {
  const scrubber = new Scrubber([...secretsOf(credential), ...sent]);
  const said = [error, description]
    .filter((one) => typeof one === 'string')
    .map((one) => scrubber.scrubEscaped(one.replace(/[^\x20-\x7e]/g, ' ')).slice(0, 200));
  const message = [`The token endpoint answered ${status}`, ...said].join(': ');
  const final = credential.type === 'oauth2_authorization_code' ? WITHDRAWN : FINAL_ERRORS;
  const isFinal = status < 500 && typeof error === 'string' && final.has(error);
  return { ok: false, state: isFinal ? 'revoked' : 'refresh_failed', message };
}

function secretsOf(credential: TokenCredential<string>): string[] {
  if (credential.type === 'oauth2_jwt_bearer') {
    return credential.privateKey.split(/\s*\n/).filter((line) => line !== '' && !line.startsWith('-----'));
  }
  const { clientId, clientSecret } = credential;
  return clientSecret === undefined ? [] : [clientSecret, basicPair(clientId, clientSecret)];
}

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
function basicPair(clientId: string, clientSecret: string): string {
  return Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
}

function formEncode(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice(2);
}

async function assertionOf(
  credential: Extract<TokenCredential<string>, { type: 'oauth2_jwt_bearer' }>,
  now: Date,
): Promise<string> {
  const { algorithm, keyId, issuer, subject, audience, privateKey } = credential;
  const pkcs8 = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) })
    .setIssuer(issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt(seconds - SKEW_S)
    .setExpirationTime(seconds + ASSERTION_S)
    .sign(await importPKCS8(pkcs8, algorithm));
}

function failed(message: string): ObtainedToken {
  return { ok: false, state: 'refresh_failed', message };
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
