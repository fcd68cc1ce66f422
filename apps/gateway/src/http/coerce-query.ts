import type { TObject } from 'typebox';

const NUMBER = /^-?[0-9]+(\.[0-9]+)?$/;

/** Query parameters as what their schema wants, where the text is clearly that; the schema judges the rest. */
export function coerceQuery(schema: TObject, query: object): Record<string, unknown> {
  const types = schema.properties as Record<string, { type?: string } | undefined>;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]: [string, unknown]) => [
      name,
      Object.hasOwn(types, name) ? coerce(types[name]?.type, value) : value,
    ]),
  );
}

function coerce(type: string | undefined, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if ((type === 'integer' || type === 'number') && NUMBER.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}
