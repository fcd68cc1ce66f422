import type { WireRequest } from '../../upstream/wire-request.js';

/** When, and for which execution, a request is signed. */
export interface SigningMoment {
  readonly now: Date;
  readonly executionId: string;
}

/** Signs a request as it is about to go, every byte of it. */
export interface RequestSigner {
  /** The headers it sets; what the tool has put there gives way. */
  readonly headers: readonly string[];
  sign(request: WireRequest, moment: SigningMoment): WireRequest | Promise<WireRequest>;
}

/** The request with these headers in place of any of the same name. */
export function withHeaders(
  request: WireRequest,
  added: readonly (readonly [name: string, value: string])[],
): WireRequest {
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  const others = request.headers.filter(([name]) => !names.has(name.toLowerCase()));
  return { ...request, headers: [...others, ...added] };
}
