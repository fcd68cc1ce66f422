import { isRawInteger } from '../exact-json.js';
import { argumentLimits, type Coercer, type CoercionRun } from './coercion-run.js';
import { coercionRules, listedLoosely, type Asked, type CoercionRule, type Kind } from './coercion-rules.js';
import { compileObject } from './compile-object.js';
import { isFormat } from './formats.js';
import { formatHints, typeHint } from './hints.js';
import { typeOf, typesOf, type JsonType, type ParameterSchema } from './parameter-schema.js';
import { checksOf, isOfType, WRONG_FORMAT, type Check } from './scalar-checks.js';

/**
 * Compiles a schema that `parametersProblems` has nothing against; once per version, not per execution.
 *
 * @param known what has been compiled already: given where the parts of one schema are asked for, too
 */
export function compileCoercer(schema: ParameterSchema, known?: KnownCoercers): Coercer {
  const coercer = known?.get(schema) ?? compileTypes(schema, known);
  known?.set(schema, coercer);
  return coercer;
}

export type KnownCoercers = Map<ParameterSchema, Coercer>;

function compileTypes(schema: ParameterSchema, known?: KnownCoercers): Coercer {
  const types = typesOf(schema);
  const [first, ...others] = types;
  if (first === undefined) return coerceAnything;
  return others.length === 0 ? compileType(schema, first, known) : compileUnion(schema, types, known);
}

function compileType(schema: ParameterSchema, type: JsonType, known?: KnownCoercers): Coercer {
  if (type === 'object') {
    return compileObject(schema, readerOf(schema, ['object']), (inner) => compileCoercer(inner, known));
  }
  if (type === 'array') return compileArray(schema, known);
  return compileScalar(schema, type);
}

/** A value of one of several types: of its own if that is one of them, else of the first it can be read as. */
function compileUnion(schema: ParameterSchema, types: readonly JsonType[], known?: KnownCoercers): Coercer {
  const coercers = new Map(types.map((type) => [type, compileType(schema, type, known)] as const));
  const ownOf = (given: unknown) => {
    const type = isRawInteger(given) ? 'integer' : typeOf(given);
    return coercers.get(type) ?? (type === 'integer' ? coercers.get('number') : undefined);
  };
  return (given, run) => {
    const own = ownOf(given);
    const before = run.faultCount;
    for (const coerce of own ? new Set([own, ...coercers.values()]) : coercers.values()) {
      const coerced = coerce(given, run);
      if (run.faultCount === before) return coerced;
      run.forget(before);
    }
    if (own) return own(given, run);
    run.fault(typeHint(types, given));
    return given;
  };
}

function compileScalar(schema: ParameterSchema, type: Exclude<JsonType, 'array' | 'object'>): Coercer {
  const isRight = isOfType[type];
  const checks = checksOf(schema, type);
  const kinds: Kind[] = type === 'null' ? [] : [type];
  const format = type === 'string' && isFormat(schema.format) ? schema.format : undefined;
  if (format) kinds.push(format);
  if (schema.enum ?? 'const' in schema) kinds.push('listed');
  const rules = rulesFor(kinds);
  let listed: ReadonlyMap<string, unknown> | undefined;

  return (given, run) => {
    if (typeof given === 'string' && !run.takeText(given.length)) return given;
    let problem: string | undefined;
    if (isRight(given)) {
      problem = checks.length === 0 ? undefined : problemOf(checks, given, run);
      if (problem === undefined) return given;
    }
    if (!run.takeReading()) return given;
    const asked: Asked = { schema, run, listed: () => (listed ??= listedLoosely(schema)) };
    let nearest = problem;
    for (const rule of run.isStrict ? [] : rules) {
      const meant = rule.read(given, asked);
      if (!isRight(meant)) continue;
      const doubt = problemOf(checks, meant, run);
      if (doubt === undefined) return meant;
      nearest = doubt;
    }
    const wrongFormat = nearest === WRONG_FORMAT || (nearest === undefined && format !== undefined);
    run.fault(
      wrongFormat && format ? formatHints[format](given, asked) : (nearest ?? typeHint([type], given)),
    );
    return given;
  };
}

function problemOf(checks: readonly Check[], value: unknown, run: CoercionRun): string | undefined {
  for (const check of checks) {
    const problem = check(value as never, run);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function compileArray(schema: ParameterSchema, known?: KnownCoercers): Coercer {
  const { items, minItems = 0, maxItems = Infinity, uniqueItems = false } = schema;
  const coerceItem = items ? compileCoercer(items, known) : coerceAnything;
  const read = readerOf(schema, ['array']);
  return (given, run) => {
    const list = Array.isArray(given) ? (given as unknown[]) : read(given, run);
    if (!Array.isArray(list)) {
      run.fault(typeHint(['array'], given));
      return given;
    }
    if (list.length > maxItems) run.fault(`must have at most ${maxItems} items; it has ${list.length}`);
    else if (list.length < minItems) run.fault(`must have at least ${minItems} items; it has ${list.length}`);
    if (list.length > maxItems || !run.takeValues(list.length)) return given;

    const before = run.faultCount;
    const coerced: unknown[] = [];
    for (let index = 0; index < list.length && !run.isOver; index += 1) {
      const known = run.faultCount;
      coerced.push(coerceItem(list[index], run));
      if (run.faultCount > known) run.locate(known, index);
    }
    if (uniqueItems && run.faultCount === before && !run.isOver) refuseRepeated(coerced, run);
    return coerced;
  };
}

/** In one pass: items are compared by their text, in which keys have an order. */
function refuseRepeated(items: readonly unknown[], run: CoercionRun): void {
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const text = canonical(item);
    const earlier = seen.get(text);
    if (earlier !== undefined) {
      run.fault(`must differ from item ${earlier}`, index);
      return;
    }
    seen.set(text, index);
  }
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null || isRawInteger(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}

/** Where the schema asks for nothing: everything, as long as it is of a size that can be sent. */
export function coerceAnything(given: unknown, run: CoercionRun): unknown {
  if (typeof given !== 'object' || given === null) {
    if (typeof given === 'string') run.takeText(given.length);
    return given;
  }
  const open: [unknown, number][] = [[given, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next;
    if (depth > argumentLimits.depth) {
      run.fault(`may be nested ${argumentLimits.depth} levels deep`);
      return given;
    }
    if (typeof value === 'string' && !run.takeText(value.length)) return given;
    if (typeof value !== 'object' || value === null || isRawInteger(value)) continue;
    const inner: unknown[] = Object.values(value);
    if (!run.takeValues(inner.length)) return given;
    for (const one of inner) open.push([one, depth + 1]);
  }
  return given;
}

const nothingListed = () => new Map<string, unknown>();

/** The first reading of a list or an object that is none as it stands; undefined when there is none. */
function readerOf(schema: ParameterSchema, kinds: readonly Kind[]): Coercer {
  const rules = rulesFor(kinds);
  return (given, run) => {
    if (run.isStrict || (typeof given === 'string' && !run.takeText(given.length))) return undefined;
    if (!run.takeReading()) return undefined;
    const asked: Asked = { schema, run, listed: nothingListed };
    for (const rule of rules) {
      const meant = rule.read(given, asked);
      if (meant !== undefined) return meant;
    }
    return undefined;
  };
}

function rulesFor(kinds: readonly Kind[]): readonly CoercionRule[] {
  return coercionRules.filter((rule) => rule.for.some((kind) => kinds.includes(kind)));
}
