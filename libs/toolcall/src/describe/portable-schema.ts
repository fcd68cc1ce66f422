import { describeInWords } from './schema-words.js';
import type { Schema } from './schema.js';

/** Formats of JSON Schema 2020-12, which every validator knows; `phone` is ours. */
const standardFormats = new Set(['email', 'date', 'date-time', 'time', 'uri', 'uuid']);

/** The schema as JSON Schema 2020-12 that means the same to everybody: what is only ours is said in words. */
export function portableSchema(schema: Schema): Schema {
  const { description, format, properties, items, additionalProperties } = schema;
  const isOurs = format !== undefined && !standardFormats.has(format);
  const words = isOurs
    ? describeInWords({ ...(description !== undefined && { description }), format })
    : undefined;
  const portable: Schema & { $schema?: unknown } = {
    ...schema,
    ...(words !== undefined && { description: words }),
    ...(properties && { properties: portableProperties(properties) }),
    ...(items && { items: portableSchema(items) }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: portableSchema(additionalProperties),
    }),
  };
  delete portable.$schema;
  if (isOurs) delete (portable as { format?: string }).format;
  return portable;
}

function portableProperties(properties: Readonly<Record<string, Schema>>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, portableSchema(property)]),
  );
}
