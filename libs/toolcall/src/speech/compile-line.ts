import { parseTemplate, referencesOf } from '../parse-template.js';
import { compileText, OMIT, RenderFaults } from '../render-template.js';
import type { Scope } from '../scope.js';
import type { Lines, Message } from '../tool-definition.js';
import { cleanSpoken } from './clean-spoken.js';

/** What to say now; undefined when there is nothing that can be said. */
export type Line = (scope: Scope) => string | undefined;

/**
 * Compiles a message: the line of the call's language, and of several lines the one whose turn it is. A line naming
 * something that is not there is left unsaid rather than said with a hole in it.
 */
export function compileMessage(message: Message | undefined): Line | undefined {
  if (message === undefined) return undefined;
  return isByLanguage(message) ? compileByLanguage(message) : compileLines(message);
}

export function isByLanguage(message: Message): message is Readonly<Record<string, Lines>> {
  return typeof message === 'object' && !Array.isArray(message);
}

/** The form in which languages are compared. */
export function languageKey(language: string): string {
  return language.replaceAll('_', '-').toLowerCase();
}

/**
 * `en-GB` is answered in `en-GB`, else `en`, else any other English, else in the default, else in the first language there
 * is. Words of another language than the call's bring their own way of saying numbers along.
 */
function compileByLanguage(message: Readonly<Record<string, Lines>>): Line | undefined {
  const choices = Object.entries(message).map(([language, lines]) => ({
    key: languageKey(language),
    language: language === 'default' ? undefined : language,
    say: compileLines(lines),
  }));
  const byKey = new Map(choices.map((choice) => [choice.key, choice]));
  const fallback = byKey.get('default') ?? choices[0];
  return (scope) => {
    const wanted = languageKey(scope.facts.language ?? '');
    const base = wanted.split('-', 1)[0] as string;
    for (let key = wanted; key !== ''; key = key.slice(0, Math.max(0, key.lastIndexOf('-')))) {
      const exact = byKey.get(key);
      if (exact) return exact.say(scope);
    }
    const related = base === '' ? undefined : choices.find(({ key }) => key.startsWith(`${base}-`));
    if (related) return related.say(scope);
    if (fallback?.language === undefined) return fallback?.say(scope);
    return fallback.say({ ...scope, facts: { ...scope.facts, language: fallback.language } });
  };
}

function compileLines(lines: Lines): Line {
  if (typeof lines === 'string') return compileLine(lines);
  const all = lines.map(compileLine);
  return (scope) => {
    const turn = turnOf(scope);
    for (let tried = 0; tried < all.length; tried += 1) {
      const line = all[(turn + tried) % all.length]?.(scope);
      if (line !== undefined) return line;
    }
    return undefined;
  };
}

/** The next one with each turn of a call, starting anywhere; the same again when the same turn is asked again. */
function turnOf({ callId, turn, executionId = '' }: Scope): number {
  if (callId === undefined || turn === undefined) return hashOf(executionId);
  return hashOf(callId) + turn;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}

function compileLine(text: string): Line {
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
