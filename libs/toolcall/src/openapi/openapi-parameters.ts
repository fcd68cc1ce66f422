import { queryNames, spareNames, sparePlacement } from '../compile-spare-arguments.js';
import type { Schema } from '../describe/schema.js';
import { containsKeyShape } from '../import/secret-names.js';
import { usedNames } from '../known-names.js';
import { parseTemplate, type Reference, type TemplateParts } from '../parse-template.js';
import type { ToolDefinition } from '../tool-definition.js';
import type { UrlTemplate } from '../url-template.js';
import {
  asPairs,
  kindsOf,
  literalText,
  together,
  type DescribeValue,
  type ValueSchema,
} from './value-schema.js';

type ParameterPlace = 'path' | 'query' | 'header';

/** A parameter object of OpenAPI. */
export interface OpenApiParameter {
  readonly name: string;
  readonly in: ParameterPlace;
  readonly description?: string;
  readonly required?: true;
  readonly [more: string]: unknown;
}

/** The path as OpenAPI writes it, `/orders/{id}`, and what stands for the names in it. */
export function openApiPath(
  { request: { pathParameters = [], angleBrackets } }: ToolDefinition,
  url: UrlTemplate,
  describe: DescribeValue,
): { readonly path: string; readonly parameters: readonly OpenApiParameter[] } {
  const fillings = new Map(pathParameters.map((one) => [one.name, one] as const));
  const parameters: OpenApiParameter[] = [];
  const nameOf = uniqueNames();
  const written = (reference: Reference): string => {
    const { value, default: fallback, useDefault } = fillings.get(reference.name) ?? {};
    const parts = value === undefined ? [reference] : partsOf(value, angleBrackets);
    const text = literalText(parts);
    if (text !== undefined) return literal(encodeURIComponent(text));
    const name = nameOf(reference.name);
    const { schema } = describe(parts, '');
    const filled = fallback !== undefined && useDefault ? { ...schema, default: fallback } : schema;
    parameters.push(parameter('path', name, { schema: filled, isRequired: true }));
    return `{${name}}`;
  };
  const literal = (text: string): string => {
    if (!containsKeyShape(text)) return text;
    const name = nameOf('secret');
    const schema = { type: 'string', description: 'Set by the tool' };
    parameters.push(parameter('path', name, { schema, isRequired: true }));
    return `{${name}}`;
  };
  const segments = url.segments.map((parts) =>
    parts.map((part) => (typeof part === 'string' ? literal(part) : written(part))).join(''),
  );
  return { path: `/${segments.join('/')}`, parameters };
}

/** Headers of which OpenAPI says elsewhere, or nowhere, what they are. */
const notParameters = new Set(['accept', 'content-type', 'authorization']);

/** What goes into the query and the headers: what the tool puts there, and arguments that no placeholder names. */
export function openApiQueryAndHeaders(
  definition: ToolDefinition,
  url: UrlTemplate,
  describe: DescribeValue,
): OpenApiParameter[] {
  const { query = [], headers = [], angleBrackets } = definition.request;
  const found = [
    ...url.query.map(({ name, value }) => ['query', name, describe(value, name)] as const),
    ...query.map(
      ({ name, value }) => ['query', name, describe(partsOf(value, angleBrackets), name)] as const,
    ),
    ...spareQuery(definition, url, describe),
    ...headers
      .filter(({ name }) => !notParameters.has(name.toLowerCase()))
      .map(({ name, value }) => ['header', name, describe(partsOf(value, angleBrackets), name)] as const),
  ];
  const byName = Map.groupBy(found, ([place, name]) => `${place} ${name}`);
  const parameters = [...byName.values()].map((same) => {
    const [[place, name]] = same as [(typeof found)[number]];
    return parameter(
      place,
      name,
      together(same.map(([, , value]) => (place === 'query' ? asPairs(value) : value))),
    );
  });
  const isOpen = Boolean((definition.parameters as Schema).additionalProperties);
  return isOpen && sparePlacement(definition) === 'query'
    ? [...parameters, furtherArguments(parameters)]
    : parameters;
}

function spareQuery(definition: ToolDefinition, url: UrlTemplate, describe: DescribeValue) {
  if (sparePlacement(definition) !== 'query') return [];
  const taken = queryNames(definition, url);
  return spareNames(definition, usedNames(definition, url))
    .filter((name) => !taken.includes(name))
    .map((name) => ['query', name, describe([{ name, path: [name] }], name)] as const);
}

/** Undeclared arguments, each under its own name. */
function furtherArguments(others: readonly OpenApiParameter[]): OpenApiParameter {
  const names = new Set(others.map(({ name }) => name));
  const name = ['arguments', 'further_arguments'].find((one) => !names.has(one)) ?? 'arguments_';
  const description = 'Further arguments, each as a pair of its own name';
  const schema = { type: 'object', additionalProperties: true };
  return { name, in: 'query', description, style: 'form', explode: true, schema };
}

function parameter(
  place: ParameterPlace,
  name: string,
  { schema, isRequired }: ValueSchema,
): OpenApiParameter {
  const { description, ...bare } = schema;
  const types = kindsOf(schema);
  // Lists are pairs of the same name in a query; anything else that has parts is written as JSON.
  const isJson = types.includes('object') || (place !== 'query' && types.includes('array'));
  return {
    name,
    in: place,
    ...(description !== undefined && { description }),
    ...(isRequired && { required: true as const }),
    ...(isJson ? { content: { 'application/json': { schema: bare } } } : { schema: bare }),
  };
}

/** Names that may stand in braces, each once. */
function uniqueNames(): (name: string) => string {
  const given = new Set<string>();
  return (wanted) => {
    const plain = wanted.replace(/[^A-Za-z0-9_.-]+/g, '_').replace(/_$/, '');
    let name = plain;
    for (let count = 2; given.has(name); count += 1) name = `${plain}_${count}`;
    given.add(name);
    return name;
  };
}

export function partsOf(text: string, angleBrackets?: boolean): TemplateParts {
  const parsed = parseTemplate(text, { angleBrackets });
  if (!parsed.ok) throw new Error(`The template ${parsed.message}`);
  return parsed.parts;
}
