import { readPath, type ValuePath } from './value-path.js';
import type { Reference } from './parse-template.js';
import type { Secret } from './secret.js';

/** What the orchestrator knows about the call; see `CallContext` in the contracts. */
export interface CallFacts {
  readonly contact?: Readonly<Record<string, unknown>> | undefined;
  readonly agent_number?: string | undefined;
  readonly agent_name?: string | undefined;
  readonly direction?: string | undefined;
  readonly medium?: string | undefined;
  readonly user_number?: string | undefined;
  readonly language?: string | undefined;
  readonly timezone?: string | undefined;
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
}

/** Everything a placeholder may name in one execution. */
export interface Scope {
  readonly orgId: string;
  readonly callId?: string | undefined;
  readonly agentId?: string | undefined;
  readonly facts: CallFacts;
  readonly executionId?: string | undefined;
  /** Conversation turn, where there is one. */
  readonly turn?: number | undefined;
  /** The moment the execution began. */
  readonly now: Date;
  /** The tool's server-set values, rendered; they win over everything. */
  readonly bound: Readonly<Record<string, unknown>>;
  /** What the model supplied, coerced to the schema, defaults filled in. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Variables of the response; in messages only. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What earlier tools of the call returned, as far as this tool reads it. */
  readonly callVariables?: Readonly<Record<string, unknown>> | undefined;
  /** By name, the secrets that the request's templates name; only while the request that goes out is written. */
  readonly secrets?: ReadonlyMap<string, Secret> | undefined;
}

/** The names that are always available, whatever the tool declares. */
export const contextNames: readonly string[] = [
  'contact',
  'custom',
  'agent_id',
  'agent_name',
  'agent_number',
  'call_id',
  'current_date',
  'current_datetime',
  'direction',
  'language',
  'medium',
  'org_id',
  'timezone',
  'user_number',
];

/**
 * The value a reference stands for: bound, then context, then arguments, then the response's variables, then those of
 * the call. A bound name that has no value is absent, whoever else has one. Null from the context or the call counts as
 * absent; null from an argument is the model's own and stays.
 */
export function lookUp({ path }: Reference, scope: Scope): unknown {
  const head = path[0] as string;
  if (Object.hasOwn(scope.bound, head)) return readPath(scope.bound[head], path, 1);
  const known = readPath(contextValue(head, scope), path, 1);
  if (known !== undefined && known !== null) return known;
  const argument = fromRecord(scope.arguments, head, path);
  if (argument !== undefined) return argument;
  const response = scope.variables && fromRecord(scope.variables, head, path);
  if (response !== undefined || !scope.callVariables) return response;
  return fromRecord(scope.callVariables, head, path) ?? undefined;
}

function fromRecord(record: Readonly<Record<string, unknown>>, head: string, path: ValuePath): unknown {
  return Object.hasOwn(record, head) ? readPath(record[head], path, 1) : undefined;
}

function contextValue(name: string, scope: Scope): unknown {
  switch (name) {
    case 'contact':
    case 'custom':
    case 'agent_name':
    case 'agent_number':
    case 'direction':
    case 'medium':
    case 'user_number':
    case 'language':
    case 'timezone':
      return scope.facts[name];
    case 'agent_id':
      return scope.agentId;
    case 'call_id':
      return scope.callId;
    case 'org_id':
      return scope.orgId;
    case 'current_datetime':
      return scope.now.toISOString();
    case 'current_date':
      return dateIn(scope.now, scope.facts.timezone);
    default:
      return undefined;
  }
}

/** `YYYY-MM-DD` where the caller is; in UTC when the zone is absent or no IANA name. */
export function dateIn(now: Date, timezone: string | undefined): string {
  if (timezone) {
    try {
      return new Intl.DateTimeFormat('en-CA', { timeZone: timezone, dateStyle: 'short' }).format(now);
    } catch {
      // not a zone; an orchestrator's slip must not stop the call
    }
  }
  return now.toISOString().slice(0, 10);
}
