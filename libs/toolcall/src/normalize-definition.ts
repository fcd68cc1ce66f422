import { schemaFromVariables } from './parameters/variables.js';
import { pointerToken, type Problem } from './problem.js';
import type { ToolDefinition, ToolDefinitionInput } from './tool-definition.js';
import { withScheme } from './url-template.js';

/**
 * The normal form of what a builder sent: variables become a schema, seconds become milliseconds, the URL gets its
 * scheme, defaults are written out. Says nothing about whether it is right; `checkDefinition` does.
 */
export function normalizeDefinition(input: ToolDefinitionInput): ToolDefinition {
  const { parameters, variables, burden, request, ...rest } = input;
  const { timeoutSeconds, timeoutMs, url, ...requestRest } = request;
  const timeout = timeoutMs ?? (timeoutSeconds === undefined ? undefined : Math.round(timeoutSeconds * 1000));
  return {
    ...rest,
    burden: burden ?? 'conversational',
    parameters: withObjectType(parameters ?? schemaFromVariables(variables ?? [], rest.defaultRegion)),
    request: { ...requestRest, url: withScheme(url), ...(timeout !== undefined && { timeoutMs: timeout }) },
  };
}

/** Arguments are an object; a schema that lists properties and forgets to say so means it. */
function withObjectType(schema: Record<string, unknown>): Record<string, unknown> {
  return schema.type === undefined ? { type: 'object', ...schema } : schema;
}

/** A problem of the normal form, with its pointer to where it was sent: a variable's default is not below `parameters`. */
export function asSent(problem: Problem, { variables }: ToolDefinitionInput): Problem {
  const [, token, rest = ''] = /^\/parameters\/properties\/([^/]*)(.*)$/.exec(problem.pointer) ?? [];
  const index = (variables ?? []).findLastIndex(({ name }) => pointerToken(name) === token);
  if (token === undefined || index === -1) return problem;
  const field = rest === '' ? '/name' : rest.replace(/^\/examples\/0/, '/example');
  return { ...problem, pointer: `/variables/${index}${field}` };
}
