import type { ErrorObject } from 'ajv';

/** One thing wrong with a document somebody sent: where, what was found, what would be right. */
export interface Problem {
  /** JSON Pointer (RFC 6901) to the offending value; `''` is the document itself. */
  readonly pointer: string;
  /** Machine-readable kind, snake_case: `required`, `unknown_field`, `wrong_type`, `not_allowed`, … */
  readonly code: string;
  /** A sentence for a person: says what would be right. */
  readonly message: string;
  /** What was there, shortened; absent where the value may be a secret. */
  readonly found?: string;
}

const LONGEST_FOUND = 60;

/** Describes a value in a few words without ever printing more than 60 characters of it. */
export function describeFound(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : `${value as number | boolean}`;
  return `${typeof value} ${text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text}`;
}

/** Escapes one reference token of a JSON Pointer (RFC 6901 section 3). */
export function pointerToken(token: string | number): string {
  return String(token).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A problem, with what was found described. */
export function problem(pointer: string, code: string, message: string, found?: unknown): Problem {
  return { pointer, code, message, ...(found !== undefined && { found: describeFound(found) }) };
}

/** Index and name of every entry that has come before. */
export function repeated(names: readonly string[]): [number, string][] {
  return [...names.entries()].filter(([index, name]) => names.indexOf(name) !== index);
}

/**
 * Turns Ajv's errors into problems, one per cause: the branches of a failed union are folded into one
 * sentence. `showValues: false` keeps every `found` to a type name, for documents that carry secrets.
 */
export function problemsFromAjv(
  errors: readonly ErrorObject[],
  options: { showValues?: boolean } = {},
): Problem[] {
  const showValues = options.showValues ?? true;
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.schemaPath);
  const causes = errors.filter((error) => !unions.some((path) => error.schemaPath.startsWith(`${path}/`)));
  return causes.map((error) => problemFromAjv(error, showValues));
}

function problemFromAjv(error: ErrorObject, showValues: boolean): Problem {
  const at = error.instancePath;
  const found = showValues ? describeFound(error.data) : nameType(error.data);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required': {
      const name = String(params.missingProperty);
      return { pointer: `${at}/${pointerToken(name)}`, code: 'required', message: `\`${name}\` is required` };
    }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params.additionalProperty ?? params.unevaluatedProperty);
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      const hint = known.length > 0 ? `; known here: ${known.join(', ')}` : '';
      return {
        pointer: `${at}/${pointerToken(name)}`,
        code: 'unknown_field',
        message: `\`${shorten(name)}\` is not a field here${hint}`,
      };
    }
    case 'type':
      return { pointer: at, code: 'wrong_type', message: `must be ${String(params.type)}`, found };
    case 'enum':
      return {
        pointer: at,
        code: 'not_allowed',
        message: `must be one of ${(params.allowedValues as unknown[]).map((one) => JSON.stringify(one)).join(', ')}`,
        found,
      };
    case 'const':
      return {
        pointer: at,
        code: 'not_allowed',
        message: `must be ${JSON.stringify(params.allowedValue)}`,
        found,
      };
    case 'anyOf':
      return { pointer: at, code: 'not_allowed', message: `must be ${describeUnion(error.schema)}`, found };
    case 'discriminator':
      return {
        pointer: `${at}/${pointerToken(String(params.tag))}`,
        code: 'not_allowed',
        message: `must be one of ${describeTags(error)}`,
        found: showValues ? describeFound(params.tagValue) : nameType(params.tagValue),
      };
    case 'format':
      return {
        pointer: at,
        code: 'wrong_format',
        message: `must be a valid ${String(params.format)}`,
        found,
      };
    case 'pattern':
      return { pointer: at, code: 'wrong_format', message: `must match ${String(params.pattern)}`, found };
    default:
      return { pointer: at, code: 'out_of_range', message: error.message ?? 'is not valid', found };
  }
}

function describeUnion(schema: unknown): string {
  const branches = Array.isArray(schema) ? (schema as { const?: unknown; type?: string }[]) : [];
  const words = branches.map((branch) =>
    branch.const !== undefined ? JSON.stringify(branch.const) : (branch.type ?? 'another form'),
  );
  return words.length > 0 ? `one of ${[...new Set(words)].join(', ')}` : 'another form';
}

function describeTags(error: ErrorObject): string {
  const branches = (error.parentSchema?.oneOf ?? []) as {
    properties?: Record<string, { const?: unknown }>;
  }[];
  const tag = String((error.params as Record<string, unknown>).tag);
  return branches.map((branch) => JSON.stringify(branch.properties?.[tag]?.const)).join(', ');
}

function nameType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function shorten(text: string): string {
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text;
}
