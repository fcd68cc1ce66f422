import { pointerToken } from '../problem.js';
import { isReserved } from '../value-path.js';
import type { JsonSchema } from './argument-list.js';
import type { Dropped } from './imported.js';
import { isObject, listOf, textOf, type JsonObject } from './json-nodes.js';
import { mergeSchemas } from './merge-schemas.js';
import type { References } from './openapi-references.js';
import { keepKeyword } from './schema-keywords.js';

const LIMITS = { depth: 7, schemas: 1000, properties: 150, description: 500 };
const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array'];

/** The keywords whose values are schemas, or that say something about others. */
const COMBINING = new Set([
  'allOf',
  'oneOf',
  'anyOf',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'type',
]);
/** Say nothing about a value's form. */
const SILENT =
  /^(?:x-.*|\$(?:ref|id|anchor|comment|defs|schema|dynamicAnchor)|nullable|example|xml|externalDocs|discriminator|readOnly|writeOnly|deprecated|title|contentMediaType|contentEncoding|format|definitions)$/;

/** Reads schemas of OpenAPI 3.0 and 3.1 as parameters of tools, which are a smaller language; notes what is lost. */
export class SchemaReader {
  private schemas = 0;
  private properties = 0;
  private readonly noted = new Set<string>();

  constructor(
    private readonly references: References,
    private readonly drop: (dropped: Dropped) => void,
  ) {}

  /** @param at JSON Pointer to the schema. Properties that only answers have are left out. */
  read(schema: unknown, at: string): JsonSchema {
    return this.convert(schema, at, [], 0);
  }

  private note(at: string, what: string, why: string): void {
    const identity = `${at} ${what}`;
    if (this.noted.has(identity)) return;
    this.noted.add(identity);
    this.drop({ where: at, what, why });
  }

  private convert(schema: unknown, at: string, trail: readonly string[], depth: number): JsonSchema {
    if (!isObject(schema)) return {};
    this.schemas += 1;
    if (depth > LIMITS.depth || this.schemas > LIMITS.schemas) {
      const why =
        depth > LIMITS.depth
          ? `it is nested deeper than ${LIMITS.depth} levels`
          : 'there are too many schemas';
      this.note(at, 'the form of what stands here', why);
      return plainest(schema);
    }
    if (typeof schema.$ref === 'string') return this.convertReference(schema, at, trail, depth);
    const parts = listOf(schema.allOf).map((part, index) =>
      this.convert(part, `${at}/allOf/${index}`, trail, depth + 1),
    );
    const own = this.convertOwn(schema, at, trail, depth);
    let result = [...parts, own].reduce(mergeSchemas);
    for (const keyword of ['oneOf', 'anyOf'] as const) {
      const branches = listOf(schema[keyword]);
      if (branches.length > 0) {
        result = mergeSchemas(this.chooseBranch(keyword, branches, `${at}/${keyword}`, trail, depth), result);
      }
    }
    return settled(schema.nullable === true ? nullable(result) : result);
  }

  private convertReference(
    schema: JsonObject,
    at: string,
    trail: readonly string[],
    depth: number,
  ): JsonSchema {
    const ref = String(schema.$ref);
    const name = ref.replace(/^.*\//, '');
    if (trail.includes(ref)) {
      this.note(
        at,
        `the form of \`${name}\` within itself`,
        'a schema that contains itself has no end; it is cut here',
      );
      const found = this.references.follow(schema, at);
      return { ...(found.ok ? plainest(found.node) : {}), description: `${name}, as above` };
    }
    const found = this.references.follow(schema, at);
    if (!found.ok) {
      this.note(at, `the schema \`${name}\``, found.why);
      return {};
    }
    const target = this.convert(found.node, found.at, [...trail, ...found.refs], depth);
    const siblings = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$ref'));
    return Object.keys(siblings).length === 0
      ? target
      : mergeSchemas(target, this.convert(siblings, at, trail, depth));
  }

  /** Everything but references and combinations. */
  private convertOwn(schema: JsonObject, at: string, trail: readonly string[], depth: number): JsonSchema {
    const result: Record<string, unknown> = {};
    const type = typeOf(schema);
    if (type !== undefined) result.type = type;
    const description = textOf(schema.description)?.trim().slice(0, LIMITS.description);
    if (description !== undefined) result.description = description;
    for (const [keyword, value] of Object.entries(schema)) {
      if (COMBINING.has(keyword) || keyword === 'description') continue;
      const here = `${at}/${pointerToken(keyword)}`;
      const kept = keepKeyword(keyword, value, schema);
      if (kept.ok) Object.assign(result, kept.keywords);
      else if (!SILENT.test(keyword)) this.note(here, `\`${keyword.slice(0, 60)}\``, kept.why);
    }
    if (isObject(schema.properties)) Object.assign(result, this.convertProperties(schema, at, trail, depth));
    if (isObject(schema.items)) result.items = this.convert(schema.items, `${at}/items`, trail, depth + 1);
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'boolean') result.additionalProperties = additionalProperties;
    else if (isObject(additionalProperties)) {
      const further = this.convert(additionalProperties, `${at}/additionalProperties`, trail, depth + 1);
      if (Object.keys(further).length > 0) result.additionalProperties = further;
    }
    return result;
  }

