import { compileCoercion, describeArgument, type Coerced, type MissingArgument } from './coerce-arguments.js';
import { compileMessages, type Say } from './compile-messages.js';
import { compileRequest, type RenderedRequest } from './compile-request.js';
import type { ParameterSchema } from './parameters-schema.js';
import { parseTemplate, wholePlaceholder } from './parse-template.js';
import { compileText, compileValue, OMIT, RenderFaults } from './render-template.js';
import type { CallFacts, Scope } from './scope.js';
import type { Answer } from './response/answer.js';
import { canWrite, compileOutcomes, type Outcomes } from './response/decide-outcome.js';
import { compileMapping, type MappedResponse } from './response/map-response.js';
import type { BodyFormat } from './response/read-body.js';
import { parseUrlTemplate } from './url-template.js';
import type { HttpMethod, OutcomeRule, ToolDefinition } from './tool-definition.js';

/** Who calls and when: a scope before the tool's own values are in it. */
export interface CallFrame {
  readonly orgId: string;
  readonly callId?: string | undefined;
  readonly agentId?: string | undefined;
  readonly facts: CallFacts;
  readonly now: Date;
}

/** Where a tool goes, and how; the same for every execution. */
export interface ToolTarget {
  readonly method: HttpMethod;
  /** `https://api.example.com`. */
  readonly origin: string;
  /** Host and port as written: `api.example.com:8443`. */
  readonly host: string;
  readonly hostname: string;
  readonly port: number;
}

export type Prepared =
  | { readonly ok: true; readonly request: RenderedRequest; readonly scope: Scope }
  | { readonly ok: false; readonly missing: readonly MissingArgument[] };

/** A tool version made ready to run: parsed and compiled once, used for every execution. */
export interface CompiledTool {
  readonly definition: ToolDefinition;
  /** Whether it can change something at the API, so that it is journaled and never repeated lightly. */
  readonly writes: boolean;
  readonly target: ToolTarget;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  coerce(input: Readonly<Record<string, unknown>>): Coerced;
  /** Renders the request from arguments that {@link coerce} passed. */
  prepare(frame: CallFrame, coerced: Readonly<Record<string, unknown>>): Prepared;
  /** How its answers are written, where that does not go by their content type. */
  readonly responseFormat: BodyFormat | 'auto';
  /** What an answer means. */
  readonly outcomes: Outcomes;
  map(answer: Answer): MappedResponse;
  say(
    scope: Scope,
    succeeded: boolean,
    variables: Readonly<Record<string, unknown>>,
    rule?: OutcomeRule,
  ): Say | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 262_144;

/** Compiles a definition that `checkDefinition` has nothing against. @throws Error for any other. */
export function compileTool(definition: ToolDefinition): CompiledTool {
  const render = compileRequest(definition);
  const bind = compileBind(definition);
  const say = compileMessages(definition.messages, definition.response?.outcomes);
  const schema = definition.parameters as ParameterSchema;
  const target = targetOf(definition);
  const writes = canWrite(definition.request.method, definition.execution?.writes);
  return {
    definition,
    writes,
    target,
    timeoutMs: definition.request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxResponseBytes: definition.response?.maxBytes ?? DEFAULT_MAX_BYTES,
    coerce: compileCoercion(definition.parameters),
    prepare: (frame, coerced) => {
      const faults = new RenderFaults();
      const scope = bind({ ...frame, bound: {}, arguments: coerced }, faults);
      if (faults.any) return { ok: false, missing: describeFaults(faults, schema) };
      const rendered = render(scope);
      if (!rendered.ok) return { ok: false, missing: describeFaults(rendered.faults, schema) };
      return { ok: true, request: rendered.request, scope };
    },
    responseFormat: definition.response?.format ?? 'auto',
    outcomes: compileOutcomes(definition.response?.outcomes, writes),
    map: compileMapping(definition.response),
    say: (scope, succeeded, variables, rule) => say({ ...scope, variables }, succeeded, rule),
  };
}

function targetOf({ request: { method, url } }: ToolDefinition): ToolTarget {
  const parsed = parseUrlTemplate(url);
  if (!parsed.ok) throw new Error(`The URL ${parsed.message}`);
  const { origin } = parsed.url;
  const { host, hostname, port, protocol } = new URL(origin);
  return { method, origin, host, hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

function compileBind(definition: ToolDefinition): (scope: Scope, faults: RenderFaults) => Scope {
  const renderers = Object.entries(definition.bind ?? {}).map(([name, text]) => {
    const parsed = parseTemplate(text);
    if (!parsed.ok) throw new Error(`The bound value ${name} ${parsed.message}`);
    const whole = wholePlaceholder(parsed.parts);
    const render = whole ? compileValue(whole, false) : compileText(parsed.parts, () => false);
    return [name, render] as const;
  });
  if (renderers.length === 0) return (scope) => scope;
  return (scope, faults) => {
    const bound: Record<string, unknown> = {};
    for (const [name, render] of renderers) {
      const value = render(scope, faults);
      if (value !== OMIT) bound[name] = value;
    }
    return { ...scope, bound };
  };
}

function describeFaults({ missing, unusable }: RenderFaults, schema: ParameterSchema): MissingArgument[] {
  return [
    ...[...missing].map((name) => describeArgument(name, name.split('.'), schema)),
    ...[...unusable].map(([name, hint]) => ({ ...describeArgument(name, name.split('.'), schema), hint })),
  ];
}
