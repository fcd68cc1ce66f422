import type { Problem } from '../problem.js';
import { characterProblem, type Command, type CommandLine, type Word } from './command-line.js';
import type { Dropped } from './imported.js';
import { readAnsiQuotes, readHereDocument } from './shell-quotes.js';

const MOST_WORDS = 5000;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const BRACED = /\{([A-Za-z_][A-Za-z0-9_]*)[^{}\n]{0,200}\}/y;
/** `<order id>` as documentation writes it; no redirection is written so. */
const ANGLED = /<[A-Za-z_][A-Za-z0-9_ -]{0,63}>/y;
const BLANK_TO_LINE_END = /[ \t]*\r?\n/y;
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/;
type Redirection = 'drop' | 'string' | 'document' | 'tabbed document';

/**
 * Splits text as a POSIX shell with bash's `$'…'` would, without running or reading anything. A variable that is not
 * assigned in the text becomes the placeholder `{{NAME}}`; what the shell would have to run is refused. Lenient where
 * documentation is: unquoted `&` within a word, `<name>`, blanks after a continuation's backslash.
 */
export function readShellWords(text: string, variables: Readonly<Record<string, string>> = {}): CommandLine {
  return new ShellReader(text, variables).read();
}

class ShellReader {
  private at = 0;
  private readonly commands: Command[] = [];
  private readonly dropped: Dropped[] = [];
  private readonly problems: Problem[] = [];
  private readonly variables: Map<string, string>;
  private words: Word[] = [];
  private word: string[] | undefined;
  private wordAt = 0;
  private isWordQuoted = false;
  private wordCount = 0;
  private redirection: Redirection | undefined;
  private documents: { delimiter: string; isQuoted: boolean; isTabbed: boolean }[] = [];
  private stdin: string | undefined;
  private isPiped = false;

  constructor(
    private readonly text: string,
    variables: Readonly<Record<string, string>>,
  ) {
    this.variables = new Map(Object.entries(variables));
  }

  read(): CommandLine {
    while (this.at < this.text.length && this.wordCount <= MOST_WORDS) this.readOne();
    this.endCommand();
    if (this.wordCount > MOST_WORDS) this.refuse(this.at, 'too_large', `may have ${MOST_WORDS} words`);
    return { commands: this.commands, dropped: this.dropped, problems: this.problems };
  }

  private readOne(): void {
    const start = this.at;
    const character = this.text.charAt(this.at++);
    const read = this.special[character];
    if (read) read(start);
    else this.add(character);
  }

  private readonly special: Readonly<Record<string, (start: number) => void>> = {
    '\\': () => this.readEscape(),
    "'": (start) => this.readSingleQuoted(start),
    '"': (start) => this.readDoubleQuoted(start),
    $: (start) => this.readDollar(start),
    '`': (start) => this.readBacktick(start),
    ' ': () => this.endWord(),
    '\t': () => this.endWord(),
    '\r': () => this.endWord(),
    '\u00a0': () => this.endWord(),
    '\n': () => this.endLine(),
    '#': () => this.readHash(),
    ';': () => this.endCommand(),
    '&': (start) => this.readAmpersand(start),
    '|': () => this.readPipe(),
    '<': (start) => this.readLess(start),
    '>': (start) => this.readGreater(start),
    '“': (start) => this.readTypographic(start),
    '”': (start) => this.readTypographic(start),
    '‘': (start) => this.readTypographic(start),
    '’': (start) => this.readTypographic(start),
  };

  /** Within a word it may be somebody's apostrophe; a word does not begin with one. */
  private readTypographic(start: number): void {
    const character = this.text.charAt(start);
    if (!this.word) {
      this.refuse(start, 'wrong_format', `\`${character}\` is a typographic quote; use " or '`);
    }
    this.add(character);
  }

  private add(text: string, at = this.at - 1): void {
    if (!this.word) {
      this.word = [];
      this.wordAt = at;
      this.isWordQuoted = false;
    }
    this.word.push(text);
  }

  private addQuoted(text: string, at?: number): void {
    this.add(text, at);
    this.isWordQuoted = true;
  }

  private refuse(at: number, code: string, message: string): void {
    this.problems.push(characterProblem(at, code, message));
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at += match[0].length;
    return match;
  }

  private readEscape(): void {
    if (this.take(BLANK_TO_LINE_END)) return;
    if (this.at < this.text.length) this.addQuoted(this.text.charAt(this.at++));
  }

  private readSingleQuoted(start: number): void {
    const end = this.text.indexOf("'", this.at);
    if (end === -1) {
      this.refuse(start, 'wrong_format', "the quote ' is not closed");
      this.at = this.text.length;
      return;
    }
    this.addQuoted(this.text.slice(this.at, end));
    this.at = end + 1;
  }

  private readDoubleQuoted(start: number): void {
    this.addQuoted('');
    while (this.at < this.text.length) {
      const from = this.at;
      const character = this.text.charAt(this.at++);
      if (character === '"') return;
      if (character === '\\') {
        const next = this.text.charAt(this.at++);
        if (next === '\r' && this.text.charAt(this.at) === '\n') this.at += 1;
        else if (next !== '\n') this.add('$`"\\'.includes(next) && next !== '' ? next : `\\${next}`);
      } else if (character === '$') {
        this.readExpansion(from);
      } else if (character === '`') {
        this.refuseSubstitution(from, '`');
      } else {
        this.add(character);
      }
    }
    this.refuse(start, 'wrong_format', 'the quote " is not closed');
  }