  private convertProperties(
    schema: JsonObject,
    at: string,
    trail: readonly string[],
    depth: number,
  ): { properties: Record<string, JsonSchema>; required?: string[] } {
    const properties: Record<string, JsonSchema> = {};
    for (const [name, property] of Object.entries(schema.properties as JsonObject)) {
      const here = `${at}/properties/${pointerToken(name)}`;
      if (this.isOfAnswers(property, here)) continue;
      if (isReserved(name) || this.properties >= LIMITS.properties) {
        const why = isReserved(name)
          ? 'no parameter can be called so'
          : `there are more than ${LIMITS.properties}`;
        this.note(here, `the property \`${name.slice(0, 60)}\``, why);
        continue;
      }
      this.properties += 1;
      properties[name] = this.convert(property, here, trail, depth + 1);
    }
    const required = listOf(schema.required).filter(
      (name): name is string => typeof name === 'string' && Object.hasOwn(properties, name),
    );
    return { properties, ...(required.length > 0 && { required: [...new Set(required)] }) };
  }

  private isOfAnswers(property: unknown, at: string): boolean {
    const found = this.references.follow(property, at);
    return found.ok && (found.node.readOnly === true || objectOfSiblings(property).readOnly === true);
  }

  /** One form of several: an enum or a list of types where that says the same, else the first. */
  private chooseBranch(
    keyword: 'oneOf' | 'anyOf',
    branches: readonly unknown[],
    at: string,
    trail: readonly string[],
    depth: number,
  ): JsonSchema {
    const forms = branches.slice(0, 50).map((branch, index) => ({ branch, at: `${at}/${index}` }));
    const isNull = ({ branch }: { branch: unknown }) => isObject(branch) && typeOf(branch) === 'null';
    const real = forms.filter((form) => !isNull(form));
    const finish = (schema: JsonSchema) => (real.length < forms.length ? nullable(schema) : schema);
    const [first] = real;
    if (!first) return { type: 'null' };
    const converted = this.convert(first.branch, first.at, trail, depth + 1);
    if (real.length === 1) return finish(converted);
    const all = [
      converted,
      ...real.slice(1).map((form) => this.convert(form.branch, form.at, trail, depth + 1)),
    ];
    const joined = joinForms(all);
    if (joined) return finish(joined);
    const why = `${real.length} forms are possible; a tool’s parameter has one, and the first is taken`;
    this.note(at, `\`${keyword}\``, why);
    return finish(converted);
  }
}

function objectOfSiblings(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** `nullable` and lists of one are gone; types JSON Schema does not have, too. */
function typeOf(schema: JsonObject): string | string[] | undefined {
  const types = (Array.isArray(schema.type) ? (schema.type as unknown[]) : [schema.type]).filter(
    (type): type is string => typeof type === 'string' && (TYPES.includes(type) || type === 'null'),
  );
  if (types.length === 0) return isObject(schema.properties) ? 'object' : undefined;
  return types.length === 1 ? types[0] : [...new Set(types)];
}

/** The type, and nothing about what is inside. */
function plainest(schema: JsonObject): JsonSchema {
  const type = typeOf(schema) ?? (Array.isArray(schema.allOf) ? 'object' : undefined);
  return type === undefined ? {} : { type };
}

function nullable(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  const types = type === undefined ? [] : Array.isArray(type) ? (type as string[]) : [type as string];
  const values = Array.isArray(schema.enum) ? (schema.enum as unknown[]) : undefined;
  return {
    ...schema,
    ...(types.length > 0 && { type: [...new Set([...types, 'null'])] }),
    ...(values && { enum: [...new Set([...values, null])] }),
  };
}

/** Values that are all listed are one enum; types that say nothing more are one list of types. */
function joinForms(forms: readonly JsonSchema[]): JsonSchema | undefined {
  const values = forms.map((form) =>
    'const' in form ? [form.const] : Array.isArray(form.enum) ? (form.enum as unknown[]) : undefined,
  );
  if (values.every((list) => list !== undefined)) {
    const types = [...new Set(forms.flatMap(({ type }) => (type === undefined ? [] : [type as string])))];
    const listed = [...new Set(values.flat())];
    const implied = new Set(listed.map((value) => typeof value));
    const type =
      types.length === 1
        ? types[0]
        : implied.size === 1 && !implied.has('object')
          ? [...implied][0]
          : undefined;
    return { ...(type && { type }), enum: listed };
  }
  const bare = forms.every(
    (form) =>
      typeof form.type === 'string' &&
      !['object', 'array'].includes(form.type) &&
      Object.keys(form).every((key) => ['type', 'description', 'format', 'examples'].includes(key)),
  );
  if (!bare) return undefined;
  const types = [...new Set(forms.map(({ type }) => type as string))];
  const [first = {}] = forms;
  return types.length === 1 ? { type: types[0] } : { ...pick(first, 'description'), type: types };
}

function pick(schema: JsonSchema, keyword: string): JsonSchema {
  return keyword in schema ? { [keyword]: schema[keyword] } : {};
}

/** Without a default that its own type does not allow, and with a type where the rest has one only. */
function settled(schema: JsonSchema): JsonSchema {
  const { default: fallback, ...rest } = schema;
  if (fallback === undefined || allows(schema, fallback)) return schema;
  return rest;
}

function allows(schema: JsonSchema, value: unknown): boolean {
  const types = Array.isArray(schema.type)
    ? (schema.type as string[])
    : schema.type === undefined
      ? []
      : [schema.type as string];
  const values = Array.isArray(schema.enum) ? (schema.enum as unknown[]) : undefined;
  if (values && !values.includes(value)) return false;
  return types.length === 0 || types.some((type) => isOfType(value, type));
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
