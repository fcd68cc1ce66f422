import { isErrorCode, ServiceError, type ErrorBody } from '#contracts/errors';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { ERROR_CODE_HEADER, ERROR_HEADER, headerText } from './nats-headers.js';

/** The only place where an error becomes bytes. Whatever is not a ServiceError says nothing outside. */
export function encodeError(error: unknown): { payload: string; headers: MsgHdrs } {
  const { code, message, details } = toServiceError(error);
  const body: ErrorBody = { error: { code, message, ...(details !== undefined && { details }) } };
  const carrier = headers();
  carrier.set(ERROR_CODE_HEADER, code);
  carrier.set(ERROR_HEADER, headerText(message));
  return { payload: JSON.stringify(body), headers: carrier };
}

/** What may be said of an error: a database that is away is an outage, anything else unforeseen is `internal`. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (isDatabaseOutage(error))
    return new ServiceError('service_unavailable', 'The database cannot be reached');
  return new ServiceError('internal', 'Patchbay failed to do its work');
}

/** PostgreSQL classes 08 (connection), 53 (resources) and 57P (shutdown), and sockets that fail. */
const OUTAGE_CODE = /^(08\w{3}|53\w{3}|57P\w{2}|ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND)$/;
/** What `pg` says without a code. */
const OUTAGE_MESSAGE = /^(timeout exceeded when trying to connect|Connection terminated|Query read timeout)/;

function isDatabaseOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return OUTAGE_MESSAGE.test(error.message) || (typeof code === 'string' && OUTAGE_CODE.test(code));
}

/** The error a reply carries; undefined when it is an ordinary reply. */
export function decodeError(reply: Msg): ServiceError | undefined {
  if (!reply.headers?.has(ERROR_CODE_HEADER)) return undefined;
  const body = parseObject(reply.data) as Partial<ErrorBody> | undefined;
  const { code, message, details } = body?.error ?? {};
  if (!isErrorCode(code))
    return new ServiceError('internal', 'A service answered with an error of no known kind');
  return new ServiceError(code, message ?? '', details);
}

/**
 * The JSON object in these bytes; an empty payload is an empty object; undefined when it is anything else.
 *
 * @param parse `parseExactly` where integers of any size have to stay what they are
 */
export function parseObject(
  data: Uint8Array,
  parse: (text: string) => unknown = JSON.parse,
): Record<string, unknown> | undefined {
  if (data.length === 0) return {};
  try {
    const value: unknown = parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
