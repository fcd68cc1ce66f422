import { rootOf } from './call-variables.js';
import type { ParameterSchema } from './parameters/parameter-schema.js';
import { pointerToken, problem, type Problem } from './problem.js';
import { parsePattern } from './response/path-pattern.js';
import { contextNames } from './scope.js';
import { shownParameters } from './shown-parameters.js';
import type { ToolDefinition } from './tool-definition.js';
import { isReserved } from './value-path.js';

/** Everything wrong with what a definition says it reads from the call. */
export function checkCallVariables(definition: ToolDefinition): Problem[] {
  const { callVariables = [], allowedValuesFrom = {} } = definition;
  return [
    ...callVariables.flatMap((name, index) => checkName(definition, `/callVariables/${index}`, name)),
    ...Object.entries(allowedValuesFrom).flatMap(([argument, path]) =>
      checkAllowedValues(definition, argument, path),
    ),
  ];
}

/** Why no variable of a call can have this name; undefined when one can. */
export function callVariableProblem(name: string): string | undefined {
  if (isReserved(name)) return `a variable cannot be called \`${name}\``;
  if (name === 'api_response_status')
    return '`api_response_status` is of the tool that just ran; it is not kept';
  return contextNames.includes(name) ? `\`${name}\` is a name of the call's context already` : undefined;
}

function checkName({ bind = {} }: ToolDefinition, at: string, name: string): Problem[] {
  const reason = callVariableProblem(name);
  if (reason !== undefined) return [problem(at, 'not_allowed', reason)];
  if (Object.hasOwn(bind, name))
    return [problem(at, 'not_allowed', `\`${name}\` is bound, and bound values win`)];
  return [];
}

function checkAllowedValues(definition: ToolDefinition, argument: string, path: string): Problem[] {
  const at = `/allowedValuesFrom/${pointerToken(argument)}`;
  const { properties = {} } = shownParameters(definition) as { properties?: Record<string, ParameterSchema> };
  if (!Object.hasOwn(properties, argument)) {
    const known = Object.keys(properties).join(', ') || 'none';
    const message = `must be an argument of this tool; there are: ${known}`;
    return [problem(at, 'unknown_name', message, argument)];
  }
  const type =
    properties[argument]?.type === 'array' ? properties[argument].items?.type : properties[argument]?.type;
  if (type === 'object' || type === 'array') {
    const message = `\`${argument}\` has to be text, a number or a list of such to be compared`;
    return [problem(at, 'not_allowed', message)];
  }
  const parsed = parsePattern(path);
  if (!parsed.ok) return [problem(at, 'wrong_format', parsed.message, path)];
  const root = rootOf(parsed.pattern);
  if (root === undefined)
    return [problem(at, 'wrong_format', 'must begin with the name of a call variable', path)];
  return checkName(definition, at, root);
}
