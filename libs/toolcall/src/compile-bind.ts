import { compileUnboundStandings } from './known-names.js';
import { parseTemplate, wholePlaceholder } from './parse-template.js';
import { compileText, compileValue, OMIT, type RenderFaults } from './render-template.js';
import type { Scope } from './scope.js';
import type { ToolDefinition } from './tool-definition.js';

/**
 * Compiles what a tool binds. A value made of an optional argument that is absent is absent, too: its name stays bound
 * all the same, so that nobody else's value takes its place.
 */
export function compileBind(definition: ToolDefinition): (scope: Scope, faults: RenderFaults) => Scope {
  const standingOf = compileUnboundStandings(definition);
  const isOptional = (reference: Parameters<typeof standingOf>[0]) => standingOf(reference) === 'optional';
  const renderers = Object.entries(definition.bind ?? {}).map(([name, text]) => {
    const parsed = parseTemplate(text);
    if (!parsed.ok) throw new Error(`The bound value ${name} ${parsed.message}`);
    const whole = wholePlaceholder(parsed.parts);
    const render = whole ? compileValue(whole, isOptional(whole)) : compileText(parsed.parts, isOptional);
    return [name, render] as const;
  });
  if (renderers.length === 0) return (scope) => scope;
  return (scope, faults) => {
    const bound: Record<string, unknown> = {};
    for (const [name, render] of renderers) {
      const value = render(scope, faults);
      bound[name] = value === OMIT ? undefined : value;
    }
    return { ...scope, bound };
  };
}

/**
 * Compiles what keeps a model from standing in for others: of a schema that takes undeclared arguments, those are
 * dropped whose name the tool takes from the context or from the call.
 */
export function compileIntruderGuard(
  { parameters }: Pick<ToolDefinition, 'parameters'>,
  trusted: readonly string[],
): (given: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> {
  const { properties = {}, additionalProperties } = parameters as {
    properties?: object;
    additionalProperties?: unknown;
  };
  if (!additionalProperties) return (given) => given;
  const guarded = new Set(trusted.filter((name) => !Object.hasOwn(properties, name)));
  return (given) =>
    Object.keys(given).some((name) => guarded.has(name))
      ? Object.fromEntries(Object.entries(given).filter(([name]) => !guarded.has(name)))
      : given;
}
