import { readAnswer, type Answer } from '../response/answer.js';
import type { Condition, Operand, Operator } from './parse-condition.js';

export type Test = (answer: Answer) => boolean;
type Read = (answer: Answer) => unknown;

/** `contains` looks no further: so much is searched in microseconds, and a condition may search often. */
const LONGEST_SEARCHED = { characters: 32_768, items: 10_000 };
const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

/**
 * Compiles a condition. Nothing and null are one: neither exists, and both equal `null`. A number equals text that spells
 * it, and true and false their names, since XML, forms and headers know text only.
 */
export function compileCondition(condition: Condition): Test {
  switch (condition.kind) {
    case 'and': {
      const terms = condition.terms.map(compileCondition);
      return (answer) => terms.every((term) => term(answer));
    }
    case 'or': {
      const terms = condition.terms.map(compileCondition);
      return (answer) => terms.some((term) => term(answer));
    }
    case 'not': {
      const term = compileCondition(condition.term);
      return (answer) => !term(answer);
    }
    case 'exists': {
      const read = compileOperand(condition.operand);
      return (answer) => (read(answer) ?? null) !== null;
    }
    case 'compare': {
      const [left, right] = [compileOperand(condition.left), compileOperand(condition.right)];
      const holds = comparisons[condition.operator];
      return (answer) => holds(left(answer) ?? null, right(answer) ?? null);
    }
  }
}

/** Whether a condition asks for anything that the upstream said beyond a status. */
export function readsContent(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.some(readsContent);
    case 'not':
      return readsContent(condition.term);
    case 'exists':
      return isContent(condition.operand);
    case 'compare':
      return isContent(condition.left) || isContent(condition.right);
  }
}

function isContent({ kind }: Operand): boolean {
  return kind === 'body' || kind === 'header';
}

function compileOperand(operand: Operand): Read {
  switch (operand.kind) {
    case 'constant':
      return () => operand.value;
    case 'status':
      return ({ status }) => status;
    case 'header':
      return ({ header }) => header(operand.name);
    case 'body':
      return ({ body }) => readAnswer(body, operand.path);
  }
}

const comparisons: Record<Operator, (a: unknown, b: unknown) => boolean> = {
  '==': isSame,
  '!=': (a, b) => !isSame(a, b),
  '<': (a, b) => compare(a, b) < 0,
  '<=': (a, b) => compare(a, b) <= 0,
  '>': (a, b) => compare(a, b) > 0,
  '>=': (a, b) => compare(a, b) >= 0,
  contains: holds,
};

/** Objects and lists are the same as nothing: there is no constant to compare them with. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'object' && a !== null) return false;
  if (a === b) return true;
  if (typeof a === 'string') return typeof b !== 'string' && spells(a, b);
  return typeof b === 'string' && spells(b, a);
}

function spells(text: string, value: unknown): boolean {
  if (typeof value === 'number') return numberIn(text) === value;
  return typeof value === 'boolean' && text.trim().toLowerCase() === String(value);
}

/** NaN, of which nothing holds, for what has no order. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') {
    const [x, y] = [numberIn(a), numberIn(b)];
    if (x !== undefined && y !== undefined) return x - y;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const [x, y] = [asNumber(a), asNumber(b)];
  return x === undefined || y === undefined ? NaN : x - y;
}

function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? numberIn(value) : undefined;
}

function numberIn(text: string): number | undefined {
  const trimmed = text.length > 40 ? '' : text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : undefined;
}

/** Text in text, an item in a list. */
function holds(whole: unknown, part: unknown): boolean {
  if (typeof whole === 'string') {
    if (typeof part === 'object') return false;
    return whole.slice(0, LONGEST_SEARCHED.characters).includes(`${part as string | number | boolean}`);
  }
  if (!Array.isArray(whole)) return false;
  return whole.slice(0, LONGEST_SEARCHED.items).some((item) => isSame(item, part));
}
