import { isObject } from './json-nodes.js';
import type { JsonSchema } from './argument-list.js';

/** What both schemas ask for, as one: `allOf` written out. What contradicts goes to the second. */
export function mergeSchemas(first: JsonSchema, second: JsonSchema): JsonSchema {
  const merged: Record<string, unknown> = { ...first, ...second };
  for (const [keyword, join] of Object.entries(joins)) {
    if (keyword in first && keyword in second) merged[keyword] = join(first[keyword], second[keyword]);
  }
  // Each part's own `additionalProperties: false` would refuse the other's properties.
  if ('properties' in first && 'properties' in second) delete merged.additionalProperties;
  return merged;
}

type Join = (first: unknown, second: unknown) => unknown;

const larger: Join = (first, second) => Math.max(Number(first), Number(second));
const smaller: Join = (first, second) => Math.min(Number(first), Number(second));

const joins: Readonly<Record<string, Join>> = {
  type: joinTypes,
  properties: joinProperties,
  required: (first, second) => [...new Set([...(first as string[]), ...(second as string[])])],
  enum: (first, second) => {
    const both = (first as unknown[]).filter((value) => (second as unknown[]).includes(value));
    return both.length > 0 ? both : second;
  },
  items: (first, second) => (isObject(first) && isObject(second) ? mergeSchemas(first, second) : second),
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
};

function joinTypes(first: unknown, second: unknown): unknown {
  const [one, other] = [first, second].map((type) =>
    Array.isArray(type) ? (type as string[]) : [type as string],
  );
  const both = (one ?? []).filter(
    (type) => other?.includes(type) || (type === 'integer' && other?.includes('number')),
  );
  if ((one ?? []).includes('number') && other?.includes('integer')) both.push('integer');
  if (both.length === 0) return second;
  return both.length === 1 ? both[0] : both;
}

function joinProperties(first: unknown, second: unknown): unknown {
  const merged: Record<string, unknown> = { ...(first as JsonSchema) };
  for (const [name, schema] of Object.entries(second as JsonSchema)) {
    const known = Object.hasOwn(merged, name) ? merged[name] : undefined;
    merged[name] = isObject(known) && isObject(schema) ? mergeSchemas(known, schema) : schema;
  }
  return merged;
}
