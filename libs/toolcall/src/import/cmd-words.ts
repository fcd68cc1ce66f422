import type { Problem } from '../problem.js';
import { characterProblem, type Command, type CommandLine, type Word } from './command-line.js';

/** How Chrome and Firefox write a `curl` command for the Windows command prompt. */
const CMD_STYLE = /^\s*curl(?:\.exe)?\s[^\n]{0,500}\^"|\s\^\r?\n/i;

/** Whether a command is written for the Windows command prompt rather than for a POSIX shell. */
export function isCmdStyle(text: string): boolean {
  return CMD_STYLE.test(text);
}

interface Character {
  readonly text: string;
  readonly at: number;
}

/**
 * Splits text as the Windows command prompt does, and then as C programs on Windows read their arguments. `%NAME%`
 * becomes the placeholder `{{NAME}}`.
 */
export function readCmdWords(text: string, variables: Readonly<Record<string, string>> = {}): CommandLine {
  const lines = withoutCarets(text, variables);
  const problems: Problem[] = [];
  const commands = lines
    .map(({ characters, isPiped }): Command => ({ words: splitWords(characters, problems), isPiped }))
    .filter(({ words }) => words.length > 0);
  return { commands, dropped: [], problems };
}

interface Line {
  readonly characters: Character[];
  readonly isPiped: boolean;
}

/** The first half: carets escape outside of quotes, a caret at the end of a line continues it. */
function withoutCarets(text: string, variables: Readonly<Record<string, string>>): Line[] {
  let line: Line = { characters: [], isPiped: false };
  const lines = [line];
  let isQuoted = false;
  const next = (isPiped: boolean) => {
    line = { characters: [], isPiped };
    lines.push(line);
    isQuoted = false;
  };
  const variable = /%(?=[A-Z0-9_]*[G-Z_])([A-Z_][A-Z0-9_]{2,63})%/y; // not `%E2%`, which is an encoded byte
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '\r') continue;
    if (character === '^' && !isQuoted) {
      at += 1;
      if (text.charAt(at) === '\r') at += 1;
      if (text.charAt(at) === '\n') {
        if (text.charAt(at + 1) === '\r') at += 1;
        if (text.charAt(at + 1) !== '\n') continue;
        at += 1; // ^ and two line ends: one line end that is meant
      }
      if (at < text.length) line.characters.push({ text: text.charAt(at), at });
      continue;
    }
    if (character === '\n') {
      next(false);
      continue;
    }
    if (character === '"') isQuoted = !isQuoted;
    if (!isQuoted && (character === '&' || character === '|')) {
      const isPiped = character === '|' && text.charAt(at + 1) !== '|';
      next(isPiped);
      continue;
    }
    variable.lastIndex = at;
    const [whole, name = ''] = variable.exec(text) ?? [];
    if (whole === undefined) {
      line.characters.push({ text: character, at });
    } else {
      line.characters.push({
        text: Object.hasOwn(variables, name) ? (variables[name] ?? '') : `{{${name}}}`,
        at,
      });
      at += whole.length - 1;
    }
  }
  return lines;
}

/** The second half: `\"` is a quote, backslashes before a quote count in pairs, `""` within quotes is one. */
function splitWords(characters: readonly Character[], problems: Problem[]): Word[] {
  const words: Word[] = [];
  let word: { parts: string[]; at: number } | undefined;
  let quotedAt: number | undefined;
  const add = (text: string, at: number) => {
    word ??= { parts: [], at };
    word.parts.push(text);
  };
  const end = () => {
    if (word) words.push({ text: word.parts.join(''), at: word.at });
    word = undefined;
  };
  for (let index = 0; index < characters.length; index += 1) {
    const { text, at } = characters[index] as Character;
    if (text === '\\') {
      let count = 1;
      while (characters[index + count]?.text === '\\') count += 1;
      const isBeforeQuote = characters[index + count]?.text === '"';
      add('\\'.repeat(isBeforeQuote ? Math.floor(count / 2) : count), at);
      index += count - 1;
      if (isBeforeQuote && count % 2 === 1) {
        add('"', at);
        index += 1;
      }
    } else if (text === '"') {
      add('', at);
      if (quotedAt !== undefined && characters[index + 1]?.text === '"') {
        add('"', at);
        index += 1;
      } else {
        quotedAt = quotedAt === undefined ? at : undefined;
      }
    } else if (quotedAt === undefined && /^\s$/.test(text)) {
      end();
    } else {
      add(text, at);
    }
  }
  end();
  if (quotedAt !== undefined)
    problems.push(characterProblem(quotedAt, 'wrong_format', 'the quote " is not closed'));
  return words;
}
