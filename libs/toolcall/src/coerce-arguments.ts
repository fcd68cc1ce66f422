import { compileCoercer } from './parameters/compile-coercer.js';
import { CoercionRun, type CoercionFrame, type Fault } from './parameters/coercion-run.js';
import type { ParameterSchema } from './parameters/parameter-schema.js';

/** One argument the model must still supply, or supply better. */
export interface MissingArgument {
  /** A nested one by its path: `items[0].sku`. */
  readonly name: string;
  readonly type?: string;
  readonly description?: string;
  readonly example?: unknown;
  /** Why what was given did not do, and what would; absent when nothing was given. */
  readonly hint?: string;
}

export type Coerced =
  | { readonly ok: true; readonly arguments: Record<string, unknown> }
  | { readonly ok: false; readonly missing: readonly MissingArgument[] };

export type CoerceArguments = (input: Readonly<Record<string, unknown>>, frame: CoercionFrame) => Coerced;

/**
 * Compiles what turns a model's arguments into those the schema asks for: what plainly means a value of the right type
 * becomes one (`coercionRules`), defaults are filled in, undeclared names are dropped. What still does not fit is
 * listed, all of it at once, in words a model can act on. The input is not changed; nothing is thrown.
 *
 * @param region the country (ISO 3166) of phone numbers where the call tells none
 */
export function compileCoercion(
  schema: Readonly<Record<string, unknown>>,
  { region }: { readonly region?: string | undefined } = {},
): CoerceArguments {
  const root = schema as ParameterSchema;
  const coerce = compileCoercer(root);
  return (input, frame) => {
    const run = new CoercionRun(frame, region);
    const coerced = coerce(input, run) as Record<string, unknown>;
    const { excess } = run;
    if (excess !== undefined) return { ok: false, missing: [{ name: 'arguments', hint: excess }] };
    if (run.faultCount === 0) return { ok: true, arguments: coerced };
    return { ok: false, missing: describeFaults(run.faults, root) };
  };
}

function describeFaults(faults: readonly Fault[], root: ParameterSchema): MissingArgument[] {
  const described = new Map<string, MissingArgument>();
  for (const { steps, hint } of faults) {
    const name = steps.length > 0 ? nameOf(steps) : 'arguments';
    if (!described.has(name)) described.set(name, describeArgument(name, steps, root, hint));
  }
  return [...described.values()];
}

/** What a model needs to know to ask the caller for an argument. */
export function describeArgument(
  name: string,
  steps: readonly (string | number)[],
  root: ParameterSchema,
  hint?: string,
): MissingArgument {
  const schema = schemaAt(root, steps);
  const type = [schema?.type ?? []].flat().find((one) => one !== 'null');
  const example = schema?.examples?.[0] ?? schema?.enum?.[0] ?? schema?.const;
  return {
    name,
    ...(type !== undefined && { type }),
    ...(schema?.description !== undefined && { description: schema.description }),
    ...(example !== undefined && { example }),
    ...(hint !== undefined && { hint }),
  };
}

function schemaAt(root: ParameterSchema, steps: readonly (string | number)[]): ParameterSchema | undefined {
  let schema: ParameterSchema | undefined = root;
  for (const step of steps) {
    schema = schema && innerSchema(schema, step);
  }
  return schema;
}

function innerSchema(schema: ParameterSchema, step: string | number): ParameterSchema | undefined {
  const { properties = {}, items, additionalProperties } = schema;
  if (typeof step === 'number') return items;
  if (Object.hasOwn(properties, step)) return properties[step];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

const LONGEST_NAME = 64;

/** `items[0].sku`; what is no name is quoted, and shortened: it may be the model's. */
function nameOf(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    if (!/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(step) || step.length > LONGEST_NAME)
      return `${path}[${JSON.stringify(step.slice(0, LONGEST_NAME))}]`;
    return path === '' ? step : `${path}.${step}`;
  }, '');
}
