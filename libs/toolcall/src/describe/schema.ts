import { typeOf, typesOf, type JsonType, type ParameterSchema } from '../parameters/parameter-schema.js';

export { typesOf };

/** A schema as a tool has one, with the keywords that matter to whoever reads it. */
export interface Schema extends ParameterSchema {
  readonly $schema?: string;
  readonly deprecated?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
}

/** The only values a schema allows, if it lists them. */
export function listedValues(schema: Schema): readonly unknown[] | undefined {
  return schema.enum ?? ('const' in schema ? [schema.const] : undefined);
}

/** Whether a value listed in a schema is one of a type. */
export function isOfType(value: unknown, type: JsonType): boolean {
  const own = typeOf(value);
  return own === type || (own === 'integer' && type === 'number');
}

/** Whether an object may have properties that nobody has declared, or has none declared to speak of. */
export function isFreeForm({ properties, additionalProperties }: Schema): boolean {
  return Boolean(additionalProperties) || (properties === undefined && additionalProperties !== false);
}
