import { Refusal, type Answer } from './answer.js';
import type { Scheme } from './auth.js';
import type { ApiRequest } from './request.js';

/** One request that has found its route and passed its authentication. */
export interface RouteCall {
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** The path's value for a `:name` of the route. */
  param(name: string): string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `/orders/:orderId` */
  readonly path: string;
  readonly auth: Scheme;
  readonly handle: (call: RouteCall) => Answer | Promise<Answer>;
}

export interface FoundRoute {
  readonly route: Route;
  readonly params: ReadonlyMap<string, string>;
}

/** @throws Refusal 404 or 405 when no route answers, 400 when the path is not properly encoded. */
export function findRoute(routes: readonly Route[], { method, path }: ApiRequest): FoundRoute {
  const samePath = routes.flatMap((route) => {
    const params = matchPath(route.path, path);
    return params ? [{ route, params }] : [];
  });
  if (samePath.length === 0) throw new Refusal(404, 'There is nothing at this address.');
  const found = samePath.find(({ route }) => route.method === method);
  if (found) return found;
  const allowed = samePath.map(({ route }) => route.method).join(', ');
  throw new Refusal(405, `This address answers ${allowed}.`, { headers: { Allow: allowed } });
}

function matchPath(pattern: string, path: string): Map<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params = new Map<string, string>();
  for (const [i, segment] of wanted.entries()) {
    const value = given[i] ?? '';
    if (segment.startsWith(':') && value !== '') params.set(segment.slice(1), decodeSegment(value));
    else if (segment !== value) return undefined;
  }
  return params;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, 'The address is not properly percent-encoded.');
  }
}

export function makeCall(request: ApiRequest, params: ReadonlyMap<string, string>): RouteCall {
  return {
    query: request.query,
    body: request.method === 'GET' ? undefined : request.body(),
    signal: request.signal,
    param: (name) => {
      const value = params.get(name);
      if (value === undefined) throw new Error(`The route has no :${name}`);
      return value;
    },
  };
}
