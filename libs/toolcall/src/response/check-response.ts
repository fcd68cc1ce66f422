import { parseCondition, type Condition } from '../condition/parse-condition.js';
import { pointerToken, problem, repeated, type Problem } from '../problem.js';
import type {
  OutcomeRule,
  ResponseDefinition,
  ResponseVariable,
  ToolDefinition,
} from '../tool-definition.js';
import { isReserved, parsePath } from '../value-path.js';
import { STATUS, STATUS_CLASS } from './decide-outcome.js';
import { compileExpression } from './jmespath/compile-expression.js';
import { parsePattern } from './path-pattern.js';

/** All conditions of a tool may be judged on every answer. */
const MOST_COMPARISONS = 50;

/** What is wrong with how a tool reads an answer. */
export function checkResponse(response: ResponseDefinition = {}): Problem[] {
  return [
    ...checkVariables(response.variables ?? []),
    ...(['allow', 'deny', 'redact'] as const).flatMap((list) => checkPatterns(list, response[list] ?? [])),
    ...checkAllow(response),
    ...checkOutcomes(response.outcomes ?? []),
  ];
}

/** What is wrong with what a tool verifies. */
export function checkVerification(verification: ToolDefinition['verification']): Problem[] {
  const when = verification?.grants?.when;
  if (when === undefined) return [];
  const parsed = parseCondition(when);
  return parsed.ok ? [] : [problem('/verification/grants/when', 'wrong_format', parsed.message, when)];
}

function checkVariables(variables: readonly ResponseVariable[]): Problem[] {
  const problems = variables.flatMap((variable, index) => {
    const at = `/response/variables/${index}`;
    return [...checkSource(at, variable), ...checkName(`${at}/name`, variable.name)];
  });
  for (const [index, name] of repeated(variables.map((variable) => variable.name))) {
    const message = `\`${name}\` is mapped more than once`;
    problems.push(problem(`/response/variables/${index}/name`, 'duplicate', message));
  }
  return problems;
}

function checkName(pointer: string, name: string): Problem[] {
  if (!isReserved(name) && name !== 'api_response_status') return [];
  return [problem(pointer, 'not_allowed', `a variable cannot be called \`${name}\``)];
}

function checkSource(at: string, { path, expression, header }: ResponseVariable): Problem[] {
  const given = Object.entries({ path, expression, header }).filter(([, source]) => source !== undefined);
  if (given.length === 0) {
    return [problem(at, 'required', 'needs where it comes from: `path`, `expression` or `header`')];
  }
  const problems = given
    .slice(1)
    .map(([name]) => problem(`${at}/${name}`, 'not_allowed', 'a variable has one source; there is another'));
  if (path !== undefined) {
    const parsed = parsePath(path);
    if (!parsed.ok) problems.push(problem(`${at}/path`, 'wrong_format', parsed.message, path));
  }
  if (expression !== undefined) {
    const compiled = compileExpression(expression);
    if (!compiled.ok) {
      problems.push(problem(`${at}/expression`, 'wrong_format', compiled.message, expression));
    }
  }
  return problems;
}

function checkPatterns(list: 'allow' | 'deny' | 'redact', texts: readonly string[]): Problem[] {
  return texts.flatMap((text, index) => {
    const parsed = parsePattern(text);
    if (parsed.ok) return [];
    return [problem(`/response/${list}/${pointerToken(index)}`, 'wrong_format', parsed.message, text)];
  });
}

function checkAllow({ allow, expose = 'all' }: ResponseDefinition): Problem[] {
  if (!allow || expose === 'all') return [];
  const message = `narrows what \`expose: "all"\` exposes, and \`expose\` is "${expose}"; leave one out`;
  return [problem('/response/allow', 'not_allowed', message)];
}

function checkOutcomes(rules: readonly OutcomeRule[]): Problem[] {
  const problems: Problem[] = [];
  let comparisons = 0;
  for (const [index, { when, succeeded }] of rules.entries()) {
    const at = `/response/outcomes/${index}`;
    const earlier = rules.slice(0, index).find((rule) => rule.when === when || isClassOf(rule.when, when));
    if (earlier) {
      const message = `is never reached: \`${earlier.when}\` stands before it, and the first that applies counts`;
      problems.push(problem(`${at}/when`, 'not_allowed', message, when));
    }
    if (when === 'timeout') {
      if (succeeded === undefined) continue;
      const message = 'cannot be said of an answer that did not come';
      problems.push(problem(`${at}/succeeded`, 'not_allowed', message, succeeded));
    } else if (!STATUS.test(when) && !STATUS_CLASS.test(when)) {
      const parsed = parseCondition(when);
      if (parsed.ok) comparisons += countComparisons(parsed.condition);
      else problems.push(problem(`${at}/when`, 'wrong_format', whenMessage(parsed.message), when));
    }
  }
  if (comparisons > MOST_COMPARISONS) {
    const message = `must make at most ${MOST_COMPARISONS} comparisons in all`;
    problems.push(problem('/response/outcomes', 'out_of_range', message, comparisons));
  }
  return problems;
}

function whenMessage(message: string): string {
  return `is no status (\`404\`), class (\`4xx\`), \`timeout\` or condition: it ${message}`;
}

function isClassOf(statusClass: string, when: string): boolean {
  return STATUS_CLASS.test(statusClass) && STATUS.test(when) && statusClass.charAt(0) === when.charAt(0);
}

function countComparisons(condition: Condition): number {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.reduce((count, term) => count + countComparisons(term), 0);
    case 'not':
      return countComparisons(condition.term);
    default:
      return 1;
  }
}
