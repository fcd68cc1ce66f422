import { LONGEST_URL } from './canonical-url.js';
import type { EgressPolicy } from './egress-policy.js';
import { parseTarget, type TargetCheck } from './parse-target.js';

/** What the gate says of a URL, and what of it goes into the request line. */
export interface Found {
  readonly target: TargetCheck;
  /** Path and query. */
  readonly path: string;
}

/** Origin, then a path and query of characters that the URL parser leaves as they are. */
const PLAIN =
  /^(https?:\/\/[^/?#\\@\s]+)(\/[A-Za-z0-9\-._~!$&()*+,;=:@%/]*(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@%/?]+)?)$/;
/** What it would resolve: `.` and `..` segments in any encoding. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;
const MOST_ORIGINS = 1000;

/**
 * The parse gate with a memory of origins. What it decides depends on scheme, host and port alone, so a URL whose path
 * cannot be read in two ways is judged by its origin; any other is parsed anew.
 */
export class TargetMemory {
  private readonly verdicts = new WeakMap<EgressPolicy, Map<string, TargetCheck>>();

  find(url: string | URL, policy: EgressPolicy): Found {
    const text = typeof url === 'string' ? url : url.href;
    const [, origin, path] = text.length <= LONGEST_URL ? (PLAIN.exec(text) ?? []) : [];
    if (origin === undefined || path === undefined || DOT_SEGMENT.test(path)) return parsed(text, policy);
    return { target: this.verdictOn(origin, policy), path };
  }

  private verdictOn(origin: string, policy: EgressPolicy): TargetCheck {
    let ofPolicy = this.verdicts.get(policy);
    if (!ofPolicy) this.verdicts.set(policy, (ofPolicy = new Map<string, TargetCheck>()));
    const known = ofPolicy.get(origin);
    if (known) return known;
    const verdict = parseTarget(`${origin}/`, policy);
    if (ofPolicy.size >= MOST_ORIGINS) ofPolicy.clear(); // cheap to learn anew
    ofPolicy.set(origin, verdict);
    return verdict;
  }
}

function parsed(text: string, policy: EgressPolicy): Found {
  const target = parseTarget(text, policy);
  return { target, path: target.ok ? target.url.pathname + target.url.search : '' };
}
