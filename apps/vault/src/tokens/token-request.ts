import type { TokenCredential } from '#contracts/credential-types.contract';
import type { EgressResult } from '#egress/egress-result';
import { Scrubber } from '#toolcall/scrub';
import { importPKCS8, SignJWT } from 'jose';
import { createPrivateKey, randomUUID } from 'node:crypto';

export interface TokenRequest {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export type ObtainedToken =
  | { readonly ok: true; readonly token: string; readonly lifetimeMs: number }
  /** `revoked`: the server will say so again, until somebody enters something else. */
  | { readonly ok: false; readonly state: 'refresh_failed' | 'revoked'; readonly message: string };

/** How long a token is taken to last whose server does not say. */
const UNSAID_LIFETIME_MS = 5 * 60_000;
const LONGEST_LIFETIME_MS = 24 * 3_600_000;
const ASSERTION_S = 300;
/** By so much the server's clock may be behind ours. */
const SKEW_S = 60;
const LONGEST_TOKEN = 16_384;
/** RFC 6749 section 5.2: what trying again does not mend. */
const FINAL_ERRORS = new Set(['invalid_client', 'invalid_grant', 'unauthorized_client', 'access_denied']);

export async function tokenRequestOf(credential: TokenCredential<string>, now: Date): Promise<TokenRequest> {
  const headers: [string, string][] = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Accept', 'application/json'],
    ['User-Agent', 'Patchbay/1'],
  ];
  const form = new URLSearchParams();
  if (credential.type === 'oauth2_jwt_bearer') {
    form.set('grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    form.set('assertion', await assertionOf(credential, now));
  } else {
    const { clientId, clientSecret, clientAuth = 'basic', audience } = credential;
    form.set('grant_type', 'client_credentials');
    if (audience !== undefined) form.set('audience', audience);
    if (clientAuth === 'post') {
      form.set('client_id', clientId);
      form.set('client_secret', clientSecret);
    } else headers.push(['Authorization', `Basic ${basicPair(clientId, clientSecret)}`]);
  }
  if (credential.scope !== undefined) form.set('scope', credential.scope);
  return { headers, body: form.toString() };
}

/** What the token endpoint's answer comes to. No message holds anything of the credential. */
export function readTokenAnswer(result: EgressResult, credential: TokenCredential<string>): ObtainedToken {
  if (result.kind === 'failure') return failed(`The token endpoint gave no answer: ${result.message}`);
  const body = parse(result.body);
  if (result.status !== 200) return refusedBy(result.status, body, credential);
  const { access_token: token, token_type: type = 'bearer', expires_in: lasts } = body;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || token.length > LONGEST_TOKEN) {
    return failed('The token endpoint answered 200 without an access token');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return failed('The token endpoint answered with a token that is no bearer token');
  }
  const seconds = Number(lasts); // some servers write it as text
  const lifetimeMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_LIFETIME_MS) : UNSAID_LIFETIME_MS;
  return { ok: true, token, lifetimeMs };
}

function refusedBy(
  status: number,
  { error, error_description: description }: Record<string, unknown>,
  credential: TokenCredential<string>,
): ObtainedToken {
  const scrubber = new Scrubber(secretsOf(credential));
  const said = [error, description]
    .filter((one) => typeof one === 'string')
    .map((one) => scrubber.scrubEscaped(one.replace(/[^\x20-\x7e]/g, ' ')).slice(0, 200));
  const message = [`The token endpoint answered ${status}`, ...said].join(': ');
  const isFinal = status < 500 && typeof error === 'string' && FINAL_ERRORS.has(error);
  return { ok: false, state: isFinal ? 'revoked' : 'refresh_failed', message };
}

function secretsOf(credential: TokenCredential<string>): string[] {
  if (credential.type === 'oauth2_jwt_bearer') {
    return credential.privateKey.split(/\s*\n/).filter((line) => line !== '' && !line.startsWith('-----'));
  }
  const { clientId, clientSecret } = credential;
  return [clientSecret, basicPair(clientId, clientSecret)];
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
