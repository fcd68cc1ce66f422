import { parseBody, type BodyTemplate, type FieldTemplate } from '../body-template.js';
import { spareNames, sparePlacement } from '../compile-spare-arguments.js';
import { typesOf, type Schema } from '../describe/schema.js';
import { usedNames } from '../known-names.js';
import type { ToolDefinition } from '../tool-definition.js';
import type { UrlTemplate } from '../url-template.js';
import { partsOf } from './openapi-parameters.js';
import {
  asPairs,
  listOf,
  together,
  withoutSecret,
  type DescribeValue,
  type ValueSchema,
} from './value-schema.js';

/** A request body, with one media type. */
export interface OpenApiBody {
  readonly contentType: string;
  readonly schema: Schema;
  /** Media types of the parts of a `multipart` body. */
  readonly encoding?: Readonly<Record<string, { readonly contentType: string }>>;
  /** Whether every request has one. */
  readonly isRequired: boolean;
}

const contentTypes: Record<Exclude<BodyTemplate['type'], 'none'>, string> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data',
  text: 'text/plain',
  xml: 'application/xml',
};

/** What a tool sends as its body; undefined when it sends none. */
export function openApiBody(
  definition: ToolDefinition,
  url: UrlTemplate,
  describe: DescribeValue,
): OpenApiBody | undefined {
  const { headers = [], body, angleBrackets } = definition.request;
  const own = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value;
  const contentType = own?.includes('{{') ? undefined : own;
  const valueOf = (text: string, name: string) => describe(partsOf(text, angleBrackets), name);
  const made = body ? templateBody(readBody(body), valueOf) : spareBody(definition, url, describe);
  return made && { ...made, contentType: contentType ?? made.contentType };
}

function readBody(body: NonNullable<ToolDefinition['request']['body']>): BodyTemplate {
  const parsed = parseBody(body);
  if (!parsed.ok) throw new Error(`The body: ${parsed.problems[0]?.message ?? 'cannot be read'}`);
  return parsed.body;
}

type ValueOf = (text: string, name: string) => ValueSchema;

function templateBody(body: BodyTemplate, valueOf: ValueOf): OpenApiBody | undefined {
  switch (body.type) {
    case 'none':
      return undefined;
    case 'json':
      return { contentType: contentTypes.json, ...jsonSchema(body.value, '', valueOf) };
    case 'form':
    case 'multipart':
      return fieldsBody(body, valueOf);
    case 'text':
    case 'xml':
      return {
        contentType: contentTypes[body.type],
        schema: textSchema(body.text, valueOf),
        isRequired: true,
      };
  }
}

/** A text that is always the same is the tool's own affair. */
function textSchema(text: string, valueOf: ValueOf): Schema {
  const { schema } = valueOf(text, '');
  return 'const' in schema ? { type: 'string', description: 'Set by the tool' } : schema;
}

/** The schema of what a JSON template gives. */
function jsonSchema(template: unknown, name: string, valueOf: ValueOf): ValueSchema {
  if (typeof template === 'string') return valueOf(template, name);
  if (Array.isArray(template)) {
    return {
      schema: listOf(template.map((item) => jsonSchema(item, name, valueOf).schema)),
      isRequired: true,
    };
  }
  if (typeof template !== 'object' || template === null) {
    return { schema: withoutSecret({ const: template }, name), isRequired: true };
  }
  return {
    schema: objectSchema(
      Object.entries(template).map(([key, value]: [string, unknown]) => [
        key,
        jsonSchema(value, key, valueOf),
      ]),
    ),
    isRequired: true,
  };
}

function objectSchema(entries: readonly (readonly [name: string, value: ValueSchema])[]): Schema {
  const required = entries.filter(([, { isRequired }]) => isRequired).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, { schema }]) => [name, schema])),
    ...(required.length > 0 && { required }),
  };
}

function fieldsBody(
  { type, fields }: { type: 'form' | 'multipart'; fields: readonly FieldTemplate[] },
  valueOf: ValueOf,
): OpenApiBody {
  const byName = Map.groupBy(fields, ({ name }) => name);
  const entries = [...byName].map(
    ([name, same]) => [name, together(same.map(({ value }) => asPairs(valueOf(value, name))))] as const,
  );
  const typed = fields.flatMap(({ name, contentType, fileName }) => {
    const media = contentType ?? (fileName === undefined ? undefined : 'text/plain');
    return media === undefined ? [] : [[name, { contentType: media }] as const];
  });
  return {
    contentType: contentTypes[type],
    schema: objectSchema(entries),
    ...(typed.length > 0 && { encoding: Object.fromEntries(typed) }),
    isRequired: true,
  };
}

/** Arguments that no placeholder names, where they are the body. */
function spareBody(
  definition: ToolDefinition,
  url: UrlTemplate,
  describe: DescribeValue,
): OpenApiBody | undefined {
  const placement = sparePlacement(definition);
  if (placement !== 'json' && placement !== 'form') return undefined;
  const names = spareNames(definition, usedNames(definition, url));
  const { additionalProperties } = definition.parameters as Schema;
  if (names.length === 0 && !additionalProperties) return undefined;
  const entries = names.map((name) => {
    const value = describe([{ name, path: [name] }], name);
    return [name, placement === 'form' ? asPairs(value) : value] as const;
  });
  return {
    contentType: contentTypes[placement],
    schema: { ...objectSchema(entries), ...(additionalProperties && { additionalProperties }) },
    isRequired: entries.some(([, { isRequired }]) => isRequired),
  };
}

/** The body with one more property, where it has properties; a new one of only that where there is none. */
export function withProperty(
  body: OpenApiBody | undefined,
  name: string,
  schema: Schema,
): OpenApiBody | undefined {
  const isObject = body && typesOf(body.schema).includes('object');
  if (body && !isObject) return body;
  const { properties = {}, required = [], ...rest } = body?.schema ?? { type: 'object' };
  return {
    contentType: contentTypes.json,
    ...body,
    schema: {
      ...rest,
      properties: { ...properties, [name]: schema },
      required: [...required.filter((one) => one !== name), name],
    },
    isRequired: true,
  };
}
