import { RE2JS } from 're2js';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { describeFound, pointerToken, type Problem } from './problem.js';
import type { VariableDeclaration } from './tool-definition.js';
import { isReserved } from './value-path.js';

/** A JSON Schema of one value, as far as tools may use the language. */
export interface ParameterSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, ParameterSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | ParameterSchema;
  readonly items?: ParameterSchema;
}

const LIMITS = { bytes: 65_536, properties: 200, depth: 10, patternLength: 512 };

/** The keywords a tool's parameters may use; `$ref`, `oneOf` and their kin make no better function schema. */
const KEYWORDS = new Set([
  ...[
    'type',
    'title',
    'description',
    'examples',
    'default',
    'enum',
    'const',
    'format',
    '$schema',
    'deprecated',
  ],
  ...['minLength', 'maxLength', 'pattern'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  ...['items', 'minItems', 'maxItems', 'uniqueItems'],
]);

const PHONE = /^\+?[0-9][0-9 ().-]{2,24}$/;
const formats: Record<string, (text: string) => boolean> = {
  email: (text) => /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/.test(text) && text.length <= 254,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isCalendarDate(text),
  'date-time': (text) => /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}/.test(text) && !Number.isNaN(Date.parse(text)),
  time: (text) => /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?/.test(text),
  uri: (text) => URL.canParse(text),
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  phone: (text) => PHONE.test(text),
};

function isCalendarDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** RE2 instead of the engine's own: a tenant's pattern must not be able to hold the event loop. */
const re2 = Object.assign((pattern: string) => ({ test: linearTest(pattern) }), { code: 'new RE2' });

function linearTest(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.matcher(text).find();
}

/** A check of arguments, as Ajv makes it: fills in defaults, leaves its errors behind. */
export interface ArgumentCheck {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

const compiler = new Ajv2020({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  strict: false, // unknown keywords are refused by parametersProblems, with a pointer
  validateSchema: false,
  addUsedSchema: false,
  formats,
  code: { regExp: re2 },
});
const metaSchema = new Ajv2020({ strict: false, allErrors: true, formats, addUsedSchema: false });

/** Compiles a schema that {@link parametersProblems} has nothing against; once per version, not per execution. */
export function compileParameters(schema: Readonly<Record<string, unknown>>): ArgumentCheck {
  try {
    return compiler.compile(schema) as ArgumentCheck;
  } finally {
    compiler.removeSchema(schema); // or Ajv would keep every schema it has ever seen
  }
}

/** Everything that is wrong with a tool's `parameters`, with pointers below `at`. */
export function parametersProblems(schema: unknown, at: string): Problem[] {
  if (Buffer.byteLength(JSON.stringify(schema)) > LIMITS.bytes) {
    return [{ pointer: at, code: 'too_large', message: `may have ${LIMITS.bytes} bytes as JSON` }];
  }
  const problems: Problem[] = [];
  const count = { properties: 0 };
  checkSchema(schema, at, 1, count, problems);
  if (count.properties > LIMITS.properties) {
    problems.push({
      pointer: at,
      code: 'too_large',
      message: `may declare ${LIMITS.properties} properties in all`,
    });
  }
  const root = schema as ParameterSchema;
  if (problems.length === 0 && root.type !== 'object') {
    const message = 'must be "object": arguments are a JSON object';
    problems.push({ pointer: `${at}/type`, code: 'not_allowed', message, found: describeFound(root.type) });
  }
  if (problems.length === 0) problems.push(...compileProblems(root, at));
  return problems;
}

function checkSchema(
  schema: unknown,
  at: string,
  depth: number,
  count: { properties: number },
  problems: Problem[],
): void {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    const message = 'must be a JSON Schema object';
    problems.push({ pointer: at, code: 'wrong_type', message, found: describeFound(schema) });
    return;
  }
  if (depth > LIMITS.depth) {
    problems.push({ pointer: at, code: 'too_deep', message: `may be nested ${LIMITS.depth} levels deep` });
    return;
  }
  for (const [keyword, value] of Object.entries(schema)) {
    const here = `${at}/${pointerToken(keyword)}`;
    if (!KEYWORDS.has(keyword)) {
      const message = `\`${keyword}\` is not supported in parameters; supported: ${[...KEYWORDS].join(', ')}`;
      problems.push({ pointer: here, code: 'unknown_field', message });
    } else if (keyword === 'properties') {
      checkProperties(value, here, depth, count, problems);
    } else if (keyword === 'items' || (keyword === 'additionalProperties' && typeof value !== 'boolean')) {
      checkSchema(value, here, depth + 1, count, problems);
    } else if (keyword === 'format') {
      checkFormat(value, here, problems);
    } else if (keyword === 'pattern') {
      checkPattern(value, here, problems);
    }
  }
}

