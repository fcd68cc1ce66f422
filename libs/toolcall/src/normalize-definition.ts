import { schemaFromVariables } from './parameters-schema.js';
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
    parameters: withObjectType(parameters ?? schemaFromVariables(variables ?? [])),
    request: { ...requestRest, url: withScheme(url), ...(timeout !== undefined && { timeoutMs: timeout }) },
  };
}

/** Arguments are an object; a schema that lists properties and forgets to say so means it. */
function withObjectType(schema: Record<string, unknown>): Record<string, unknown> {
  return schema.type === undefined ? { type: 'object', ...schema } : schema;
}
