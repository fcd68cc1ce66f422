import type { ErrorCode } from '#contracts/errors';

export const success = { ok: 200, created: 201, nothing: 204, found: 302, notModified: 304 } as const;

/** What each error is over HTTP. These and the ones above are the only HTTP numbers of the repository. */
export const httpStatus: Record<ErrorCode, number> = {
  invalid_request: 400,
  payload_too_large: 413,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  tool_not_found: 404,
  tool_exists: 409,
  tool_not_published: 409,
  tool_archived: 409,
  tool_not_allowed: 403,
  binding_outdated: 409,
  environment_not_set: 409,
  version_not_found: 404,
  credential_not_found: 404,
  credential_origin_mismatch: 422,
  credential_not_granted: 403,
  credential_unreadable: 500,
  credential_refused: 409,
  authorization_required: 409,
  connection_not_found: 404,
  execution_not_found: 404,
  api_key_not_found: 404,
  precondition_failed: 412,
  idempotency_conflict: 409,
  overloaded: 503,
  deadline_exceeded: 504,
  reply_too_large: 500,
  service_unavailable: 503,
  internal: 500,
};

/** The code of what the HTTP layer itself refused: an unknown route, a body too large or not readable. */
export function codeOfStatus(status: number): ErrorCode {
  if (status === httpStatus.not_found) return 'not_found';
  if (status === httpStatus.payload_too_large) return 'payload_too_large';
  return status < httpStatus.internal ? 'invalid_request' : 'internal';
}

export function isOurFault(code: ErrorCode): boolean {
  return httpStatus[code] >= httpStatus.internal;
}
