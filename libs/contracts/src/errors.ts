/**
 * Every code an error may carry across a service boundary, on the bus and in REST problem documents alike.
 * Closed: adding one makes the compiler ask the gateway for its HTTP status.
 */
export const errorCodes = [
  'invalid_request',
  'payload_too_large',
  'unauthenticated',
  'forbidden',
  'not_found',
  'tool_not_found',
  'tool_exists',
  'tool_not_published',
  'tool_archived',
  'tool_not_allowed',
  'binding_outdated',
  'environment_not_set',
  'version_not_found',
  'credential_not_found',
  'credential_origin_mismatch',
  'credential_not_granted',
  'credential_unreadable',
  'credential_refused',
  'authorization_required',
  'connection_not_found',
  'execution_not_found',
  'api_key_not_found',
  'precondition_failed',
  'idempotency_conflict',
  'overloaded',
  'deadline_exceeded',
  'reply_too_large',
  'service_unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

const known: ReadonlySet<string> = new Set(errorCodes);

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && known.has(value);
}

/**
 * The only error that travels. Its message and details are shown to whoever asked, so neither may hold a
 * secret, a statement, a stack or a name of our hosts. Anything else that is thrown becomes `internal`.
 */
export class ServiceError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** For `invalid_request`: the list of problems. Must survive JSON. */
    readonly details?: unknown,
  ) {
    super(message);
    this.name = 'ServiceError';
  }
}

/** The body of an error reply on the bus. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details?: unknown };
}
