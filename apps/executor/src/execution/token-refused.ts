import type { OpenToken } from '../credentials/credential.cache.js';
import type { UpstreamResult } from '../upstream/upstream.caller.js';
import { readAnswer, type Interpretation } from './interpret.js';

/**
 * Whether it may go once more, with another access token: after a 401, since nothing took effect; after an answer that by
 * the credential's own words means an expired token, if it was a read.
 */
export function tokenRefused(
  result: UpstreamResult,
  token: OpenToken | undefined,
  { tool, scrubber }: Interpretation,
): boolean {
  if (!token || result.kind !== 'response') return false;
  if (result.status === 401) return true;
  if (tool.writes || !token.isExpiredBy) return false;
  return token.isExpiredBy(readAnswer(result, tool.responseFormat, scrubber));
}
