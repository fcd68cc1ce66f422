import type { Pair, RenderedBody } from './compile-body.js';
import { toText } from './render-template.js';
import type { Scope } from './scope.js';
import { shownParameters } from './shown-parameters.js';
import type { ToolDefinition } from './tool-definition.js';
import type { UrlTemplate } from './url-template.js';

/** What is added to a request for the arguments and bound values that no placeholder names. */
export interface SpareArguments {
  readonly query?: readonly Pair[];
  readonly body?: RenderedBody;
}

export type Placement = 'query' | 'json' | 'form' | 'nowhere';

/**
 * Where arguments go that no placeholder names: GET and DELETE, into the query; otherwise into the body, as JSON or, if
 * the tool's own Content-Type says so, as a form. A tool that says what its body is, `none` included, has said it all.
 */
export function sparePlacement({ request: { method, headers = [], body } }: ToolDefinition): Placement {
  if (method === 'GET' || method === 'DELETE') return 'query';
  if (body) return 'nowhere';
  const contentType = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value ?? '';
  return /^application\/x-www-form-urlencoded\b/i.test(contentType.trim()) ? 'form' : 'json';
}

/** The names declared or bound that no placeholder uses. */
export function spareNames(definition: ToolDefinition, used: ReadonlySet<string>): string[] {
  const { properties } = shownParameters(definition) as { properties: object };
  const declared = [...Object.keys(properties), ...Object.keys(definition.bind ?? {})];
  return declared.filter((name) => !used.has(name));
}

/** The names of query parameters that the tool itself sets: nobody may send a second one beside them. */
export function queryNames({ request: { query = [] } }: ToolDefinition, url: UrlTemplate): string[] {
  return [...url.query, ...query].map(({ name }) => name);
}

const NONE: SpareArguments = {};

/** Compiles what is done with arguments and bound values that no placeholder names. */
export function compileSpareArguments(
  definition: ToolDefinition,
  url: UrlTemplate,
  used: ReadonlySet<string>,
): (scope: Scope) => SpareArguments {
  const placement = sparePlacement(definition);
  const taken = new Set(placement === 'query' ? [...used, ...queryNames(definition, url)] : used);
  const isOpen = Boolean((definition.parameters as { additionalProperties?: unknown }).additionalProperties);
  if (placement === 'nowhere' || (!isOpen && spareNames(definition, used).length === 0)) return () => NONE;
  return (scope) => {
    const spare: Record<string, unknown> = {};
    for (const source of [scope.arguments, scope.bound]) {
      for (const [name, value] of Object.entries(source)) if (!taken.has(name)) spare[name] = value;
    }
    const entries = Object.entries(spare).filter(([, value]) => value !== undefined);
    if (placement === 'query') return { query: entries.flatMap(([name, value]) => pairsOf(name, value)) };
    if (entries.length === 0) return NONE;
    if (placement === 'json') return { body: { type: 'json', value: Object.fromEntries(entries) } };
    return { body: { type: 'form', pairs: entries.flatMap(([name, value]) => pairsOf(name, value)) } };
  };
}

function pairsOf(name: string, value: unknown): Pair[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return (value as unknown[]).flatMap((item) => pairsOf(name, item));
  return [[name, toText(value)]];
}
