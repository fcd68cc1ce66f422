import { parseTemplate, referencesOf } from './parse-template.js';
import { compileText, OMIT, RenderFaults } from './render-template.js';
import type { Scope } from './scope.js';
import { cleanSpoken } from './speech/clean-spoken.js';
import type { Messages, OutcomeRule } from './tool-definition.js';

/** What to say; absent where the agent speaks naturally. */
export interface Say {
  start?: string;
  complete?: string;
  failure?: string;
}

type Line = (scope: Scope) => string | undefined;

/**
 * Compiles a tool's messages. A line naming something that is not there is left unsaid rather than said with a hole
 * in it. What an outcome's rule says goes before the general line.
 */
export function compileMessages(
  messages: Messages | undefined,
  rules: readonly OutcomeRule[] = [],
): (scope: Scope, succeeded: boolean, rule?: OutcomeRule) => Say | undefined {
  const start = compileLine(messages?.start);
  const complete = compileLine(messages?.complete);
  const failure = compileLine(messages?.failure);
  const byRule = new Map(rules.map((rule) => [rule, compileLine(rule.say)]));
  const speaksNaturally = messages?.speakNaturally ?? false;
  const hasNothingToSay = !start && !complete && !failure && rules.every((rule) => rule.say === undefined);
  if (hasNothingToSay || speaksNaturally) return () => undefined;

  return (scope, succeeded, rule) => {
    const special = rule && byRule.get(rule)?.(scope);
    const say: Say = {};
    const startLine = start?.(scope);
    const endLine = special ?? (succeeded ? complete?.(scope) : failure?.(scope));
    if (startLine !== undefined) say.start = startLine;
    if (endLine !== undefined) say[succeeded ? 'complete' : 'failure'] = endLine;
    return say;
  };
}

function compileLine(text: string | undefined): Line | undefined {
  if (text === undefined) return undefined;
  const parsed = parseTemplate(text);
  if (!parsed.ok || referencesOf(parsed.parts).length === 0) {
    const line = spoken(text);
    return () => line;
  }
  const render = compileText(parsed.parts, () => false);
  return (scope) => {
    const faults = new RenderFaults();
    const line = render(scope, faults);
    return faults.any || line === OMIT ? undefined : spoken(line);
  };
}

/** Nothing but markup is nothing to say. */
function spoken(text: string): string | undefined {
  return cleanSpoken(text) || undefined;
}
