import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from './answer.js';
import { isObject } from './check-body.js';
import type { ApiRequest } from './request.js';

export interface Secrets {
  readonly bearerToken: string;
  readonly basicUser: string;
  readonly basicPassword: string;
  /** Expected in the header `X-API-Key`. */
  readonly headerKey: string;
  /** Expected in the query as `api_key`. */
  readonly queryKey: string;
  /** Expected in the JSON body as `api_key`. */
  readonly bodyKey: string;
}

/** What the sample accepts unless it is told otherwise. Worth nothing anywhere else. */
export const demoSecrets: Secrets = {
  bearerToken: 'sk_demo_bearer_4f8a1c92d7e3',
  basicUser: 'agent@business.example/token',
  basicPassword: 'demo-basic-6b1e90c4a2',
  headerKey: 'hk_demo_header_83d5f0a617bc',
  queryKey: 'qk_demo_query_2c97e4b1f05d',
  bodyKey: 'bk_demo_body_d10a6e58c34f',
};

/** Where a route looks for its secret. */
export type Scheme = 'none' | 'bearer' | 'basic' | 'header_key' | 'query_key' | 'body_key';

const challenges = {
  bearer: 'Bearer realm="business-api"',
  basic: 'Basic realm="business-api", charset="UTF-8"',
  header_key: 'ApiKey realm="business-api", in="header", name="X-API-Key"',
  query_key: 'ApiKey realm="business-api", in="query", name="api_key"',
  body_key: 'ApiKey realm="business-api", in="body", name="api_key"',
} satisfies Record<Exclude<Scheme, 'none'>, string>;

/** @throws Refusal 401 with the scheme's challenge unless the request carries the right secret in the right place. */
export function authenticate(scheme: Scheme, request: ApiRequest, secrets: Secrets): void {
  if (scheme === 'none') return;
  const given = readCredential(scheme, request);
  if (given !== undefined && isSame(given, expected(scheme, secrets))) return;
  const reason = given === undefined ? 'Credentials are missing.' : 'The credentials are not valid.';
  const hint = scheme === 'bearer' && given !== undefined ? ', error="invalid_token"' : '';
  throw new Refusal(401, reason, { headers: { 'WWW-Authenticate': challenges[scheme] + hint } });
}

function readCredential(scheme: Exclude<Scheme, 'none'>, request: ApiRequest): string | undefined {
  switch (scheme) {
    case 'bearer':
      return /^Bearer +(.+)$/i.exec(request.header('authorization') ?? '')?.[1];
    case 'basic': {
      const encoded = /^Basic +(.+)$/i.exec(request.header('authorization') ?? '')?.[1];
      return encoded && Buffer.from(encoded, 'base64').toString('utf8');
    }
    case 'header_key':
      return request.header('x-api-key');
    case 'query_key':
      return request.query.get('api_key') ?? undefined;
    case 'body_key': {
      const body = request.body();
      return isObject(body) && typeof body.api_key === 'string' ? body.api_key : undefined;
    }
  }
}

function expected(scheme: Exclude<Scheme, 'none'>, secrets: Secrets): string {
  switch (scheme) {
    case 'bearer':
      return secrets.bearerToken;
    case 'basic':
      return `${secrets.basicUser}:${secrets.basicPassword}`;
    case 'header_key':
      return secrets.headerKey;
    case 'query_key':
      return secrets.queryKey;
    case 'body_key':
      return secrets.bodyKey;
  }
}

function isSame(one: string, other: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(one), digest(other));
}
