import type { WorkBudget } from '../work-budget.js';
import type { Expression } from './compile-expression.js';
import { typeOf } from './values.js';

/** What a function takes: types by name, lists of one kind, or an expression (`&name`). */
export type Argument =
  | 'any'
  | 'array'
  | 'object'
  | 'number'
  | 'string'
  | 'string|array'
  | 'string|array|object'
  | 'numbers'
  | 'strings'
  | 'numbers|strings'
  | 'expression';

interface JmespathFunction {
  readonly takes: readonly Argument[];
  /** The last argument may come more than once. */
  readonly isVariadic?: boolean;
  /** The arguments fit what it takes. Text and lists of one kind are paid for, once; what is done beyond that is not. */
  readonly call: (args: readonly unknown[], budget: WorkBudget) => unknown;
}

type Key = number | string;
type Keyed = readonly [key: Key, item: unknown];

/** The functions of standard JMESPath. */
export const functions: Readonly<Record<string, JmespathFunction>> = {
  abs: { takes: ['number'], call: ([n]) => Math.abs(n as number) },
  avg: {
    takes: ['numbers'],
    call: ([list]) =>
      (list as number[]).length === 0 ? null : sum(list as number[]) / (list as number[]).length,
  },
  ceil: { takes: ['number'], call: ([n]) => Math.ceil(n as number) },
  contains: {
    takes: ['string|array', 'any'],
    call: ([searched, wanted], budget) => {
      if (typeof searched === 'string') return typeof wanted === 'string' && searched.includes(wanted);
      budget.pay((searched as unknown[]).length);
      return (searched as unknown[]).includes(wanted);
    },
  },
  ends_with: { takes: ['string', 'string'], call: ([text, end]) => (text as string).endsWith(end as string) },
  floor: { takes: ['number'], call: ([n]) => Math.floor(n as number) },
  join: {
    takes: ['string', 'strings'],
    call: ([glue, texts], budget) => {
      budget.payForText(glue as string, (texts as string[]).length);
      return (texts as string[]).join(glue as string);
    },
  },
  keys: { takes: ['object'], call: ([object], budget) => paidKeys(object as object, budget) },
  length: {
    takes: ['string|array|object'],
    call: ([value], budget) => {
      if (typeof value === 'string') return codePoints(value, budget).length;
      return Array.isArray(value) ? value.length : paidKeys(value as object, budget).length;
    },
  },
  map: {
    takes: ['expression', 'array'],
    call: ([find, list], budget) =>
      (list as unknown[]).map((item) => (find as Expression)(item, budget) ?? null),
  },
  max: { takes: ['numbers|strings'], call: ([list]) => best(list as Key[], (a, b) => a > b) },
  max_by: { takes: ['array', 'expression'], call: (args, budget) => bestBy(args, budget, (a, b) => a > b) },
  merge: {
    takes: ['object'],
    isVariadic: true,
    call: (objects, budget) => {
      for (const object of objects) paidKeys(object as object, budget);
      return Object.fromEntries(objects.flatMap((object) => Object.entries(object as object)));
    },
  },
  min: { takes: ['numbers|strings'], call: ([list]) => best(list as Key[], (a, b) => a < b) },
  min_by: { takes: ['array', 'expression'], call: (args, budget) => bestBy(args, budget, (a, b) => a < b) },
  not_null: { takes: ['any'], isVariadic: true, call: (args) => args.find((arg) => arg !== null) ?? null },
  reverse: {
    takes: ['string|array'],
    call: ([value], budget) => {
      if (typeof value === 'string') return codePoints(value, budget).reverse().join('');
      budget.pay((value as unknown[]).length);
      return (value as unknown[]).toReversed();
    },
  },
  sort: {
    takes: ['numbers|strings'],
    call: ([list], budget) =>
      sorted(
        (list as Key[]).map((key) => [key, key]),
        budget,
      ),
  },
  sort_by: { takes: ['array', 'expression'], call: (args, budget) => sorted(keyed(args, budget), budget) },
  starts_with: {
    takes: ['string', 'string'],
    call: ([text, start]) => (text as string).startsWith(start as string),
  },
  sum: { takes: ['numbers'], call: ([list]) => sum(list as number[]) },
  to_array: { takes: ['any'], call: ([value]) => (Array.isArray(value) ? (value as unknown[]) : [value]) },
  to_number: {
    takes: ['any'],
    call: ([value], budget) => {
      if (typeof value === 'number') return value;
      if (typeof value !== 'string') return null;
      budget.payForText(value);
      return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? Number(value) : null;
    },
  },
  to_string: {
    takes: ['any'],
    call: ([value], budget) => {
      if (typeof value === 'string') return value;
      budget.payForAll(value);
      return JSON.stringify(value);
    },
  },
  type: { takes: ['any'], call: ([value]) => typeOf(value) },
  values: {
    takes: ['object'],
    call: ([object], budget) => {
      paidKeys(object as object, budget);
      return Object.values(object as Record<string, unknown>);
    },
  },
};

function sum(list: readonly number[]): number {
  return list.reduce((total, n) => total + n, 0);
}

function codePoints(text: string, budget: WorkBudget): string[] {
  budget.pay(text.length);
  return Array.from(text);
}

function paidKeys(object: object, budget: WorkBudget): string[] {
  const keys = Object.keys(object);
  budget.payForFields(keys.length);
  return keys;
}

function best(keys: readonly Key[], isBetter: (a: Key, b: Key) => boolean): Key | null {
  const [first, ...rest] = keys;
  return rest.reduce<Key | null>(
    (found, key) => (found === null || isBetter(key, found) ? key : found),
    first ?? null,
  );
}

function bestBy(
  args: readonly unknown[],
  budget: WorkBudget,
  isBetter: (a: Key, b: Key) => boolean,
): unknown {
  const [first, ...rest] = keyed(args, budget);
  return first === undefined
    ? null
    : rest.reduce((found, one) => (isBetter(one[0], found[0]) ? one : found), first)[1];
}

/** Every item with what the expression finds in it: numbers throughout, or text throughout. */
function keyed([list, find]: readonly unknown[], budget: WorkBudget): Keyed[] {
  let kind: string | undefined;
  return (list as unknown[]).map((item) => {
    const key = (find as Expression)(item, budget);
    kind ??= typeof key;
    if ((typeof key !== 'number' && typeof key !== 'string') || typeof key !== kind) {
      throw new Error(`an item has ${typeOf(key)} where all must have numbers, or all text`);
    }
    if (typeof key === 'string') budget.payForText(key);
    return [key, item] as const;
  });
}

/** The items in the order of their keys, equal ones as they were. */
function sorted(items: Keyed[], budget: WorkBudget): unknown[] {
  const rounds = Math.ceil(Math.log2(items.length + 1));
  for (const [key] of items) {
    budget.pay(rounds);
    if (typeof key === 'string') budget.payForText(key, rounds);
  }
  return items.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
}
