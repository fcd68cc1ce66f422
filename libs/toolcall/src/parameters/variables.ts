import type { VariableDeclaration } from '../tool-definition.js';
import { CoercionRun } from './coercion-run.js';
import { compileCoercer } from './compile-coercer.js';
import type { ParameterSchema } from './parameter-schema.js';

const variableTypes: Record<VariableDeclaration['type'], ParameterSchema> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  float: { type: 'number' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  email: { type: 'string', format: 'email' },
  phone: { type: 'string', format: 'phone' },
};

/**
 * The flat list of typed variables as JSON Schema. Examples and defaults may be text, as from a form's field; they get
 * their variable's type where they can. A default is for a variable that is not required: one that is has to be asked
 * for. Later declarations of a name win.
 */
export function schemaFromVariables(
  variables: readonly VariableDeclaration[],
  region?: string,
): Record<string, unknown> {
  const properties = Object.fromEntries(
    variables.map(({ name, type, description, example, required, default: fallback }) => {
      const typed = compileTyped(variableTypes[type], region);
      return [
        name,
        {
          ...variableTypes[type],
          ...(description !== undefined && { description }),
          ...(example !== undefined && { examples: [typed(example)] }),
          ...(fallback !== undefined && !required && { default: typed(fallback) }),
        },
      ];
    }),
  );
  const required = variables.filter((variable) => variable.required).map((variable) => variable.name);
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

function compileTyped(schema: ParameterSchema, region: string | undefined): (value: unknown) => unknown {
  const coerce = compileCoercer(schema);
  return (value) => {
    const run = new CoercionRun({ now: new Date(0), facts: {} }, region);
    const typed = coerce(value, run);
    return run.faultCount === 0 ? typed : value;
  };
}
