import {
  compileCoercion,
  describeArgument,
  type CoerceArguments,
  type MissingArgument,
} from './coerce-arguments.js';
import { callVariableNames, compileAllowedValues, type NotAllowed } from './call-variables.js';
import { compileBind, compileIntruderGuard } from './compile-bind.js';
import { compileRequest, type Rendered, type RenderedRequest } from './compile-request.js';
import type { ParameterSchema } from './parameters/parameter-schema.js';
import { usedNames } from './known-names.js';
import { RenderFaults } from './render-template.js';
import type { Answer } from './response/answer.js';
import { canWrite, compileOutcomes, type Outcomes } from './response/decide-outcome.js';
import { compileMapping, type MappedResponse } from './response/map-response.js';
import type { BodyFormat } from './response/read-body.js';
import { contextNames, type CallFacts, type Scope } from './scope.js';
import { secretNames } from './secret-reference.js';
import type { Secret } from './secret.js';
import { shownParameters } from './shown-parameters.js';
import { compileMessages, type Say } from './speech/compile-messages.js';
import { parseUrlTemplate, type UrlTemplate } from './url-template.js';
import type { HttpMethod, OutcomeRule, ToolDefinition } from './tool-definition.js';

/** Who calls and when: a scope before the tool's own values are in it. */
export interface CallFrame {
  readonly orgId: string;
  readonly callId?: string | undefined;
  readonly agentId?: string | undefined;
  readonly executionId?: string | undefined;
  readonly turn?: number | undefined;
  readonly facts: CallFacts;
  readonly now: Date;
  /** What earlier tools of the call returned; needed by tools that read it, see {@link CompiledTool.callVariables}. */
  readonly callVariables?: Readonly<Record<string, unknown>> | undefined;
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
  | {
      readonly ok: false;
      readonly missing: readonly MissingArgument[];
      /** Those of them that no argument can supply: an earlier tool of the call returns them. */
      readonly missingCallVariables: readonly string[];
    };

/** A tool version made ready to run: parsed and compiled once, used for every execution. */
export interface CompiledTool {
  readonly definition: ToolDefinition;
  /** Whether it can change something at the API, so that it is journaled and never repeated lightly. */
  readonly writes: boolean;
  readonly target: ToolTarget;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /** The call variables it reads, by top-level name; nothing has to be fetched for a tool that reads none. */
  readonly callVariables: readonly string[];
  /** Checks arguments against call variables; absent where no argument has to be. */
  readonly notAllowed?: (
    coerced: Readonly<Record<string, unknown>>,
    callVariables: Readonly<Record<string, unknown>>,
  ) => NotAllowed | undefined;
  /** Reads a model's arguments in the light of the call. */
  readonly coerce: CoerceArguments;
  /** Renders the request from arguments that {@link coerce} passed, with something to be shown where secrets go. */
  prepare(frame: CallFrame, coerced: Readonly<Record<string, unknown>>): Prepared;
  /** The secrets it names; none has to be opened for a tool that names none. */
  readonly secrets: readonly string[];
  /** Renders a request once more, by its scope, with the secrets in it: fails where one cannot be where it is named. */
  writeSecrets(scope: Scope, secrets: ReadonlyMap<string, Secret>): Rendered;
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
  const url = urlOf(definition);
  const callVariables = callVariableNames(definition);
  const used = usedNames(definition, url);
  const guard = compileIntruderGuard(definition, [
    ...callVariables,
    ...contextNames.filter((name) => used.has(name)),
  ]);
  const describe = (faults: RenderFaults) => describeFaults(faults, schema, callVariables);
  const notAllowed = compileAllowedValues(definition);
  const writes = canWrite(definition.request.method, definition.execution?.writes);
  return {
    definition,
    writes,
    target: targetOf(definition.request.method, url),
    callVariables,
    ...(notAllowed && { notAllowed }),
    timeoutMs: definition.request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    maxResponseBytes: definition.response?.maxBytes ?? DEFAULT_MAX_BYTES,
    coerce: compileCoercion(shownParameters(definition), { region: definition.defaultRegion }),
    prepare: (frame, coerced) => {
      const faults = new RenderFaults();
      const scope = bind({ ...frame, bound: {}, arguments: guard(coerced) }, faults);
      if (faults.any) return describe(faults);
      const rendered = render(scope);
      if (!rendered.ok) return describe(rendered.faults);
      return { ok: true, request: rendered.request, scope };
    },
    secrets: secretNames(definition),
    writeSecrets: (scope, secrets) => render({ ...scope, secrets }),
    responseFormat: definition.response?.format ?? 'auto',
    outcomes: compileOutcomes(definition.response?.outcomes, writes),
    map: compileMapping(definition.response),
    say: (scope, succeeded, variables, rule) => say({ ...scope, variables }, succeeded, rule),
  };
}

function urlOf({ request: { url, angleBrackets } }: ToolDefinition): UrlTemplate {
  const parsed = parseUrlTemplate(url, { angleBrackets });
  if (!parsed.ok) throw new Error(`The URL ${parsed.message}`);
  return parsed.url;
}

function targetOf(method: HttpMethod, { origin }: UrlTemplate): ToolTarget {
  const { host, hostname, port, protocol } = new URL(origin);
  return { method, origin, host, hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

function describeFaults(
  { missing, unusable }: RenderFaults,
  schema: ParameterSchema,
  callVariables: readonly string[],
): Extract<Prepared, { ok: false }> {
  const isDeclared = (name: string) => Object.hasOwn(schema.properties ?? {}, headOf(name));
  const ofCall = [...missing].filter((name) => callVariables.includes(headOf(name)) && !isDeclared(name));
  const describe = (name: string) =>
    ofCall.includes(name)
      ? { name, description: 'Returned by an earlier tool of the same call' }
      : describeArgument(name, name.split('.'), schema);
  return {
    ok: false,
    missing: [
      ...[...missing].map(describe),
      ...[...unusable].map(([name, hint]) => ({ ...describe(name), hint })),
    ],
    missingCallVariables: ofCall,
  };
}

/** `orders` of `orders[0].id`. */
function headOf(name: string): string {
  return /^[^.[]*/.exec(name)?.[0] ?? name;
}