function checkProperties(
  value: unknown,
  at: string,
  depth: number,
  count: { properties: number },
  problems: Problem[],
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push({
      pointer: at,
      code: 'wrong_type',
      message: 'must be an object',
      found: describeFound(value),
    });
    return;
  }
  for (const [name, property] of Object.entries(value)) {
    count.properties += 1;
    const here = `${at}/${pointerToken(name)}`;
    if (isReserved(name)) {
      problems.push({
        pointer: here,
        code: 'not_allowed',
        message: `a parameter cannot be called \`${name}\``,
      });
    } else {
      checkSchema(property, here, depth + 1, count, problems);
    }
  }
}

function checkFormat(value: unknown, at: string, problems: Problem[]): void {
  if (typeof value === 'string' && Object.hasOwn(formats, value)) return;
  const message = `must be one of ${Object.keys(formats).join(', ')}`;
  problems.push({ pointer: at, code: 'not_allowed', message, found: describeFound(value) });
}

function checkPattern(value: unknown, at: string, problems: Problem[]): void {
  if (typeof value !== 'string' || value.length > LIMITS.patternLength) {
    const message = `must be a string of at most ${LIMITS.patternLength} characters`;
    problems.push({ pointer: at, code: 'wrong_type', message, found: describeFound(value) });
    return;
  }
  try {
    linearTest(value);
  } catch {
    const message = 'must be a regular expression in RE2 syntax (no look-around, no back-references)';
    problems.push({ pointer: at, code: 'wrong_format', message, found: describeFound(value) });
  }
}

/** What only the compiler notices: `required` that is no array, a negative `minLength`, an unknown type. */
function compileProblems(schema: ParameterSchema, at: string): Problem[] {
  if (metaSchema.validateSchema(schema)) {
    const unknown = (schema.required ?? []).filter((name) => !Object.hasOwn(schema.properties ?? {}, name));
    const undeclared = unknown.map((name) => ({
      pointer: `${at}/required`,
      code: 'not_allowed',
      message: `\`${name}\` is required but not declared in \`properties\``,
    }));
    return [...undeclared, ...defaultProblems(schema, at)];
  }
  return (metaSchema.errors ?? []).map((error) => ({
    pointer: `${at}${error.instancePath}`,
    code: 'wrong_type',
    message: error.message ?? 'is not a valid JSON Schema',
  }));
}

/** A default is an argument the author supplies: it has to pass like any other. */
function defaultProblems(schema: ParameterSchema, at: string): Problem[] {
  const check = compileParameters(schema as Readonly<Record<string, unknown>>);
  if (check({})) return [];
  return (check.errors ?? [])
    .filter((error) => error.keyword !== 'required')
    .map((error) => ({
      pointer: `${at}/properties${error.instancePath}/default`,
      code: 'not_allowed',
      message: `does not satisfy the schema it stands in: ${error.message ?? 'is not valid'}`,
      found: describeFound(error.data),
    }));
}

const variableTypes: Record<VariableDeclaration['type'], Record<string, unknown>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  float: { type: 'number' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  email: { type: 'string', format: 'email' },
  phone: { type: 'string', format: 'phone' },
};

/** The flat list of typed variables as JSON Schema. Later declarations of a name win. */
export function schemaFromVariables(variables: readonly VariableDeclaration[]): Record<string, unknown> {
  const properties = Object.fromEntries(
    variables.map(({ name, type, description, example, default: fallback }) => [
      name,
      {
        ...variableTypes[type],
        ...(description !== undefined && { description }),
        ...(example !== undefined && { examples: [example] }),
        ...(fallback !== undefined && { default: fallback }),
      },
    ]),
  );
  const required = variables.filter((variable) => variable.required).map((variable) => variable.name);
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}
