import { errors } from 'undici';
import { ConnectError } from './connect-error.js';
import { FloodError } from './flood-guard.js';

/** Header fields by lower-case name; a field that came more than once is a list. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface Timings {
  /** From the call of `send` until a connection was ready for the request, in milliseconds; absent when none was. */
  readonly connectMs?: number;
  /** From the call of `send` until the response's headers were in, in milliseconds; absent when they never were. */
  readonly firstByteMs?: number;
  /** The whole exchange, in milliseconds. */
  readonly totalMs: number;
}

/** The upstream answered; any status counts, a redirect too. */
export interface EgressResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** The body, decompressed. */
  readonly body: Buffer;
  /** Size of the body as it was received, before decompression. */
  readonly bytesRead: number;
  readonly timings: Timings;
}

/**
 * Why there is no response. Closed.
 * - `invalid_request`: the caller's fault: a header or method that may not be sent.
 * - `refused`: the policy does not allow this destination.
 * - `busy`: too many requests to the same destination are waiting already.
 * - `dns`, `connect`, `tls`: no connection.
 * - `proxy`: none either, because the operator's proxy gave none.
 * - `timeout`, `cancelled`: the caller's signal or cancellation; a signal's `TimeoutError` makes it a timeout.
 * - `reset`: the connection ended before the response did.
 * - `too_large`, `bad_response`: the upstream answered, with something that cannot be used.
 * - `closed`: this client is closed.
 */
export type EgressFailureReason =
  | 'invalid_request'
  | 'refused'
  | 'busy'
  | 'dns'
  | 'connect'
  | 'tls'
  | 'proxy'
  | 'timeout'
  | 'cancelled'
  | 'reset'
  | 'too_large'
  | 'bad_response'
  | 'closed';

export interface EgressFailure {
  readonly kind: 'failure';
  /** For operators and for deciding what to do next. Telling a tenant `dns` from `refused` would map our network. */
  readonly reason: EgressFailureReason;
  /** False only when it is certain that no byte of the request left. */
  readonly requestSent: boolean;
  /** For anybody: the same sentence for every way in which a destination cannot be reached. */
  readonly message: string;
  /** For operators only: may name addresses. Never a path, a query, a header's value or a body. */
  readonly detail: string;
  /** The status the upstream had answered with before the exchange failed: a 201 means that it did act. */
  readonly status?: number;
  readonly timings: Timings;
}

export type EgressResult = EgressResponse | EgressFailure;

const unreachable = 'The destination could not be reached.';

/** What anybody may read about a failure. `refused` by the parse gate has better words: those of the gate. */
export const publicMessages: Readonly<Record<EgressFailureReason, string>> = {
  invalid_request: 'The request cannot be sent as it is.',
  refused: unreachable,
  dns: unreachable,
  connect: unreachable,
  proxy: unreachable,
  busy: 'Too many requests to this destination are waiting already.',
  tls: 'The destination has no TLS certificate or protocol that can be trusted.',
  timeout: 'The destination did not answer in time.',
  cancelled: 'The request was given up.',
  reset: 'The destination closed the connection before it had answered.',
  too_large: 'The response is larger than allowed.',
  bad_response: 'The destination answered with something that is not a usable response.',
  closed: 'The service is shutting down.',
};

/** Sorts an error of undici into a reason. Its message is fit for operators: undici quotes neither URL nor header. */
export function failureReason(error: Error & { code?: string }): EgressFailureReason {
  if (error instanceof ConnectError) return error.reason;
  if (error instanceof FloodError) return 'too_large';
  if (error instanceof errors.HTTPParserError) return 'bad_response';
  switch (error.code) {
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
    case 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH':
      return 'invalid_request';
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return 'closed';
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return 'bad_response';
    default:
      return 'reset';
  }
}

/** A failure of which it is certain that nothing was sent, because nothing was begun. */
export function notSent(
  reason: EgressFailureReason,
  detail: string,
  message: string = publicMessages[reason],
): EgressFailure {
  return { kind: 'failure', reason, requestSent: false, message, detail, timings: { totalMs: 0 } };
}

/** What an aborted signal means: a deadline, or somebody's change of mind. */
export function abortReason(signal: AbortSignal): 'timeout' | 'cancelled' {
  const { name } = (signal.reason ?? {}) as { name?: unknown };
  return name === 'TimeoutError' ? 'timeout' : 'cancelled';
}
