import { isRawInteger } from './exact-json.js';
import type { ToolDefinition } from './tool-definition.js';
import { EACH, parsePattern, type PathPattern } from './response/path-pattern.js';
import { readPath } from './value-path.js';

type Variables = Readonly<Record<string, unknown>>;

/** The call variables a tool reads, by top-level name: those it declares, and those its arguments are checked against. */
export function callVariableNames({
  callVariables = [],
  allowedValuesFrom = {},
}: Pick<ToolDefinition, 'callVariables' | 'allowedValuesFrom'>): string[] {
  const roots = Object.values(allowedValuesFrom).flatMap((text) => {
    const parsed = parsePattern(text);
    return (parsed.ok && rootOf(parsed.pattern)) || [];
  });
  return [...new Set([...callVariables, ...roots])];
}

/** The name of the call variable that a pattern begins with; undefined for one that begins with a number or `[*]`. */
export function rootOf(pattern: PathPattern): string | undefined {
  return typeof pattern[0] === 'string' ? pattern[0] : undefined;
}

/** Why an argument may not have the value it has. */
export interface NotAllowed {
  /** `absent`: no tool of this call has returned what the argument is checked against. */
  readonly reason: 'absent' | 'not_among';
  readonly argument: string;
  /** The path of the values it may have, as the tool wrote it. */
  readonly path: string;
  /** The call variable it begins with. */
  readonly variable: string;
}

/**
 * Compiles the check of arguments that must equal a value an earlier tool of the call returned; undefined when the tool
 * has none. Values are compared as text, every element of a list by itself, in the argument as at the path. An absent
 * argument passes.
 */
export function compileAllowedValues({
  allowedValuesFrom = {},
}: ToolDefinition): ((given: Variables, callVariables: Variables) => NotAllowed | undefined) | undefined {
  const rules = Object.entries(allowedValuesFrom).map(([argument, path]) => {
    const parsed = parsePattern(path);
    const variable = parsed.ok ? rootOf(parsed.pattern) : undefined;
    if (!parsed.ok || variable === undefined) throw new Error(`The path \`${path}\` cannot be read`);
    return { argument, path, variable, pattern: parsed.pattern };
  });
  if (rules.length === 0) return undefined;
  return (given, callVariables) => {
    for (const { argument, path, variable, pattern } of rules) {
      const value = Object.hasOwn(given, argument) ? given[argument] : undefined;
      if (value === undefined || value === null) continue;
      const root = Object.hasOwn(callVariables, variable) ? callVariables[variable] : undefined;
      if (root === undefined || root === null) return { reason: 'absent', argument, path, variable };
      const allowed = new Set<string>();
      collect(callVariables, pattern, 0, allowed);
      const values = Array.isArray(value) ? (value as unknown[]) : [value];
      if (!values.every((one) => isAmong(one, allowed)))
        return { reason: 'not_among', argument, path, variable };
    }
    return undefined;
  };
}

function collect(value: unknown, pattern: PathPattern, at: number, into: Set<string>): void {
  const step = pattern[at];
  if (step === EACH || step === undefined) {
    // A list of one may come without its brackets, and a path may end at a list.
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (step === EACH) collect(item, pattern, at + 1, into);
      else {
        const text = textOf(item);
        if (text !== undefined) into.add(text);
      }
    }
  } else {
    collect(readPath(value, [step]), pattern, at + 1, into);
  }
}

function isAmong(value: unknown, allowed: ReadonlySet<string>): boolean {
  const text = textOf(value);
  return text !== undefined && allowed.has(text);
}

/** How a scalar is compared; undefined of lists, objects and null, which equal nothing. */
function textOf(value: unknown): string | undefined {
  if (isRawInteger(value)) return value.rawJSON;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
