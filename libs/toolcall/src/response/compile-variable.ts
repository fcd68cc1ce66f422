import type { ResponseVariable } from '../tool-definition.js';
import { parsePath } from '../value-path.js';
import { readAnswer, type Answer } from './answer.js';
import { compileExpression } from './jmespath/compile-expression.js';
import type { WorkBudget } from './work-budget.js';

/** What a variable's source found; `undefined` when nothing, and why when that needs saying. */
export interface Found {
  readonly value: unknown;
  readonly reason?: string;
}

/** A variable of the response, ready to be looked for. */
export interface Variable {
  readonly name: string;
  /** Where it comes from, as written. */
  readonly source: string;
  readonly fallback: unknown;
  readonly find: (answer: Answer, budget: WorkBudget) => Found;
}

type Find = Variable['find'];
const NOT_FOUND: Found = { value: undefined };

/** Compiles one variable: a path, a JMESPath expression, or a header. */
export function compileVariable({
  name,
  path,
  expression,
  header,
  default: value,
}: ResponseVariable): Variable {
  const fallback = value ?? null;
  if (header !== undefined) {
    return { name, source: `header: ${header}`, fallback, find: headerFinder(header.toLowerCase()) };
  }
  if (expression !== undefined)
    return { name, source: expression, fallback, find: expressionFinder(expression) };
  return { name, source: path ?? '', fallback, find: pathFinder(path ?? '') };
}

function headerFinder(header: string): Find {
  return (answer) => ({ value: answer.header(header) });
}

function pathFinder(text: string): Find {
  const parsed = parsePath(text);
  if (!parsed.ok) throw new Error(`The path \`${text}\` ${parsed.message}`);
  const { path } = parsed;
  return ({ body }, budget) => {
    const value = readAnswer(body, path);
    return isSmall(value) ? { value } : afforded(() => value, budget);
  };
}

/** JMESPath has null for what is not there. */
function expressionFinder(text: string): Find {
  const compiled = compileExpression(text);
  if (!compiled.ok) throw new Error(`The expression \`${text}\` ${compiled.message}`);
  const { find } = compiled;
  return ({ body }, budget) => {
    if (body.kind !== 'value') return NOT_FOUND;
    return afforded(() => find(body.value, budget) ?? undefined, budget);
  };
}

function isSmall(value: unknown): boolean {
  return typeof value === 'string' ? value.length < 256 : typeof value !== 'object' || value === null;
}

/** What it comes to, if it is within what may be done with one answer: the same data can be named often. */
function afforded(find: () => unknown, budget: WorkBudget): Found {
  try {
    const value = find();
    budget.payForAll(value);
    return { value };
  } catch (error) {
    return { value: undefined, reason: error instanceof Error ? error.message : 'cannot be worked out' };
  }
}
