import { compileCondition, readsContent, type Test } from '../condition/compile-condition.js';
import { parseCondition } from '../condition/parse-condition.js';
import type { HttpMethod, OutcomeRule } from '../tool-definition.js';
import type { Answer } from './answer.js';

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

/** A tool's rules, ready to be asked. */
export interface Outcomes {
  decide(answer: Answer): OutcomeDecision;
  /** The rule for an answer that did not come in time. */
  readonly timeout: OutcomeRule | undefined;
}

interface CompiledRule {
  readonly rule: OutcomeRule;
  readonly applies: Test;
  /** Whether it goes by what the upstream said, not by a status that any intermediary may give. */
  readonly isInformed: boolean;
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
/** `404` and `4xx` in a rule. */
export const STATUS = /^[1-5]\d\d$/;
export const STATUS_CLASS = /^[1-5]xx$/;

/**
 * Compiles the rules of a tool; the first that applies names the outcome, and may say whether that is a success. Otherwise
 * 2xx is one, and after a write a gateway's 502 or 504 leaves open whether it took effect: only a rule that goes by what the
 * answer says can tell.
 */
export function compileOutcomes(rules: readonly OutcomeRule[] | undefined, writes: boolean): Outcomes {
  const compiled = (rules ?? []).flatMap((rule) => compileRule(rule) ?? []);
  return {
    decide: (answer) =>
      decide(
        answer.status,
        writes,
        compiled.find(({ applies }) => applies(answer)),
      ),
    timeout: rules?.find(({ when }) => when === 'timeout'),
  };
}

function compileRule(rule: OutcomeRule): CompiledRule | undefined {
  const { when } = rule;
  if (when === 'timeout') return undefined;
  if (STATUS.test(when)) {
    const wanted = Number(when);
    return { rule, applies: ({ status }) => status === wanted, isInformed: false };
  }
  if (STATUS_CLASS.test(when)) {
    const wanted = Number(when.charAt(0));
    return { rule, applies: ({ status }) => Math.floor(status / 100) === wanted, isInformed: false };
  }
  const parsed = parseCondition(when);
  if (!parsed.ok) throw new Error(`The condition \`${when}\` ${parsed.message}`);
  const { condition } = parsed;
  return { rule, applies: compileCondition(condition), isInformed: readsContent(condition) };
}

function decide(status: number, writes: boolean, matched: CompiledRule | undefined): OutcomeDecision {
  const own = matched && { rule: matched.rule };
  const outcome = matched?.rule.outcome ?? defaultOutcome(status);
  const said = matched?.rule.succeeded;
  if (writes && AMBIGUOUS.has(status) && (said === undefined || !matched?.isInformed)) {
    return { outcome, status: 'unknown', code: 'outcome_unknown', retryable: false, ...own };
  }
  if (said ?? isSuccess(status)) return { outcome, status: 'succeeded', retryable: false, ...own };
  const code = status >= 500 ? 'upstream_error' : 'upstream_refused';
  return { outcome, status: 'failed', code, retryable: RETRYABLE.has(status), ...own };
}

/** Whether a status says by itself that it worked. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function defaultOutcome(status: number): string {
  if (isSuccess(status)) return 'ok';
  if (status >= 300 && status < 400) return 'redirected';
  return names[status] ?? (status >= 500 ? 'upstream_error' : 'invalid');
}

/** Whether a tool can change something: by its method, unless it says so itself. */
export function canWrite(method: HttpMethod, writes: boolean | undefined): boolean {
  return writes ?? method !== 'GET';
}
