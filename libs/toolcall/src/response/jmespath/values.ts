import type { WorkBudget } from '../work-budget.js';

/** JMESPath's falsehood: null, false, and whatever is empty. */
export function isFalse(value: unknown): boolean {
  if (value === null || value === false || value === '') return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}

/** Whether two JSON values are the same, whatever the order of their fields. */
export function isEqual(a: unknown, b: unknown, budget: WorkBudget): boolean {
  budget.pay(1);
  if (typeof a === 'string') budget.payForText(a);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isEqual(item, b[index], budget));
  }
  const keys = Object.keys(a);
  budget.payForFields(keys.length);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  return keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key], right[key], budget));
}

export type ValueType = 'string' | 'number' | 'boolean' | 'null' | 'array' | 'object';

/** The name of a value's type, as JMESPath's `type()` gives it. */
export function typeOf(value: unknown): ValueType {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as ValueType;
}
