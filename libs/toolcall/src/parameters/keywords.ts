import { describeFound } from '../problem.js';
import { formats, isFormat } from './formats.js';
import { jsonTypes, schemaLimits } from './parameter-schema.js';
import { patternProblem } from './pattern.js';

/** What is wrong with a keyword's value: `code` and a sentence that says what would be right. */
export interface KeywordProblem {
  readonly code: string;
  readonly message: string;
}

type KeywordCheck = (value: unknown) => KeywordProblem | undefined;

const wrongType = (message: string): KeywordProblem => ({ code: 'wrong_type', message });
const notAllowed = (message: string): KeywordProblem => ({ code: 'not_allowed', message });

const fine: KeywordCheck = () => undefined;
const text: KeywordCheck = (value) => (typeof value === 'string' ? undefined : wrongType('must be text'));
const flag: KeywordCheck = (value) =>
  typeof value === 'boolean' ? undefined : wrongType('must be true or false');
const count: KeywordCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? undefined
    : wrongType('must be a whole number, 0 or more');
const finite: KeywordCheck = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? undefined : wrongType('must be a number');

/**
 * The keywords a tool's parameters may use, each with what its value has to be. `properties`, `items` and
 * `additionalProperties` hold further schemas, which are checked where they stand.
 */
export const keywords: Readonly<Record<string, KeywordCheck>> = {
  $schema: text,
  type: checkType,
  title: text,
  description: text,
  deprecated: flag,
  default: fine,
  examples: checkExamples,
  enum: checkEnum,
  const: (value) => (isScalar(value) ? undefined : wrongType('must be text, a number, true, false or null')),
  format: (value) =>
    isFormat(value) ? undefined : notAllowed(`must be one of ${Object.keys(formats).join(', ')}`),
  minLength: count,
  maxLength: count,
  pattern: checkPattern,
  minimum: finite,
  maximum: finite,
  exclusiveMinimum: finite,
  exclusiveMaximum: finite,
  multipleOf: (value) => finite(value) ?? ((value as number) > 0 ? undefined : notAllowed('must be above 0')),
  properties: checkProperties,
  required: checkRequired,
  additionalProperties: fine,
  minProperties: count,
  maxProperties: count,
  items: (value) =>
    Array.isArray(value) ? wrongType('must be one schema, which every item has to satisfy') : undefined,
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
};

/** What to write instead of keywords that other dialects have, or that make no good function schema. */
const instead: Readonly<Record<string, string>> = {
  nullable: 'write `"type": ["string", "null"]`',
  example: 'write `examples`, a list',
  optional: 'leave the name out of `required`',
  $ref: 'write the schema out where it is used',
  $defs: 'write the schemas out where they are used',
  definitions: 'write the schemas out where they are used',
  oneOf: 'write one schema, or make two tools',
  anyOf: 'write one schema; several types are a list: `"type": ["string", "integer"]`',
  allOf: 'write the schemas as one',
  patternProperties: 'write `additionalProperties`',
  prefixItems: 'write an object with a name for each item',
};

/** Why a keyword cannot be used at all. */
export function unknownKeyword(keyword: string): string {
  const advice = Object.hasOwn(instead, keyword) ? instead[keyword] : undefined;
  const known = `supported: ${Object.keys(keywords).join(', ')}`;
  return `\`${keyword.slice(0, 60)}\` is not supported in parameters; ${advice ?? known}`;
}

function checkType(value: unknown): KeywordProblem | undefined {
  const types: readonly unknown[] = Array.isArray(value) ? value : [value];
  const known = types.every((type) => (jsonTypes as readonly unknown[]).includes(type));
  if (known && types.length > 0 && new Set(types).size === types.length) return undefined;
  return wrongType(`must be one of the allowed values ${jsonTypes.join(', ')}, or a list of different ones`);
}

function checkExamples(value: unknown): KeywordProblem | undefined {
  const most = schemaLimits.examples;
  if (!Array.isArray(value)) return wrongType('must be a list of values');
  return value.length <= most ? undefined : { code: 'too_large', message: `may have ${most} values` };
}

function checkEnum(value: unknown): KeywordProblem | undefined {
  const most = schemaLimits.enumValues;
  if (!Array.isArray(value) || value.length === 0 || !value.every(isScalar)) {
    return wrongType('must be a list of texts, numbers, true, false or null, with one at least');
  }
  if (value.length > most) return { code: 'too_large', message: `may have ${most} values` };
  if (new Set(value).size === value.length) return undefined;
  return { code: 'duplicate', message: 'must have each value once' };
}

function checkPattern(value: unknown): KeywordProblem | undefined {
  if (typeof value !== 'string') return wrongType('must be a regular expression, as text');
  const message = patternProblem(value);
  return message === undefined ? undefined : { code: 'wrong_format', message };
}

function checkProperties(value: unknown): KeywordProblem | undefined {
  return isObject(value) ? undefined : wrongType('must be an object: a schema for each name');
}

function checkRequired(value: unknown): KeywordProblem | undefined {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) {
    if (new Set(value).size === value.length) return undefined;
    return { code: 'duplicate', message: 'must have each name once' };
  }
  return wrongType('must be a list of names, beside `properties`');
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keywords that bound the same thing from both sides. */
const ranges = [
  ['minLength', 'maxLength'],
  ['minimum', 'maximum'],
  ['minItems', 'maxItems'],
  ['minProperties', 'maxProperties'],
] as const;

/** Where a schema asks for more than it allows: the keyword, and why nothing can satisfy it. */
export function contradiction(schema: Record<string, unknown>): [string, KeywordProblem, string] | undefined {
  for (const [low, high] of ranges) {
    const [from, to] = [schema[low], schema[high]];
    if (typeof from === 'number' && typeof to === 'number' && from > to) {
      return [
        low,
        notAllowed(`must not be above \`${high}\`, ${to}: no value satisfies both`),
        describeFound(from),
      ];
    }
  }
  return undefined;
}
