import type { ErrorObject } from 'ajv';
import { compileParameters, type ParameterSchema } from './parameters-schema.js';

/** One argument the model must still supply, or supply better. */
export interface MissingArgument {
  readonly name: string;
  readonly type?: string;
  readonly description?: string;
  readonly example?: unknown;
  /** Why what was given did not do; absent when nothing was given. */
  readonly hint?: string;
}

export type Coerced =
  | { readonly ok: true; readonly arguments: Record<string, unknown> }
  | { readonly ok: false; readonly missing: readonly MissingArgument[] };

/**
 * Compiles what turns a model's arguments into those the schema asks for: text that plainly means a number or a
 * boolean becomes one, defaults are filled in, undeclared names are dropped. What still does not fit is listed, all of
 * it at once, in words a model can act on. The input is not changed.
 */
export function compileCoercion(
  schema: Readonly<Record<string, unknown>>,
): (input: Readonly<Record<string, unknown>>) => Coerced {
  const check = compileParameters(schema);
  const root = schema as ParameterSchema;
  const coerce = compileCoercer(root);
  return (input) => {
    const coerced = coerce(input) as Record<string, unknown>;
    if (check(coerced)) return { ok: true, arguments: coerced };
    return { ok: false, missing: describeErrors(check.errors ?? [], root) };
  };
}

type Coercer = (value: unknown) => unknown;

function compileCoercer(schema: ParameterSchema): Coercer {
  const type = typeof schema.type === 'string' ? schema.type : undefined;
  if (type === 'object' || (type === undefined && schema.properties)) return compileObject(schema);
  if (type === 'array' && schema.items) {
    const item = compileCoercer(schema.items);
    return (value) => (Array.isArray(value) ? value.map(item) : value);
  }
  return (value) => coerceScalar(value, type);
}

function compileObject({ properties = {}, additionalProperties }: ParameterSchema): Coercer {
  const declared = Object.entries(properties).map(
    ([name, schema]) => [name, compileCoercer(schema)] as const,
  );
  const further = additionalProperties
    ? compileCoercer(additionalProperties === true ? {} : additionalProperties)
    : undefined;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const input = value as Record<string, unknown>;
    const object: Record<string, unknown> = {};
    for (const [name, coerce] of declared) {
      if (Object.hasOwn(input, name) && input[name] !== undefined) object[name] = coerce(input[name]);
    }
    if (further) {
      for (const [name, item] of Object.entries(input)) {
        if (name !== '__proto__' && !Object.hasOwn(properties, name)) object[name] = further(item);
      }
    }
    return object;
  };
}

function coerceScalar(value: unknown, type: string | undefined): unknown {
  if (typeof value === 'string') {
    const text = value.trim();
    if (type === 'integer' && /^[+-]?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)))
      return Number(text);
    if (type === 'number' && /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/.test(text)) {
      const number = Number(text);
      return Number.isFinite(number) ? number : value;
    }
    if (type === 'boolean') return booleanOf(text) ?? value;
    return value;
  }
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  return value;
}

function booleanOf(text: string): boolean | undefined {
  switch (text.toLowerCase()) {
    case 'true':
    case 'yes':
      return true;
    case 'false':
    case 'no':
      return false;
    default:
      return undefined;
  }
}

function describeErrors(errors: readonly ErrorObject[], root: ParameterSchema): MissingArgument[] {
  const described = new Map<string, MissingArgument>();
  for (const error of errors) {
    const steps = error.instancePath.split('/').slice(1).map(unescapeToken);
    const isAbsent = error.keyword === 'required';
    if (isAbsent) steps.push(String((error.params as { missingProperty: unknown }).missingProperty));
    const name = steps.join('.');
    if (!described.has(name))
      described.set(name, describeArgument(name, steps, root, isAbsent ? undefined : error));
  }
  return [...described.values()];
}

/** What a model needs to know to ask the caller for an argument. */
export function describeArgument(
  name: string,
  steps: readonly string[],
  root: ParameterSchema,
  error?: ErrorObject,
): MissingArgument {
  const schema = schemaAt(root, steps);
  const example = schema?.examples?.[0] ?? schema?.enum?.[0];
  return {
    name,
    ...(typeof schema?.type === 'string' && { type: schema.type }),
    ...(schema?.description !== undefined && { description: schema.description }),
    ...(example !== undefined && { example }),
    ...(error && { hint: hintFor(error) }),
  };
}

function schemaAt(root: ParameterSchema, steps: readonly string[]): ParameterSchema | undefined {
  let schema: ParameterSchema | undefined = root;
  for (const step of steps) schema = schema?.properties?.[step] ?? schema?.items;
  return schema;
}

function hintFor(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'type':
      return `must be ${article(String(params.type))}`;
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`;
    case 'format':
      return `must be ${formatHints[String(params.format)] ?? `a valid ${String(params.format)}`}`;
    default:
      return error.message ?? 'is not valid';
  }
}

const formatHints: Record<string, string> = {
  date: 'a date as YYYY-MM-DD',
  'date-time': 'a date and time as YYYY-MM-DDTHH:MM:SSZ',
  email: 'an e-mail address',
  phone: 'a phone number, best as +14155550100',
  time: 'a time as HH:MM',
};

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
