import { isFormat } from '../parameters/formats.js';
import { schemaLimits } from '../parameters/parameter-schema.js';
import { patternProblem } from '../parameters/pattern.js';
import { isObject, type JsonObject } from './json-nodes.js';
import { hasKeyShape } from './secret-names.js';

export type KeptKeyword =
  { readonly ok: true; readonly keywords: JsonObject } | { readonly ok: false; readonly why: string };

const COUNTS = new Set(['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties']);
const BOUNDS = new Set(['minimum', 'maximum']);
const LONGEST_EXAMPLE = 500;
const MOST_EXAMPLES = 3;

/** What becomes of one keyword of an OpenAPI schema in a tool's parameters. */
export function keepKeyword(keyword: string, value: unknown, schema: JsonObject): KeptKeyword {
  if (COUNTS.has(keyword)) {
    return keepIf(
      Number.isSafeInteger(value) && (value as number) >= 0,
      keyword,
      value,
      'it is no whole number',
    );
  }
  if (BOUNDS.has(keyword)) {
    const isExclusive = schema[keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'] === true;
    if (isExclusive) return { ok: true, keywords: {} };
    return keepIf(Number.isFinite(value), keyword, value, 'it is no number');
  }
  switch (keyword) {
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return keepExclusive(keyword, value, schema[keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum']);
    case 'multipleOf':
      return keepIf(
        Number.isFinite(value) && (value as number) > 0,
        keyword,
        value,
        'it is no number above 0',
      );
    case 'uniqueItems':
      return keepIf(typeof value === 'boolean', keyword, value, 'it is not true or false');
    case 'format':
      return keepIf(isFormat(value), keyword, value, 'it is no format of a tool’s parameters');
    case 'pattern':
      return keepPattern(value);
    case 'enum':
      return keepEnum(value);
    case 'const':
      return keepIf(isScalar(value), keyword, value, 'it is not a single value');
    case 'default':
      return isTelling(value)
        ? { ok: false, why: 'it looks like a secret' }
        : { ok: true, keywords: { default: value } };
    case 'example':
      return keepExamples([value]);
    case 'examples':
      return keepExamples(Array.isArray(value) ? (value as unknown[]) : []);
    default:
      return { ok: false, why: 'a tool’s parameters have no such keyword' };
  }
}

function keepIf(isFit: boolean, keyword: string, value: unknown, why: string): KeptKeyword {
  return isFit ? { ok: true, keywords: { [keyword]: value } } : { ok: false, why };
}

/** In OpenAPI 3.0 it is a flag beside the bound, in 3.1 the bound itself. */
function keepExclusive(keyword: string, value: unknown, bound: unknown): KeptKeyword {
  if (value === false) return { ok: true, keywords: {} };
  const exclusive = value === true ? bound : value;
  return keepIf(Number.isFinite(exclusive), keyword, exclusive, 'it is no number');
}

function keepPattern(value: unknown): KeptKeyword {
  if (typeof value !== 'string') return { ok: false, why: 'it is no regular expression' };
  const why = patternProblem(value);
  return why === undefined ? { ok: true, keywords: { pattern: value } } : { ok: false, why: `it ${why}` };
}

function keepEnum(value: unknown): KeptKeyword {
  if (!Array.isArray(value)) return { ok: false, why: 'it is no list' };
  const values = [...new Set((value as unknown[]).filter(isScalar))];
  if (values.length === 0 || values.length > schemaLimits.enumValues)
    return { ok: false, why: 'it has no values a tool can list, or too many' };
  return { ok: true, keywords: { enum: values } };
}

function keepExamples(values: readonly unknown[]): KeptKeyword {
  const short = values.filter(
    (value) => value !== undefined && JSON.stringify(value).length <= LONGEST_EXAMPLE && !isTelling(value),
  );
  return { ok: true, keywords: short.length > 0 ? { examples: short.slice(0, MOST_EXAMPLES) } : {} };
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isTelling(value: unknown): boolean {
  if (typeof value === 'string') return hasKeyShape(value);
  if (Array.isArray(value)) return value.some(isTelling);
  return isObject(value) && Object.values(value).some(isTelling);
}
