import { Refusal, type FieldError } from './answer.js';

/** Returns the value in the form a route wants. @throws Error whose message completes "must be …". */
export type Check<T> = (value: unknown) => T;

type Checked<Shape extends Record<string, Check<unknown>>> = {
  [Field in keyof Shape]: ReturnType<Shape[Field]>;
};

/** The fields of `shape`, checked; other fields are ignored. @throws Refusal 422 that names every bad field. */
export function checkBody<Shape extends Record<string, Check<unknown>>>(
  body: unknown,
  shape: Shape,
  at = '',
): Checked<Shape> {
  if (!isObject(body)) throw unprocessable([{ pointer: at, detail: 'must be an object' }]);
  const errors: FieldError[] = [];
  const checked: Record<string, unknown> = {};
  for (const [field, check] of Object.entries(shape)) {
    try {
      checked[field] = check(Object.hasOwn(body, field) ? body[field] : undefined);
    } catch (error) {
      const wish = error instanceof Error ? error.message : 'something else';
      errors.push({ pointer: `${at}/${field}`, detail: `must be ${wish}` });
    }
  }
  if (errors.length > 0) throw unprocessable(errors);
  return checked as Checked<Shape>;
}

export function unprocessable(errors: readonly FieldError[]): Refusal {
  const [first] = errors;
  return new Refusal(422, `The request cannot be used: ${first?.pointer ?? ''} ${first?.detail ?? ''}.`, {
    errors,
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(maxLength = 2000): Check<string> {
  return (value) => {
    // Numbers are let through: a form, a template or a language model easily turns an id into one.
    const given = typeof value === 'number' ? String(value) : value;
    if (typeof given !== 'string' || given.trim() === '' || given.length > maxLength) {
      throw new Error(`a text of 1 to ${maxLength} characters`);
    }
    return given;
  };
}

export function email(value: unknown): string {
  if (typeof value !== 'string' || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
    throw new Error('an e-mail address');
  return value;
}

/** A phone number as its digits, so that `+1 (555) 123-4567` and `+15551234567` are one. */
export function phone(value: unknown): string {
  const digits =
    typeof value === 'string' || typeof value === 'number' ? String(value).replace(/\D/g, '') : '';
  if (digits.length < 7 || digits.length > 15) throw new Error('a phone number of 7 to 15 digits');
  return digits;
}

export function flag(value: unknown): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw new Error('true or false');
}

export function wholeNumber(minimum: number, maximum: number): Check<number> {
  return (value) => {
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < minimum || number > maximum) {
      throw new Error(`a whole number from ${minimum} to ${maximum}`);
    }
    return number;
  };
}

export function amount(value: unknown): number {
  const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number <= 0)
    throw new Error('a positive amount');
  return number;
}

export function date(value: unknown): string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d/.test(value) || Number.isNaN(Date.parse(value))) {
    throw new Error('a date such as 2026-01-31');
  }
  return value;
}

export function oneOf<const Option extends string>(...options: readonly Option[]): Check<Option> {
  return (value) => {
    const found = options.find((option) => option === value);
    if (found === undefined) throw new Error(`one of ${options.join(', ')}`);
    return found;
  };
}

export function object(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw new Error('an object');
  return value;
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : check(value));
}

export function withDefault<T>(check: Check<T>, fallback: T): Check<T> {
  return (value) => (value === undefined || value === null ? fallback : check(value));
}
