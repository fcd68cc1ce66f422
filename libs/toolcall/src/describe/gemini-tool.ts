import { shownParameters } from '../shown-parameters.js';
import type { ToolDefinition } from '../tool-definition.js';
import { describeWithGuidance } from './guidance.js';
import { portableSchema } from './portable-schema.js';
import { describeInWords } from './schema-words.js';
import { isFreeForm, listedValues, typesOf, type Schema } from './schema.js';

/**
 * A function declaration of Gemini. Its `parameters` are a subset of OpenAPI 3.0's schemas; arguments for which that has
 * no words go as `parametersJsonSchema`, which newer models take. A function without arguments has neither: an object
 * without properties is refused.
 */
export function geminiTool(definition: ToolDefinition): Record<string, unknown> {
  const parameters = shownParameters(definition) as Schema;
  const declaration = { name: definition.key, description: describeWithGuidance(definition) };
  const isEmpty = Object.keys(parameters.properties ?? {}).length === 0;
  if (isEmpty && !parameters.additionalProperties) return declaration;
  if (!isInSubset(parameters)) return { ...declaration, parametersJsonSchema: portableSchema(parameters) };
  return { ...declaration, parameters: subsetSchema(parameters) };
}

/** Whether it is one type throughout, every object with properties and none besides, every list with items. */
function isInSubset(schema: Schema): boolean {
  const [type, ...others] = nonNullTypes(schema);
  if (type === undefined || others.length > 0) return false;
  if (type === 'array') return schema.items !== undefined && isInSubset(schema.items);
  if (type !== 'object') return true;
  const properties = Object.values(schema.properties ?? {});
  return !isFreeForm(schema) && properties.length > 0 && properties.every(isInSubset);
}

const nonNullTypes = (schema: Schema) => typesOf(schema).filter((type) => type !== 'null');

const copied = [
  ...(['title', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum'] as const),
  ...(['minItems', 'maxItems', 'minProperties', 'maxProperties'] as const),
];

function subsetSchema(schema: Schema): Record<string, unknown> {
  const [type = ''] = nonNullTypes(schema);
  const values = enumOf(schema, type);
  const kept = new Set<string>(copied);
  if (schema.format === 'date-time' && !values) kept.add('format');
  if (values) kept.add('enum').add('const');
  const description = describeInWords(schema, kept);
  return {
    type: type.toUpperCase(),
    ...(description !== undefined && { description }),
    ...(typesOf(schema).includes('null') && { nullable: true }),
    ...(values && { format: 'enum', enum: values }),
    ...(kept.has('format') && { format: schema.format }),
    ...Object.fromEntries(
      copied.flatMap((keyword) => (schema[keyword] === undefined ? [] : [[keyword, schema[keyword]]])),
    ),
    ...(type === 'array' && schema.items && { items: subsetSchema(schema.items) }),
    ...(type === 'object' && objectParts(schema)),
  };
}

function objectParts({ properties = {}, required = [] }: Schema): Record<string, unknown> {
  const names = Object.keys(properties);
  return {
    properties: Object.fromEntries(names.map((name) => [name, subsetSchema(properties[name] ?? {})])),
    ...(required.length > 0 && { required }),
    propertyOrdering: names,
  };
}

/** Only text can be listed, and no empty text; other lists are said in words. */
function enumOf(schema: Schema, type: string): readonly unknown[] | undefined {
  const values = listedValues(schema)?.filter((value) => value !== null);
  const isText = type === 'string' && values?.every((value) => typeof value === 'string' && value !== '');
  return isText && values && values.length > 0 ? values : undefined;
}
