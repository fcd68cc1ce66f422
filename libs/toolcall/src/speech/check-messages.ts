import { callVariableNames } from '../call-variables.js';
import { parseTemplate, referencesOf, type Reference } from '../parse-template.js';
import { pointerToken, problem, repeated, type Problem } from '../problem.js';
import { contextNames } from '../scope.js';
import { secretNames } from '../secret-reference.js';
import { filterProblem, hasDefault } from '../template-filters.js';
import type { Lines, Message, ToolDefinition } from '../tool-definition.js';
import { isByLanguage, languageKey } from './compile-line.js';

/**
 * What is wrong with what a tool says. What is said before the answer is here can name what goes into the request only;
 * afterwards any name may be the answer's.
 */
export function checkMessages(definition: ToolDefinition): Problem[] {
  const { start, delays = [], complete, failure } = definition.messages ?? {};
  const outcomes = definition.response?.outcomes ?? [];
  const known = namesBefore(definition);
  const unspeakable = secretNames(definition);
  const before: [string, Message | undefined][] = [
    ['/messages/start', start],
    ...delays.map(({ text }, index): [string, Message] => [`/messages/delays/${index}/text`, text]),
  ];
  const after: [string, Message | undefined][] = [
    ['/messages/complete', complete],
    ['/messages/failure', failure],
    ...outcomes.map(({ say }, index): [string, Message | undefined] => [
      `/response/outcomes/${index}/say`,
      say,
    ]),
  ];
  return [
    ...before.flatMap(([pointer, message]) => checkMessage(pointer, message, { known, unspeakable })),
    ...after.flatMap(([pointer, message]) => checkMessage(pointer, message, { unspeakable })),
    ...repeated(delays.map(({ afterMs }) => String(afterMs))).map(([index, afterMs]) =>
      problem(
        `/messages/delays/${index}/afterMs`,
        'duplicate',
        `something is said after ${afterMs} ms already`,
      ),
    ),
  ];
}

/** What a line can name. */
interface Names {
  /** Everything there is; absent where the answer may have any name. */
  readonly known?: readonly string[];
  /** Secrets of the request: nothing stands for them here. */
  readonly unspeakable: readonly string[];
}

function namesBefore(definition: ToolDefinition): readonly string[] {
  const { properties = {} } = definition.parameters as { properties?: object };
  const bound = Object.keys(definition.bind ?? {});
  return [...new Set([...Object.keys(properties), ...bound, ...callVariableNames(definition)])];
}

function checkMessage(pointer: string, message: Message | undefined, names: Names): Problem[] {
  if (message === undefined) return [];
  if (!isByLanguage(message)) return checkLines(pointer, message, names);
  const languages = Object.keys(message);
  const problems = Object.entries(message).flatMap(([language, lines]) => {
    const at = `${pointer}/${pointerToken(language)}`;
    return [...checkLanguage(at, language), ...checkLines(at, lines, names)];
  });
  for (const [index, key] of repeated(languages.map(languageKey))) {
    const at = `${pointer}/${pointerToken(languages[index] as string)}`;
    problems.push(problem(at, 'duplicate', `the language \`${key}\` is there already`));
  }
  return problems;
}

function checkLanguage(pointer: string, language: string): Problem[] {
  if (language === 'default') return [];
  try {
    Intl.getCanonicalLocales(language.replaceAll('_', '-'));
    return [];
  } catch {
    return [problem(pointer, 'wrong_format', 'must be a language (`en`, `de-AT`) or `default`', language)];
  }
}

function checkLines(pointer: string, lines: Lines, names: Names): Problem[] {
  if (typeof lines !== 'string') {
    return lines.flatMap((line, index) => checkLines(`${pointer}/${index}`, line, names));
  }
  const parsed = parseTemplate(lines);
  if (!parsed.ok) return [problem(pointer, 'wrong_format', parsed.message, lines)];
  return referencesOf(parsed.parts).flatMap((reference) => [
    ...checkFilters(pointer, reference),
    ...checkName(pointer, reference, names),
  ]);
}

function checkFilters(pointer: string, { filters = [] }: Reference): Problem[] {
  return filters.flatMap((filter) => {
    const message = filterProblem(filter, 'message');
    return message === undefined ? [] : [problem(pointer, 'not_allowed', message)];
  });
}

function checkName(pointer: string, reference: Reference, { known, unspeakable }: Names): Problem[] {
  const head = String(reference.path[0]);
  if (unspeakable.includes(head)) {
    return [problem(pointer, 'not_allowed', `\`${head}\` is a secret of the request, which is never said`)];
  }
  if (!known) return [];
  if (known.includes(head) || contextNames.includes(head) || hasDefault(reference)) return [];
  const own = known.length > 0 ? `this tool's ${known.join(', ')}; ` : '';
  const message = `\`${reference.name}\` is not known before the API has answered. Known: ${own}always ${contextNames.join(', ')}`;
  return [problem(pointer, 'unknown_name', message)];
}
