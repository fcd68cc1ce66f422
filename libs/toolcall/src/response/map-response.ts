import type { ResponseDefinition } from '../tool-definition.js';
import type { Answer } from './answer.js';
import { compileVariable, type Variable } from './compile-variable.js';
import { compileAllowing, compileHiding } from './filter-value.js';
import { limitResult, type ResultLimits } from './limit-result.js';
import { parsePattern, type PathPattern } from './path-pattern.js';
import type { ResponseBody } from './read-body.js';
import { WorkBudget } from './work-budget.js';

/** A variable whose source found nothing in an answer. */
export interface VariableNotFound {
  readonly name: string;
  /** The path, the expression or `header: x-name`, as written. */
  readonly source: string;
  /** Why, where it is not just that nothing is there. */
  readonly reason?: string | undefined;
  /** What the variable is instead: its default, else null. */
  readonly value: unknown;
}

export interface MappedResponse {
  /** By name, nested, with `api_response_status`. */
  readonly variables: Record<string, unknown>;
  /** What the model may read. */
  readonly result: Record<string, unknown>;
  /** What messages may name: also what is exposed to nobody else. */
  readonly spoken: Record<string, unknown>;
  /** Absent when every variable was found. */
  readonly notFound?: readonly VariableNotFound[] | undefined;
}

/**
 * Compiles how an answer becomes variables: every top-level field by its name and the mapped ones by theirs, mapped
 * first; a list, a scalar and text as `response`. A source that finds nothing gives its default, else null. What the tool denies or
 * redacts is gone before anything else.
 */
export function compileMapping(response: ResponseDefinition = {}): (answer: Answer) => MappedResponse {
  const { expose = 'all' } = response;
  const variables = (response.variables ?? []).map(compileVariable);
  const hide = compileHiding(patternsOf(response.deny), patternsOf(response.redact));
  const allow = compileAllowing(response.allow && patternsOf(response.allow));
  const limits: ResultLimits = response;

  return (answer) => {
    const { status } = answer;
    const seen = hide ? withBody(answer, hide) : answer;
    const { own, notFound } = mapVariables(variables, seen);
    const automatic = automaticVariables(seen.body, allow);
    const all = { ...wholeText(seen.body, automatic), ...automatic, ...own, api_response_status: status };
    const exposed = expose === 'all' ? { ...automatic, ...own } : expose === 'mapped' ? own : {};
    return {
      variables: expose === 'all' ? all : { ...exposed, api_response_status: status },
      result: limitResult(exposed, limits),
      spoken: all,
      notFound,
    };
  };
}

function patternsOf(texts: readonly string[] = []): PathPattern[] {
  return texts.map((text) => {
    const parsed = parsePattern(text);
    if (!parsed.ok) throw new Error(`The path \`${text}\` ${parsed.message}`);
    return parsed.pattern;
  });
}

function withBody(answer: Answer, change: (value: unknown) => unknown): Answer {
  const { body } = answer;
  return body.kind === 'value' ? { ...answer, body: { ...body, value: change(body.value) } } : answer;
}

const NOTHING = {};

function mapVariables(
  variables: readonly Variable[],
  answer: Answer,
): { own: Record<string, unknown>; notFound?: VariableNotFound[] } {
  if (variables.length === 0) return { own: NOTHING };
  const own: Record<string, unknown> = {};
  const budget = new WorkBudget();
  let notFound: VariableNotFound[] | undefined;
  for (const { name, source, find, fallback } of variables) {
    const found = find(answer, budget);
    own[name] = found.value ?? fallback;
    if (found.value === undefined)
      (notFound ??= []).push({ name, source, reason: found.reason, value: fallback });
  }
  return notFound ? { own, notFound } : { own };
}

/** Text has been `response`, like everything without fields, before it was `{ text }`, and still is; not twice for the model. */
function wholeText(body: ResponseBody, { text }: Record<string, unknown>): Record<string, unknown> {
  const isText = body.kind === 'value' && body.format === 'text' && text !== undefined;
  return isText ? { response: text } : NOTHING;
}

function automaticVariables(
  body: ResponseBody,
  allow: ((value: unknown) => unknown) | undefined,
): Record<string, unknown> {
  if (body.kind !== 'value') return NOTHING;
  const value = allow ? allow(body.value) : body.value;
  if (value === undefined) return NOTHING;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { response: value };
  return value as Record<string, unknown>;
}
