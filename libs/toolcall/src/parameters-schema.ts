import { CoercionRun, type CoercionFrame } from './parameters/coercion-run.js';
import { compileCoercer, type KnownCoercers } from './parameters/compile-coercer.js';
import { contradiction, isObject, keywords, unknownKeyword } from './parameters/keywords.js';
import { schemaLimits, typeOf, typesOf, type ParameterSchema } from './parameters/parameter-schema.js';
import { longestText, patternLimits, patternWeight } from './parameters/pattern.js';
import { describeFound, pointerToken, type Problem } from './problem.js';
import { isReserved } from './value-path.js';

/** What is added up over a whole schema. */
interface Totals {
  properties: number;
  patternWeight: number;
}

/** Everything that is wrong with a tool's `parameters`, with pointers below `at`. What passes, compiles. */
export function parametersProblems(schema: unknown, at: string): Problem[] {
  const tooLarge = sizeProblem(schema, at);
  if (tooLarge) return [tooLarge];
  const problems: Problem[] = [];
  const totals: Totals = { properties: 0, patternWeight: 0 };
  checkSchema(schema, at, 1, totals, problems);
  if (totals.properties > schemaLimits.properties) {
    const message = `may declare ${schemaLimits.properties} properties in all`;
    problems.push({ pointer: at, code: 'too_large', message, found: String(totals.properties) });
  }
  if (totals.patternWeight > schemaLimits.patternWeight) {
    const message = `may have patterns of ${schemaLimits.patternWeight} steps in all, written out`;
    problems.push({ pointer: at, code: 'too_large', message, found: String(totals.patternWeight) });
  }
  if (problems.length > 0) return problems;
  if ((schema as ParameterSchema).type !== 'object') {
    const message = 'must be "object": arguments are a JSON object';
    const found = describeFound((schema as ParameterSchema).type);
    return [{ pointer: `${at}/type`, code: 'not_allowed', message, found }];
  }
  const run = new CoercionRun(noCall, undefined, true);
  const known: KnownCoercers = new Map();
  checkValues(schema as ParameterSchema, at, run, known, problems);
  if (run.excess === undefined) return problems;
  return [{ pointer: at, code: 'too_large', message: `has defaults and examples that ${run.excess}` }];
}

/** A schema's own defaults and examples belong to no call. */
const noCall: CoercionFrame = { now: new Date(0), facts: {} };

/** Deeper JSON than this is no schema, however little of it there is. */
const DEEPEST = 64;

/** Looks no further than it has to, and without recursion: nothing is known of the value yet. */
function sizeProblem(root: unknown, at: string): Problem | undefined {
  let characters = 0;
  const open: [unknown, number][] = [[root, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next;
    if (depth > DEEPEST) {
      return { pointer: at, code: 'too_deep', message: `may be nested ${schemaLimits.depth} levels deep` };
    }
    characters += typeof value === 'string' ? value.length + 3 : 4;
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) characters += key.length + 3;
        open.push([inner, depth + 1]);
      }
    }
    if (characters > schemaLimits.bytes) break;
  }
  if (characters <= schemaLimits.bytes && Buffer.byteLength(JSON.stringify(root)) <= schemaLimits.bytes) {
    return undefined;
  }
  return { pointer: at, code: 'too_large', message: `may have ${schemaLimits.bytes} bytes as JSON` };
}

function checkSchema(schema: unknown, at: string, depth: number, totals: Totals, problems: Problem[]): void {
  if (!isObject(schema)) {
    const message = 'must be a JSON Schema object';
    problems.push({ pointer: at, code: 'wrong_type', message, found: describeFound(schema) });
    return;
  }
  if (depth > schemaLimits.depth) {
    const message = `may be nested ${schemaLimits.depth} levels deep`;
    problems.push({ pointer: at, code: 'too_deep', message });
    return;
  }
  const before = problems.length;
  for (const [keyword, value] of Object.entries(schema)) {
    const here = `${at}/${pointerToken(keyword)}`;
    const check = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    if (!check) {
      const message = unknownKeyword(keyword);
      problems.push({ pointer: here, code: 'unknown_field', message, found: describeFound(value) });
      continue;
    }
    if (keyword === 'pattern' && typeof value === 'string') {
      const weight = patternWeight(value);
      if (weight <= patternLimits.weight) totals.patternWeight += weight;
      if (totals.patternWeight > schemaLimits.patternWeight) continue; // refused as a whole, unread
    }
    const problem = check(value);
    if (problem) problems.push({ pointer: here, ...problem, found: describeFound(value) });
    else checkInner(keyword, value, here, depth, totals, problems);
  }
  if (problems.length === before) checkTogether(schema, at, problems);
}

