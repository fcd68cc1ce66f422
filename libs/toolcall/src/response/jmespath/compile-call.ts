import type { WorkBudget } from '../work-budget.js';
import type { Expression } from './compile-expression.js';
import { functions, type Argument } from './functions.js';
import { typeOf } from './values.js';

/** An argument of a call: a value to work out, or (`&name`) an expression to hand on. */
export interface CallArgument {
  readonly isReference: boolean;
  readonly find: Expression;
}

/**
 * Compiles the call of a function. That it exists and has as many arguments, and expressions where it wants expressions,
 * is checked here; what the arguments are is known only when it is called.
 */
export function compileCall(name: string, args: readonly CallArgument[]): Expression {
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!known)
    throw new Error(`there is no function \`${name}\`; known: ${Object.keys(functions).join(', ')}`);
  const { takes, isVariadic = false, call } = known;
  if (isVariadic ? args.length < takes.length : args.length !== takes.length) {
    throw new Error(`\`${name}\` takes ${isVariadic ? 'at least ' : ''}${takes.length} arguments`);
  }
  const wanted = args.map((_, index) => takes[Math.min(index, takes.length - 1)] as Argument);
  args.forEach(({ isReference }, index) => {
    if (isReference !== (wanted[index] === 'expression')) {
      throw new Error(
        `argument ${index + 1} of \`${name}\` must be ${isReference ? 'a value' : 'an expression, `&name`'}`,
      );
    }
  });
  return (value, budget) => {
    const given = args.map(({ isReference, find }, index) => {
      if (isReference) return find;
      const found = find(value, budget) ?? null;
      assertFits(name, index, wanted[index] as Argument, found, budget);
      return found;
    });
    return call(given, budget);
  };
}

function assertFits(name: string, index: number, wanted: Argument, found: unknown, budget: WorkBudget): void {
  if (wanted === 'any' || wanted === 'expression') return;
  if (typeof found === 'string') budget.payForText(found);
  const type = typeOf(found);
  if (wanted === 'numbers' || wanted === 'strings' || wanted === 'numbers|strings') {
    if (type === 'array' && isListOf(wanted, found as unknown[], budget)) return;
  } else if (wanted.split('|').includes(type)) {
    return;
  }
  throw new Error(
    `argument ${index + 1} of \`${name}\` is ${type} and must be ${wanted.replaceAll('|', ' or ')}`,
  );
}

/** Of one kind throughout; pays for every item, and for the text in it. */
function isListOf(
  wanted: 'numbers' | 'strings' | 'numbers|strings',
  list: readonly unknown[],
  budget: WorkBudget,
): boolean {
  budget.pay(list.length);
  const kind =
    wanted === 'numbers|strings' ? typeof (list[0] ?? 0) : wanted === 'numbers' ? 'number' : 'string';
  if (kind !== 'number' && kind !== 'string') return false;
  return list.every((item) => {
    if (typeof item === 'string') budget.payForText(item);
    return typeof item === kind;
  });
}
