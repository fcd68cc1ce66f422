import { isOfType, typesOf, type Schema } from '../describe/schema.js';
import { callVariableNames } from '../call-variables.js';
import { containsKeyShape, isSecretField, isSecretHeader } from '../import/secret-names.js';
import { compileStandings, SECRET_NAME } from '../known-names.js';
import {
  parseTemplate,
  referencesOf,
  wholePlaceholder,
  type Reference,
  type TemplateParts,
} from '../parse-template.js';
import { contextNames } from '../scope.js';
import { shownParameters } from '../shown-parameters.js';
import type { ToolDefinition } from '../tool-definition.js';
import type { ValuePath } from '../value-path.js';

/** What stands somewhere in a request, as a schema says it. */
export interface ValueSchema {
  readonly schema: Schema;
  /** Whether it is there in every request. */
  readonly isRequired: boolean;
}

/** @param name what it is called in the request */
export type DescribeValue = (parts: TemplateParts, name: string) => ValueSchema;

/** Compiles what says of a template's value what it can be: an argument's schema, a constant, or where it comes from. */
export function compileValueSchemas(definition: ToolDefinition): DescribeValue {
  const standingOf = compileStandings(definition);
  const schemaOf = compileReferenceSchemas(definition);
  return (parts, name) => {
    const references = referencesOf(parts);
    const isRequired = references.every((reference) => standingOf(reference) !== 'optional');
    const whole = wholePlaceholder(parts);
    const schema = whole ? schemaOf(whole) : textSchema(parts);
    return { schema: withoutSecret(schema, name), isRequired };
  };
}

/** A constant is not told where it looks like a secret, or is called like one: the document is made to be passed on. */
export function withoutSecret(schema: Schema, name: string): Schema {
  if (!('const' in schema)) return schema;
  const text = String(schema.const);
  const isSecret = isSecretHeader(name) || isSecretField(name, text) || containsKeyShape(text);
  if (!isSecret) return schema;
  return { ...(typeof schema.const === 'string' && { type: 'string' }), description: 'Set by the tool' };
}

function textSchema(parts: TemplateParts): Schema {
  const literal = literalText(parts);
  if (literal !== undefined) return { type: 'string', const: literal };
  const names = new Set(referencesOf(parts).map((reference) => `\`${reference.name}\``));
  return { type: 'string', description: `Text made of ${[...names].join(', ')}` };
}

/** The text of a template without placeholders. */
export function literalText(parts: TemplateParts): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part !== 'string') return undefined;
    text += part;
  }
  return text;
}

function compileReferenceSchemas(definition: ToolDefinition): (reference: Reference) => Schema {
  const { bind = {} } = definition;
  const parameters = withItems(shownParameters(definition));
  const variables = callVariableNames(definition);
  const schemaOf = (reference: Reference): Schema => withDefault(reference, bare(reference));
  const bare = ({ name, path }: Reference): Schema => {
    const [head, ...rest] = path as [string, ...ValuePath];
    const bound = Object.hasOwn(bind, head) ? bind[head] : undefined;
    if (bound !== undefined) return boundSchema(bound, rest, schemaOf);
    if (Object.hasOwn(parameters.properties ?? {}, head)) return schemaAt(parameters, path);
    if (contextNames.includes(head))
      return { ...contextSchema(head), description: `From the call: \`${name}\`` };
    if (variables.includes(head)) return { description: `Returned earlier in the call: \`${name}\`` };
    return SECRET_NAME.test(name) ? { type: 'string', description: `The secret \`${name}\`` } : {};
  };
  return schemaOf;
}

function boundSchema(text: string, rest: ValuePath, schemaOf: (reference: Reference) => Schema): Schema {
  const parsed = parseTemplate(text);
  const parts = parsed.ok ? parsed.parts : [];
  const whole = wholePlaceholder(parts);
  if (!whole) return rest.length > 0 ? {} : textSchema(parts);
  return schemaOf(rest.length > 0 ? { ...whole, path: [...whole.path, ...rest] } : whole);
}

/** What stands in for an absent argument is written into the template, and need not be what the argument has to be. */
function withDefault({ filters = [] }: Reference, schema: Schema): Schema {
  const filter = filters.find(({ name, argument }) => name === 'default' && argument !== undefined);
  if (!filter) return schema;
  const { argument } = filter;
  const { title, description, examples, ...rules } = schema;
  if (admits(rules, argument)) return { ...schema, default: argument };
  const said = Object.entries({ title, description, examples }).filter(([, one]) => one !== undefined);
  const either = { anyOf: [rules, { const: argument }], default: argument };
  return { ...Object.fromEntries(said), ...either };
}

/** Whether the value is one of these rules', as far as that is to be seen at a glance. */
function admits({ default: _, ...rules }: Schema, value: unknown): boolean {
  const { type, enum: listed, ...others } = rules;
  if (Object.keys(others).length > 0) return false;
  const isOfItsType = type === undefined || typesOf(rules).some((one) => isOfType(value, one));
  return isOfItsType && (listed === undefined || listed.includes(value));
}

/** The same where a list is a pair of each item, and so none at all when it is empty. */
export function asPairs({ schema, isRequired }: ValueSchema): ValueSchema {
  return { schema, isRequired: isRequired && !kindsOf(schema).includes('array') };
}

/** The types a value may have, whichever of several schemas it is of. */
export function kindsOf(schema: Schema): readonly string[] {
  const { anyOf } = schema as { anyOf?: readonly Schema[] };
  return anyOf?.flatMap(kindsOf) ?? typesOf(schema);
}

/** What stands under one name: a list, where it comes more than once. */
export function together(values: readonly ValueSchema[]): ValueSchema {
  const [first] = values;
  if (values.length === 1 && first) return first;
  const isRequired = values.some((value) => value.isRequired);
  return { schema: listOf(values.map(({ schema }) => schema)), isRequired };
}

/** A list with items of these schemas. */
export function listOf(schemas: readonly Schema[]): Schema {
  const [first, ...others] = schemas;
  const items = others.length === 0 ? (first ?? {}) : { anyOf: schemas };
  return { type: 'array', items: items as Schema };
}

/** The schema with lists that say what they hold, be it anything: OpenAPI's tools want to be told. */
function withItems(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema;
  const isList = typesOf(schema).includes('array');
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, withItems(property)]),
      ),
    }),
    ...(isList && { items: withItems(items ?? {}) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: withItems(additionalProperties),
    }),
  };
}

/** What a schema says of the value at a path; nothing where it says nothing. */
function schemaAt(root: Schema, path: ValuePath): Schema {
  let schema: Schema | undefined = root;
  for (const step of path) {
    schema =
      typeof step === 'number'
        ? schema.items
        : Object.hasOwn(schema.properties ?? {}, step)
          ? schema.properties?.[step]
          : undefined;
    if (!schema) return {};
  }
  return schema;
}

function contextSchema(name: string): Schema {
  switch (name) {
    case 'contact':
    case 'custom':
      return {};
    case 'current_date':
      return { type: 'string', format: 'date' };
    case 'current_datetime':
      return { type: 'string', format: 'date-time' };
    default:
      return { type: 'string' };
  }
}
