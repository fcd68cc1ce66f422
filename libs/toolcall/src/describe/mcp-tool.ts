import { canWrite } from '../response/decide-outcome.js';
import { shownParameters } from '../shown-parameters.js';
import type { ToolDefinition } from '../tool-definition.js';
import { describeWithGuidance } from './guidance.js';
import { portableSchema } from './portable-schema.js';

/** A tool as a server of the Model Context Protocol lists it. */
export function mcpTool(definition: ToolDefinition): Record<string, unknown> {
  return {
    name: definition.key,
    title: definition.name,
    description: describeWithGuidance(definition),
    inputSchema: portableSchema(shownParameters(definition)),
    annotations: annotationsOf(definition),
  };
}

const cautious: ReadonlySet<string> = new Set(['confirmed', 'verified']);

/**
 * What a client may assume. To change or remove what is there is destructive; to add something is not, unless the
 * builder wants the caller asked first.
 */
function annotationsOf({ name, burden, request, execution }: ToolDefinition) {
  const { method } = request;
  const writes = canWrite(method, execution?.writes);
  const mayDestroy = method === 'PUT' || method === 'PATCH' || method === 'DELETE' || cautious.has(burden);
  return {
    title: name,
    readOnlyHint: !writes,
    destructiveHint: writes && mayDestroy,
    idempotentHint: !writes || method === 'PUT' || method === 'DELETE',
    openWorldHint: true,
  };
}
