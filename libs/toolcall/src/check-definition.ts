import { checkCallVariables } from './check-call-variables.js';
import { checkRequest } from './check-request.js';
import { isPhoneRegion } from './parameters/phone.js';
import { parametersProblems } from './parameters-schema.js';
import { pointerToken, problem, repeated, type Problem } from './problem.js';
import { checkResponse, checkVerification } from './response/check-response.js';
import { contextNames } from './scope.js';
import { checkMessages } from './speech/check-messages.js';
import type { ToolDefinition, ToolDefinitionInput } from './tool-definition.js';
import { isReserved } from './value-path.js';

/** What stands beside `/v1/tools/{key}`. */
export const RESERVED_KEYS: readonly string[] = ['export', 'import'];

/** What is wrong with a definition in the form it was sent, before it is normalized. */
export function checkInput(input: ToolDefinitionInput): Problem[] {
  const problems: Problem[] = [];
  if (input.parameters !== undefined && input.variables !== undefined) {
    problems.push(
      problem('/variables', 'not_allowed', 'is another way to write `parameters`; give one of the two'),
    );
  }
  if (input.request.timeoutMs !== undefined && input.request.timeoutSeconds !== undefined) {
    const message = 'is another way to write `timeoutMs`; give one of the two';
    problems.push(problem('/request/timeoutSeconds', 'not_allowed', message));
  }
  for (const [index, name] of repeated((input.variables ?? []).map((variable) => variable.name))) {
    problems.push(problem(`/variables/${index}/name`, 'duplicate', `\`${name}\` is declared more than once`));
  }
  return problems;
}

/**
 * Everything wrong with a normalized definition that its schema cannot say. A definition without problems compiles, and
 * renders for all arguments that satisfy its parameters, unless a name that stands in the path or comes from the call
 * has no value, or a text cannot be where it is put (a line break in a header, say): then it says which.
 */
export function checkDefinition(definition: ToolDefinition): Problem[] {
  const problems = [
    ...parametersProblems(definition.parameters, '/parameters'),
    ...checkRegion(definition),
    ...checkBind(definition),
    ...checkCallVariables(definition),
    ...checkRequest(definition),
    ...checkResponse(definition.response),
    ...checkVerification(definition.verification),
    ...checkMessages(definition),
  ];
  if (RESERVED_KEYS.includes(definition.key)) {
    const message = `\`${definition.key}\` is taken: REST has a route of that name beside the tools`;
    problems.push(problem('/key', 'not_allowed', message));
  }
  return problems;
}

function checkRegion({ defaultRegion }: ToolDefinition): Problem[] {
  if (defaultRegion === undefined || isPhoneRegion(defaultRegion)) return [];
  const message = 'must be the code of a country with phone numbers (ISO 3166), such as US';
  return [problem('/defaultRegion', 'not_allowed', message, defaultRegion)];
}

function checkBind(definition: ToolDefinition): Problem[] {
  return Object.keys(definition.bind ?? {}).flatMap((name) => {
    const pointer = `/bind/${pointerToken(name)}`;
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) || isReserved(name)) {
      return [problem(pointer, 'wrong_format', 'must be a name of letters, digits and `_`', name)];
    }
    if (contextNames.includes(name)) {
      return [problem(pointer, 'not_allowed', `\`${name}\` is a name of the call's context already`)];
    }
    return [];
  });
}
