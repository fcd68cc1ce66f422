import type { ParameterSchema } from './parameters/parameter-schema.js';
import type { ValuePath } from './value-path.js';

/** Whether arguments that satisfy a schema have a value, other than null, at some path. */
export type Presence = 'always' | 'sometimes' | 'never';

/** Says so for every path, of a schema in any state: it may be one that is about to be refused. */
export function presenceAt(root: ParameterSchema, path: ValuePath): Presence {
  let schema = root;
  let presence: Presence = 'always';
  for (const step of path) {
    const found =
      typeof step === 'number' && mayBe(schema, 'array') ? itemOf(schema, step) : fieldOf(schema, `${step}`);
    if (found.presence === 'never') return 'never';
    if (found.presence === 'sometimes') presence = 'sometimes';
    schema = found.schema;
  }
  return mayBe(schema, 'null') ? 'sometimes' : presence;
}

interface Found {
  readonly presence: Presence;
  readonly schema: ParameterSchema;
}

const NOTHING: Found = { presence: 'never', schema: {} };
const anything: ParameterSchema = {};

function itemOf(schema: ParameterSchema & { minItems?: unknown; maxItems?: unknown }, index: number): Found {
  const { items = anything, minItems, maxItems } = schema;
  if (typeof maxItems === 'number' && maxItems <= index) return NOTHING;
  const isGuaranteed = isOnly(schema, 'array') && typeof minItems === 'number' && minItems > index;
  return { presence: isGuaranteed ? 'always' : 'sometimes', schema: items };
}

function fieldOf(schema: ParameterSchema, name: string): Found {
  if (!mayBe(schema, 'object')) return NOTHING;
  const properties = isObject(schema.properties) ? schema.properties : undefined;
  const property: unknown = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (property === undefined) {
    const further = schema.additionalProperties;
    if (properties && !further) return NOTHING; // undeclared names are dropped
    return { presence: 'sometimes', schema: isObject(further) ? further : anything };
  }
  if (!isObject(property)) return { presence: 'sometimes', schema: anything };
  const required = Array.isArray(schema.required) && schema.required.includes(name);
  const isGuaranteed = isOnly(schema, 'object') && (required || 'default' in property);
  return { presence: isGuaranteed ? 'always' : 'sometimes', schema: property };
}

function mayBe(schema: ParameterSchema & { const?: unknown }, wanted: string): boolean {
  const { type, enum: values, properties, items } = schema;
  if (wanted === 'null' && schema.const !== undefined) return schema.const === null;
  if (wanted === 'null' && Array.isArray(values)) return values.includes(null);
  if (typeof type === 'string') return type === wanted;
  if (Array.isArray(type)) return type.includes(wanted);
  return wanted === 'null' ? !properties && !items : true;
}

/** A schema that lists properties and forgets its type means an object. */
function isOnly({ type, properties }: ParameterSchema, wanted: string): boolean {
  if (type === undefined) return wanted === 'object' && properties !== undefined;
  return type === wanted || (Array.isArray(type) && type.length === 1 && type[0] === wanted);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
