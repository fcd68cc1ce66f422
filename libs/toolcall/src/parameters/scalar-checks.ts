import { isRawInteger, type RawInteger } from '../exact-json.js';
import { argumentLimits, type CoercionRun } from './coercion-run.js';
import { formats, isFormat } from './formats.js';
import { listHint, patternHint } from './hints.js';
import type { JsonType, ParameterSchema } from './parameter-schema.js';
import { compilePattern } from './pattern.js';

/** What is wrong with a value of the right type, in words a model can act on; undefined when nothing is. */
export type Check = (value: never, run: CoercionRun) => string | undefined;

/** Stands for "not of this format": what to say depends on what was given. */
export const WRONG_FORMAT = 'has another format';

/** The checks a schema makes of a value of this type, beside the type itself. */
export function checksOf(schema: ParameterSchema, type: JsonType): Check[] {
  const checks: Check[] = [];
  if (type === 'string') checks.push(...stringChecks(schema));
  if (type === 'integer' || type === 'number') checks.push(...numberChecks(schema));
  if (schema.enum) checks.push(listedCheck(schema.enum, { enum: schema.enum }));
  if ('const' in schema) checks.push(listedCheck([schema.const], { const: schema.const }));
  return checks;
}

function listedCheck(listed: readonly unknown[], schema: ParameterSchema): Check {
  const values = new Set(listed);
  return (value) => (values.has(value) ? undefined : listHint(schema));
}

function stringChecks({ minLength = 0, maxLength, pattern, format }: ParameterSchema): Check[] {
  const checks: ((text: string, run: CoercionRun) => string | undefined)[] = [];
  if (minLength > 0) {
    checks.push((text) =>
      text.length >= 2 * minLength || lengthUpTo(text, minLength) >= minLength
        ? undefined
        : `must have at least ${counted(minLength, 'character')}`,
    );
  }
  if (maxLength !== undefined) {
    checks.push((text) =>
      text.length <= maxLength || lengthUpTo(text, maxLength + 1) <= maxLength
        ? undefined
        : `must have at most ${counted(maxLength, 'character')}`,
    );
  }
  if (isFormat(format)) {
    const has = formats[format];
    checks.push((text) => (has(text) ? undefined : WRONG_FORMAT));
  }
  if (pattern !== undefined) checks.push(patternCheck(pattern));
  return checks;
}

function patternCheck(pattern: string): (text: string, run: CoercionRun) => string | undefined {
  const { matches, longestText, stepsPerCharacter } = compilePattern(pattern);
  return (text, run) => {
    if (text.length > longestText) return `must have at most ${longestText} characters`;
    if (!run.takePatternSteps((text.length + 1) * stepsPerCharacter)) return undefined; // refused as a whole
    return matches(text) ? undefined : patternHint(pattern);
  };
}

type Numeric = number | RawInteger;

function numberChecks(schema: ParameterSchema): Check[] {
  const { minimum = -Infinity, exclusiveMinimum = -Infinity, multipleOf } = schema;
  const { maximum = Infinity, exclusiveMaximum = Infinity } = schema;
  const checks: ((value: Numeric) => string | undefined)[] = [];
  if (Math.max(minimum, exclusiveMinimum) > -Infinity || Math.min(maximum, exclusiveMaximum) < Infinity) {
    checks.push((value) => {
      const number = comparable(value);
      if (number < minimum) return `must be at least ${minimum}`;
      if (number > maximum) return `must be at most ${maximum}`;
      if (number <= exclusiveMinimum) return `must be more than ${exclusiveMinimum}`;
      return number >= exclusiveMaximum ? `must be less than ${exclusiveMaximum}` : undefined;
    });
  }
  if (multipleOf !== undefined) {
    checks.push((value) =>
      isMultiple(comparable(value), multipleOf) ? undefined : `must be a multiple of ${multipleOf}`,
    );
  }
  return checks;
}

/** A number and a `bigint` compare exactly. */
function comparable(value: Numeric): number | bigint {
  return typeof value === 'number' ? value : BigInt(value.rawJSON);
}

/** `19.99` is a multiple of `0.01`, though not to a processor. */
function isMultiple(value: number | bigint, step: number): boolean {
  if (typeof value === 'bigint') return !Number.isInteger(step) || value % BigInt(step) === 0n;
  if (Number.isInteger(value) && Number.isInteger(step)) return value % step === 0;
  const ratio = value / step;
  return Math.abs(ratio - Math.round(ratio)) <= 4 * Number.EPSILON * Math.max(1, Math.abs(ratio));
}

/** Characters as people count them (code points), as far as it matters. */
function lengthUpTo(text: string, enough: number): number {
  let length = 0;
  for (let at = 0; at < text.length && length < enough; at += 1, length += 1) {
    const isPair = (text.codePointAt(at) as number) > 0xffff;
    if (isPair) at += 1;
  }
  return length;
}

function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** Whether a value has a scalar type as it stands. */
export const isOfType: Record<Exclude<JsonType, 'array' | 'object'>, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  integer: (value) => (typeof value === 'number' ? Number.isInteger(value) : isRawOfFair(value)),
  number: (value) => (typeof value === 'number' ? Number.isFinite(value) : isRawOfFair(value)),
};

function isRawOfFair(value: unknown): boolean {
  return isRawInteger(value) && value.rawJSON.length <= argumentLimits.digits + 1;
}
