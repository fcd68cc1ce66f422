import type { Scope } from '../scope.js';
import type { Messages, OutcomeRule } from '../tool-definition.js';
import { compileMessage } from './compile-line.js';

/** What to say; absent where the agent speaks naturally. */
export interface Say {
  start?: string;
  /** What to say while it is not done, by how long it has been going on. */
  delays?: { afterMs: number; text: string }[];
  complete?: string;
  failure?: string;
}

/** Compiles a tool's messages. What an outcome's rule says goes before the general line. */
export function compileMessages(
  messages: Messages | undefined,
  rules: readonly OutcomeRule[] = [],
): (scope: Scope, succeeded: boolean, rule?: OutcomeRule) => Say | undefined {
  const start = compileMessage(messages?.start);
  const delays = (messages?.delays ?? [])
    .map(({ afterMs, text }) => ({ afterMs, line: compileMessage(text) }))
    .sort((a, b) => a.afterMs - b.afterMs);
  const complete = compileMessage(messages?.complete);
  const failure = compileMessage(messages?.failure);
  const byRule = new Map(rules.map((rule) => [rule, compileMessage(rule.say)]));
  const hasNothingToSay =
    !start && delays.length === 0 && !complete && !failure && rules.every((rule) => rule.say === undefined);
  if (hasNothingToSay || messages?.speakNaturally) return () => undefined;

  return (scope, succeeded, rule) => {
    const special = rule && byRule.get(rule)?.(scope);
    const say: Say = {};
    const startLine = start?.(scope);
    const endLine = special ?? (succeeded ? complete?.(scope) : failure?.(scope));
    if (startLine !== undefined) say.start = startLine;
    if (delays.length > 0) say.delays = delaysOf(delays, scope);
    if (endLine !== undefined) say[succeeded ? 'complete' : 'failure'] = endLine;
    return say;
  };
}

function delaysOf(
  delays: readonly { afterMs: number; line: ReturnType<typeof compileMessage> }[],
  scope: Scope,
): { afterMs: number; text: string }[] {
  return delays.flatMap(({ afterMs, line }) => {
    const text = line?.(scope);
    return text === undefined ? [] : [{ afterMs, text }];
  });
}
