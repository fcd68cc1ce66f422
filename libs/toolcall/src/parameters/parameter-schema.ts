export const jsonTypes = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'] as const;
export type JsonType = (typeof jsonTypes)[number];

/** A JSON Schema of one value, as far as tools may use the language. */
export interface ParameterSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly properties?: Readonly<Record<string, ParameterSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | ParameterSchema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: ParameterSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
}

/** How large a schema may be. What is inside is checked and compiled in a few milliseconds, whatever it says. */
export const schemaLimits = {
  bytes: 65_536,
  properties: 200,
  depth: 10,
  enumValues: 500,
  examples: 20,
  /** Of all patterns together, in the measure of `patternWeight`. */
  patternWeight: 1000,
} as const;

const impliedBy: readonly (readonly [JsonType, readonly (keyof ParameterSchema)[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties']],
  ['array', ['items', 'minItems', 'maxItems', 'uniqueItems']],
  ['string', ['format', 'pattern', 'minLength', 'maxLength']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
];

/**
 * The types a value may have: those the schema names, else those it can only have meant (`properties` are an
 * object's, an enum's values have types themselves). Empty: any.
 */
export function typesOf(schema: ParameterSchema): readonly JsonType[] {
  const { type } = schema;
  if (typeof type === 'string') return [type as JsonType];
  if (type !== undefined) return type as readonly JsonType[];
  const listed = schema.enum ?? ('const' in schema ? [schema.const] : undefined);
  if (listed) return [...new Set(listed.map(typeOf))];
  return impliedBy
    .filter(([, keywords]) => keywords.some((keyword) => schema[keyword] !== undefined))
    .map(([implied]) => implied);
}

/** The type of a JSON value; `integer` for whole numbers. */
export function typeOf(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value as 'string' | 'boolean' | 'object';
}
