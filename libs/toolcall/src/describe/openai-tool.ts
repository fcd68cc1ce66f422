import type { JsonType } from '../parameters/parameter-schema.js';
import { shownParameters } from '../shown-parameters.js';
import type { ToolDefinition } from '../tool-definition.js';
import { describeWithGuidance } from './guidance.js';
import { portableSchema } from './portable-schema.js';
import { describeInWords } from './schema-words.js';
import { isFreeForm, isOfType, listedValues, typesOf, type Schema } from './schema.js';

/** Of a function's description; a longer one is refused. */
const LONGEST_DESCRIPTION = 1024;
/** Of strict schemas: values listed in all, and characters of a list of more than so many values. */
const LISTS = { values: 1000, longList: 250, characters: 15_000 };

/**
 * A function of OpenAI's Responses API, in strict mode wherever its arguments can be: then the model cannot produce
 * others. Strict mode knows objects that are closed and whole, so an optional argument is one that may be null, which
 * Patchbay takes for absent.
 */
export function openAiTool(definition: ToolDefinition): Record<string, unknown> {
  const parameters = shownParameters(definition) as Schema;
  const strict = canBeStrict(parameters) && listsFit(parameters);
  return {
    type: 'function',
    name: definition.key,
    description: describeWithGuidance(definition, LONGEST_DESCRIPTION),
    strict,
    parameters: strict ? strictSchema(parameters, false) : portableSchema(parameters),
  };
}

/** Whether strict mode has words for it: no value of just any type, no object that anything may be in. */
function canBeStrict(schema: Schema): boolean {
  const types = typesOf(schema);
  const listed = listedValues(schema);
  if (types.length === 0 || listed?.some((value) => types.some((type) => isOfType(value, type))) === false)
    return false;
  if (types.includes('object')) {
    if (isFreeForm(schema)) return false;
    if (!Object.values(schema.properties ?? {}).every(canBeStrict)) return false;
  }
  return !types.includes('array') || (schema.items !== undefined && canBeStrict(schema.items));
}

function listsFit(root: Schema): boolean {
  let count = 0;
  const open: Schema[] = [root];
  for (let schema = open.pop(); schema; schema = open.pop()) {
    const values = listedValues(schema) ?? [];
    count += values.length + 1; // and one for null
    const characters = values.reduce<number>((sum, value) => sum + String(value).length, 0);
    if (count > LISTS.values || (values.length >= LISTS.longList && characters > LISTS.characters))
      return false;
    open.push(...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : []));
  }
  return true;
}

/** The keywords that every model with a strict mode has; what the others say is checked by Patchbay anyway. */
const kept: ReadonlySet<string> = new Set(['enum', 'const']);

/** @param isOptional whether the value may be left out, that is: null */
function strictSchema(schema: Schema, isOptional: boolean): Record<string, unknown> {
  const named = typesOf(schema);
  const isNullable = isOptional || named.includes('null');
  const types = named.filter((type) => type !== 'null');
  const description = describeInWords(schema, kept, isOptional ? [whenNull(schema)] : []);
  const described = description === undefined ? {} : { description };
  if (types.length <= 1) {
    const [type] = types;
    const nullable = type === undefined ? 'null' : isNullable ? [type, 'null'] : type;
    return { type: nullable, ...described, ...(type !== undefined && partsOf(schema, type, isNullable)) };
  }
  const branches = types
    .filter((type) => listedValues(schema)?.some((value) => isOfType(value, type)) ?? true)
    .map((type) => ({ type, ...partsOf(schema, type, false) }));
  return { ...described, anyOf: isNullable ? [...branches, { type: 'null' }] : branches };
}

/** What a schema says of the values of one type. */
function partsOf(schema: Schema, type: JsonType, isNullable: boolean): Record<string, unknown> {
  const listed = listedValues(schema)?.filter((value) => isOfType(value, type));
  const values = listed && (isNullable ? [...listed, null] : listed);
  if (type === 'array') return { items: strictSchema(schema.items ?? {}, false) };
  if (type !== 'object') return values ? { enum: values } : {};
  const { properties = {}, required = [] } = schema;
  const entries = Object.entries(properties).map(
    ([name, property]) => [name, strictSchema(property, !required.includes(name))] as const,
  );
  return {
    properties: Object.fromEntries(entries),
    required: entries.map(([name]) => name),
    additionalProperties: false,
  };
}

function whenNull({ default: fallback }: Schema): string {
  return fallback === undefined ? 'Null when there is none' : 'Null for the default';
}