/** The schemas a keyword holds. */
function checkInner(
  keyword: string,
  value: unknown,
  at: string,
  depth: number,
  totals: Totals,
  problems: Problem[],
): void {
  if (keyword === 'items' || (keyword === 'additionalProperties' && typeof value !== 'boolean')) {
    checkSchema(value, at, depth + 1, totals, problems);
  }
  if (keyword !== 'properties') return;
  for (const [name, property] of Object.entries(value as object)) {
    totals.properties += 1;
    const here = `${at}/${pointerToken(name)}`;
    if (isReserved(name)) {
      const message = `a parameter cannot be called \`${name}\``;
      problems.push({ pointer: here, code: 'not_allowed', message });
    } else {
      checkSchema(property, here, depth + 1, totals, problems);
    }
  }
}

/** What the keywords of one schema say about each other. */
function checkTogether(schema: Record<string, unknown>, at: string, problems: Problem[]): void {
  const { properties = {}, required = [], enum: listed } = schema as ParameterSchema;
  for (const [index, name] of required.entries()) {
    if (Object.hasOwn(properties, name)) continue;
    const message = `\`${name}\` is required but not declared in \`properties\``;
    const pointer = `${at}/required/${index}`;
    problems.push({ pointer, code: 'not_allowed', message, found: describeFound(name) });
  }
  const { pattern, maxLength = 0 } = schema as ParameterSchema;
  const longest = pattern === undefined ? Infinity : longestText(pattern, maxLength);
  if (maxLength > longest) {
    const message = `must not be above ${longest} beside this pattern, which could take too long on longer text`;
    problems.push({
      pointer: `${at}/maxLength`,
      code: 'not_allowed',
      message,
      found: describeFound(maxLength),
    });
  }
  const contradicted = contradiction(schema);
  if (contradicted) {
    const [keyword, problem, found] = contradicted;
    problems.push({ pointer: `${at}/${keyword}`, ...problem, found });
  }
  const types = typesOf(schema);
  for (const [index, value] of (listed ?? []).entries()) {
    const type = typeOf(value);
    if (types.includes(type) || (type === 'integer' && types.includes('number'))) continue;
    const message = `does not have the type it stands beside: ${types.join(' or ')}`;
    const found = describeFound(value);
    problems.push({ pointer: `${at}/enum/${index}`, code: 'not_allowed', message, found });
  }
}

/** A default is an argument the author supplies, an example one the model imitates: they have to pass like any other. */
function checkValues(
  schema: ParameterSchema,
  at: string,
  run: CoercionRun,
  known: KnownCoercers,
  problems: Problem[],
): void {
  const values = [
    ...(schema.default === undefined ? [] : [['default', schema.default] as const]),
    ...(schema.examples ?? []).map((example, index) => [`examples/${index}`, example] as const),
  ];
  if (values.length > 0) {
    const check = compileCoercer(schema, known);
    for (const [where, value] of values) {
      run.forget(0);
      check(value, run);
      for (const { steps, hint = 'is required here' } of run.faults) {
        const pointer = `${at}/${where}${steps.map((step) => `/${pointerToken(step)}`).join('')}`;
        const message = `does not satisfy the schema it stands in: ${hint}`;
        problems.push({ pointer, code: 'not_allowed', message, found: describeFound(value) });
      }
    }
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    checkValues(property, `${at}/properties/${pointerToken(name)}`, run, known, problems);
  }
  if (schema.items) checkValues(schema.items, `${at}/items`, run, known, problems);
  const further = schema.additionalProperties;
  if (typeof further === 'object') checkValues(further, `${at}/additionalProperties`, run, known, problems);
}
