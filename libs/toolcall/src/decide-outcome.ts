import type { HttpMethod, OutcomeRule } from './tool-definition.js';

/** What an answer of the API means. */
export interface OutcomeDecision {
  readonly outcome: string;
  readonly status: 'succeeded' | 'failed' | 'unknown';
  readonly code?: 'upstream_refused' | 'upstream_error' | 'outcome_unknown';
  /** Whether the same request might do later, as far as the status tells. */
  readonly retryable: boolean;
  /** The tool's own rule that decided, when one did. */
  readonly rule?: OutcomeRule;
}

const names: Record<number, string> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  422: 'invalid',
  429: 'rate_limited',
};

const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);
/** An intermediary answered for a server that may have done the work all the same. */
const AMBIGUOUS = new Set([502, 504]);

/**
 * Reads an HTTP status. The tool's own rules name the outcome; whether it succeeded follows from the status: 2xx did,
 * and after a write a gateway's 502 or 504 leaves open whether it took effect.
 */
export function decideOutcome(
  status: number,
  writes: boolean,
  rules: readonly OutcomeRule[] = [],
): OutcomeDecision {
  const rule = ruleFor(String(status), rules);
  const outcome = rule?.outcome ?? defaultOutcome(status);
  const own = rule && { rule };
  if (status >= 200 && status < 300) return { outcome, status: 'succeeded', retryable: false, ...own };
  if (writes && AMBIGUOUS.has(status)) {
    return { outcome, status: 'unknown', code: 'outcome_unknown', retryable: false, ...own };
  }
  const code = status >= 500 ? 'upstream_error' : 'upstream_refused';
  return { outcome, status: 'failed', code, retryable: RETRYABLE.has(status), ...own };
}

/** The rule for a status (`404` goes before `4xx`) or for `timeout`. */
export function ruleFor(what: string, rules: readonly OutcomeRule[]): OutcomeRule | undefined {
  return rules.find(({ when }) => when === what) ?? rules.find(({ when }) => when === `${what.charAt(0)}xx`);
}

function defaultOutcome(status: number): string {
  if (status >= 200 && status < 300) return 'ok';
  if (status >= 300 && status < 400) return 'redirected';
  return names[status] ?? (status >= 500 ? 'upstream_error' : 'invalid');
}

/** Whether a tool can change something: by its method, unless it says so itself. */
export function canWrite(method: HttpMethod, writes: boolean | undefined): boolean {
  return writes ?? method !== 'GET';
}
