import { isErrorCode, ServiceError, type ErrorBody } from '#contracts/errors';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import { ERROR_CODE_HEADER, ERROR_HEADER, headerText } from './nats-headers.js';

/** The only place where an error becomes bytes. Whatever is not a ServiceError says nothing outside. */
export function encodeError(error: unknown): { payload: string; headers: MsgHdrs } {
  const { code, message, details } =
    error instanceof ServiceError ? error : new ServiceError('internal', 'Patchbay failed to do its work');
  const body: ErrorBody = { error: { code, message, ...(details !== undefined && { details }) } };
  const carrier = headers();
  carrier.set(ERROR_CODE_HEADER, code);
  carrier.set(ERROR_HEADER, headerText(message));
  return { payload: JSON.stringify(body), headers: carrier };
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

/** The JSON object in these bytes; an empty payload is an empty object; undefined when it is anything else. */
export function parseObject(data: Uint8Array): Record<string, unknown> | undefined {
  if (data.length === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString());
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
