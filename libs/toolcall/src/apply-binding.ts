import { checkDefinition } from './check-definition.js';
import type { ParameterSchema } from './parameters/parameter-schema.js';
import { pointerToken, type Problem } from './problem.js';
import type { ParameterOverride, ToolBinding } from './tool-binding.js';
import type { ToolDefinition } from './tool-definition.js';

export type BoundTool =
  | { readonly ok: true; readonly definition: ToolDefinition }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const overridden = ['headers', 'pathParameters', 'parameters', 'bind', 'messages'] as const;

type Parameters = ParameterSchema & Record<string, unknown>;

/**
 * A tool as one agent has it. The result passes the checks of a tool that is saved, or every reason why it does not is
 * listed, with pointers into the binding; a tool may have moved on since it was bound.
 */
export function applyBinding(definition: ToolDefinition, binding: ToolBinding): BoundTool {
  if (overridden.every((field) => binding[field] === undefined)) return { ok: true, definition };
  const { merged, origins } = merge(definition, binding);
  const problems = [
    ...parameterProblems(definition, binding),
    ...checkDefinition(merged).map((problem) => inBinding(problem, origins)),
  ];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, definition: merged };
}

/** Where in the binding a part of the merged definition comes from, by its pointer. */
type Origins = Map<string, string>;

function merge(tool: ToolDefinition, binding: ToolBinding): { merged: ToolDefinition; origins: Origins } {
  const origins: Origins = new Map();
  for (const field of ['bind', 'messages'] as const) {
    for (const name of Object.keys(binding[field] ?? {})) {
      const pointer = `/${field}/${pointerToken(name)}`;
      origins.set(pointer, pointer);
    }
  }
  for (const name of Object.keys(binding.parameters ?? {})) {
    origins.set(`/parameters/properties/${pointerToken(name)}`, `/parameters/${pointerToken(name)}`);
  }
  const headers = mergeByName('headers', tool.request.headers, binding.headers, origins);
  const path = mergeByName('pathParameters', tool.request.pathParameters, binding.pathParameters, origins);
  const merged: ToolDefinition = {
    ...tool,
    parameters: mergeParameters(tool.parameters, binding.parameters),
    ...(binding.bind && { bind: { ...tool.bind, ...binding.bind } }),
    ...(binding.messages && { messages: { ...tool.messages, ...binding.messages } }),
    request: {
      ...tool.request,
      ...(headers && { headers }),
      ...(path && { pathParameters: path }),
    },
  };
  return { merged, origins };
}

/** Replaces in place what has the name, once; what comes twice is left to be found by the checks. */
function mergeByName<Item extends { name: string }>(
  field: 'headers' | 'pathParameters',
  own: readonly Item[] | undefined,
  overrides: readonly Item[] | undefined,
  origins: Origins,
): Item[] | undefined {
  if (!overrides) return undefined;
  const nameOf = ({ name }: Item) => (field === 'headers' ? name.toLowerCase() : name);
  const merged = [...(own ?? [])];
  for (const [index, override] of overrides.entries()) {
    const found = merged.findIndex((item) => nameOf(item) === nameOf(override));
    const at = found === -1 || origins.has(`/request/${field}/${found}`) ? merged.length : found;
    merged[at] = override;
    origins.set(`/request/${field}/${at}`, `/${field}/${index}`);
  }
  return merged;
}

function mergeParameters(schema: Parameters, overrides: ToolBinding['parameters']): Parameters {
  if (!overrides) return schema;
  const override = (name: string): ParameterOverride =>
    Object.hasOwn(overrides, name) ? (overrides[name] ?? {}) : {};
  return {
    ...schema,
    ...(schema.properties && {
      properties: Object.fromEntries(
        Object.entries(schema.properties).map(([name, property]) => [
          name,
          { ...property, ...override(name) },
        ]),
      ),
    }),
    ...(schema.required && {
      required: schema.required.filter((name) => override(name).default === undefined),
    }),
  };
}

/** Overrides of arguments that the model does not have. */
function parameterProblems(tool: ToolDefinition, { parameters = {}, bind = {} }: ToolBinding): Problem[] {
  const declared = Object.keys((tool.parameters as Parameters).properties ?? {});
  const bound = { ...tool.bind, ...bind };
  return Object.keys(parameters).flatMap((name): Problem[] => {
    const pointer = `/parameters/${pointerToken(name)}`;
    if (!declared.includes(name)) {
      const known = declared.length > 0 ? `it has ${declared.join(', ')}` : 'it has none';
      return [{ pointer, code: 'unknown_name', message: `is no argument of the tool; ${known}` }];
    }
    if (!Object.hasOwn(bound, name)) return [];
    const message = 'is bound, so the model does not see it; override it or bind it, not both';
    return [{ pointer, code: 'not_allowed', message }];
  });
}

function inBinding(problem: Problem, origins: Origins): Problem {
  const steps = problem.pointer.split('/');
  for (let length = steps.length; length > 1; length -= 1) {
    const origin = origins.get(steps.slice(0, length).join('/'));
    if (origin !== undefined) {
      return { ...problem, pointer: [origin, ...steps.slice(length)].join('/') };
    }
  }
  const message = `does not fit the tool: its \`${problem.pointer}\` ${problem.message}`;
  return { pointer: '', code: problem.code, message };
}
