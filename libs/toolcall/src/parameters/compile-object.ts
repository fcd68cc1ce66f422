import { isRawInteger } from '../exact-json.js';
import type { Coercer, CoercionRun } from './coercion-run.js';
import { absences } from './coercion-rules.js';
import { typeHint } from './hints.js';
import type { ParameterSchema } from './parameter-schema.js';

interface Property {
  readonly name: string;
  readonly coerce: Coercer;
  readonly isRequired: boolean;
  readonly hasDefault: boolean;
  readonly fallback: unknown;
  /** Tells what a model sends when it has no value. */
  readonly isAbsent: Test;
}

type Test = (given: unknown) => boolean;

type Fields = Readonly<Record<string, unknown>>;

/**
 * An object of declared properties, in the order in which they are declared; others are dropped, or go through
 * `additionalProperties`. Defaults are filled in.
 *
 * @param read what a value that is no object was meant to be
 */
export function compileObject(
  schema: ParameterSchema,
  read: Coercer,
  compile: (schema: ParameterSchema) => Coercer,
): Coercer {
  const { properties = {}, required = [], additionalProperties } = schema;
  const { minProperties = 0, maxProperties = Infinity } = schema;
  const declared = Object.entries(properties).map(([name, property]) =>
    declare(name, property, required.includes(name), compile(property)),
  );
  const further = additionalProperties
    ? compile(additionalProperties === true ? {} : additionalProperties)
    : undefined;

  const coerceFurther = (fields: Fields, object: Record<string, unknown>, run: CoercionRun) => {
    const names = Object.keys(fields).filter(
      (name) => name !== '__proto__' && !Object.hasOwn(properties, name),
    );
    if (!run.takeValues(names.length)) return;
    for (const name of names) {
      if (run.isOver) return;
      if (further) object[name] = inside(name, fields[name], further, run);
      else if (additionalProperties === false && run.isStrict) run.fault('is not declared', name);
    }
  };

  return (given, run) => {
    const fields = isFields(given) ? given : read(given, run);
    if (!isFields(fields)) {
      run.fault(typeHint(['object'], given));
      return given;
    }
    if (!run.takeValues(declared.length)) return given;
    const object: Record<string, unknown> = {};
    for (const property of declared) coerceProperty(property, fields, object, run);
    if (further ?? run.isStrict) coerceFurther(fields, object, run);
    const count = minProperties > 0 || maxProperties < Infinity ? Object.keys(object).length : 0;
    if (count < minProperties) run.fault(`must have at least ${minProperties} properties`);
    if (count > maxProperties) run.fault(`must have at most ${maxProperties} properties`);
    return object;
  };
}

function declare(name: string, schema: ParameterSchema, isRequired: boolean, coerce: Coercer): Property {
  const signs = absences.filter((absence) => absence.holdsFor(schema)).map((absence) => absence.is);
  return {
    name,
    coerce,
    isRequired,
    hasDefault: schema.default !== undefined,
    fallback: frozen(schema.default),
    isAbsent: anyOf(signs),
  };
}

function anyOf([first, ...others]: readonly Test[]): Test {
  if (!first) return () => false;
  if (others.length === 0) return first;
  const later = anyOf(others);
  return (given) => first(given) || later(given);
}

function coerceProperty(
  { name, coerce, isRequired, hasDefault, fallback, isAbsent }: Property,
  fields: Fields,
  object: Record<string, unknown>,
  run: CoercionRun,
): void {
  const given = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (given !== undefined && (run.isStrict || !isAbsent(given))) {
    object[name] = inside(name, given, coerce, run);
  } else if (hasDefault) {
    object[name] = fallback;
  } else if (isRequired) {
    run.fault(undefined, name);
  }
}

function inside(name: string, given: unknown, coerce: Coercer, run: CoercionRun): unknown {
  const before = run.faultCount;
  const coerced = coerce(given, run);
  if (run.faultCount > before) run.locate(before, name);
  return coerced;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawInteger(value);
}

/** A copy that every execution may share, since none can change it. */
function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy: unknown = structuredClone(value);
  const open = [copy];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (typeof at !== 'object' || at === null) continue;
    Object.freeze(at);
    open.push(...(Object.values(at) as unknown[]));
  }
  return copy;
}
