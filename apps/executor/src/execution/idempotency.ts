import type { ExecuteTool } from '#contracts/executor.contract';
import { createHash } from 'node:crypto';

/** What makes two requests one: the key, and what was asked under it. */
export interface Idempotency {
  readonly key: string;
  /** Differs when the same key comes with another tool or other arguments. */
  readonly fingerprint: string;
}

/**
 * The idempotency key of an execution: the caller's own, else one derived from call, turn, tool and arguments, so that
 * a repeated request within a call is not done twice. Outside of a call nothing tells repetition from intent, and
 * every request is its own.
 */
export function idempotencyOf(
  request: ExecuteTool,
  version: number,
  coerced: Readonly<Record<string, unknown>>,
  executionId: string,
): Idempotency {
  const { environment = 'production' } = request;
  const place = environment === 'production' ? '' : `@${environment}`; // what is done in staging is not done in production
  const fingerprint = createHash('sha256')
    .update(`${request.toolKey}@${version}${place}\n${canonicalJson(coerced)}`)
    .digest('base64url');
  if (request.idempotencyKey !== undefined)
    return { key: `given${place}:${request.idempotencyKey}`, fingerprint };
  if (request.callId === undefined) return { key: `once:${executionId}`, fingerprint };
  return { key: `call:${request.callId}:${request.turn ?? '-'}:${fingerprint}`, fingerprint };
}

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item)}`).join(',')}}`;
}