  private readDollar(start: number): void {
    const next = this.text.charAt(this.at);
    if (next === "'") {
      this.at += 1;
      this.readAnsiQuoted(start);
    } else if (next === '"') {
      this.at += 1;
      this.readDoubleQuoted(start);
    } else {
      this.readExpansion(start);
    }
  }

  /** After a `$`: a variable, a command to run, or a dollar. */
  private readExpansion(start: number): void {
    if (this.text.charAt(this.at) === '(') {
      this.refuseSubstitution(start, ')');
      return;
    }
    const match = this.take(BRACED) ?? this.take(NAME);
    this.add(match ? this.valueOf(match[1] ?? match[0]) : '$', start);
  }

  private valueOf(name: string): string {
    return this.variables.get(name) ?? `{{${name}}}`;
  }

  private readAnsiQuoted(start: number): void {
    const quoted = readAnsiQuotes(this.text, this.at);
    this.addQuoted(quoted.value, start);
    this.at = quoted.end;
    if (!quoted.isClosed) this.refuse(start, 'wrong_format', "the quote $' is not closed");
  }

  private readBacktick(start: number): void {
    if (this.take(BLANK_TO_LINE_END)) return; // PowerShell's continuation
    this.refuseSubstitution(start, '`');
  }

  private refuseSubstitution(start: number, close: string): void {
    const message = 'would run a command (`$(…)`); put in what it prints, or a placeholder `{{name}}`';
    this.refuse(start, 'not_allowed', message);
    const end = this.text.indexOf(close, this.at);
    this.at = end === -1 ? this.text.length : end + 1;
    this.add('');
  }

  /** A comment, where a word could begin. */
  private readHash(): void {
    if (this.word) {
      this.add('#');
      return;
    }
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end;
  }

  /** Documentation forgets to quote URLs: `?a=1&b=2` is meant as one word. */
  private readAmpersand(start: number): void {
    const next = this.text.charAt(this.at);
    if (next === '>') {
      this.at += 1;
      this.redirect('drop', start);
    } else if (this.word && next !== '&' && /\S/.test(next)) {
      this.add('&');
    } else {
      if (next === '&') this.at += 1;
      this.endCommand();
    }
  }

  private readPipe(): void {
    this.endCommand();
    if (this.text.charAt(this.at) === '|') this.at += 1;
    else this.isPiped = true;
  }

  private readLess(start: number): void {
    this.at = start;
    const angled = this.take(ANGLED);
    if (angled) this.add(angled[0], start);
    else if (this.take(/<<</y)) this.redirect('string', start);
    else if (this.take(/<<-/y)) this.redirect('tabbed document', start);
    else if (this.take(/<</y)) this.redirect('document', start);
    else {
      this.at = start + 1;
      this.redirect('drop', start);
    }
  }

  private readGreater(start: number): void {
    if (this.text.charAt(this.at) === '>') this.at += 1;
    if (this.text.charAt(this.at) === '&') this.at += 1;
    if (this.word?.every((part) => /^\d$/.test(part))) this.word = undefined; // 2>/dev/null
    this.redirect('drop', start);
  }

  private redirect(redirection: Redirection, at: number): void {
    this.endWord();
    this.redirection = redirection;
    if (redirection !== 'drop') return;
    const why = 'a tool reads and writes no files';
    this.dropped.push({ where: `character ${at + 1}`, what: 'the redirection', why });
  }

  private endWord(): void {
    if (!this.word) return;
    const text = this.word.join('');
    this.word = undefined;
    const { redirection } = this;
    this.redirection = undefined;
    if (redirection === undefined) {
      this.words.push({ text, at: this.wordAt });
      this.wordCount += 1;
    } else if (redirection === 'string') {
      this.stdin = text;
    } else if (redirection !== 'drop') {
      const isTabbed = redirection === 'tabbed document';
      this.documents.push({ delimiter: text, isQuoted: this.isWordQuoted, isTabbed });
    }
  }

  private endLine(): void {
    this.endWord();
    for (const { isQuoted, ...document } of this.documents.splice(0)) {
      const { body, end } = readHereDocument(this.text, this.at, document);
      this.at = end;
      this.stdin = isQuoted ? body : this.expand(body);
    }
    this.endCommand();
  }

  private expand(body: string): string {
    return body.replace(
      /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g,
      (_, braced: string | undefined, bare: string) => this.valueOf(braced ?? bare),
    );
  }

  private endCommand(): void {
    this.endWord();
    this.redirection = undefined;
    const { words, stdin, isPiped } = this;
    this.words = [];
    this.stdin = undefined;
    if (words.length === 0) return;
    this.isPiped = false;
    const rest = this.assign(words);
    if (rest.length > 0) this.commands.push({ words: rest, isPiped, ...(stdin !== undefined && { stdin }) });
  }

  /** `NAME=value`, alone or before a command, and `export NAME=value`; answers with what is left. */
  private assign(words: readonly Word[]): readonly Word[] {
    const first = words[0]?.text === 'export' ? 1 : 0;
    let next = first;
    for (const { text } of words.slice(first)) {
      const [, name, value] = ASSIGNMENT.exec(text) ?? [];
      if (name === undefined || value === undefined) break;
      if (!this.variables.has(name)) this.variables.set(name, value);
      next += 1;
    }
    return words.slice(next);
  }
}
