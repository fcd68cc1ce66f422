import type { Problem } from '../problem.js';
import {
  ALL,
  FLAGS,
  noFile,
  OTHER_AUTH,
  REFUSED,
  SHORT,
  VALUED,
  WITHOUT_PLACE,
} from './curl-option-table.js';
import type { Dropped } from './imported.js';
import { characterProblem, type Command, type Word } from './command-line.js';

/** A part of a body as `curl` is given it. */
export interface DataPart {
  /** `raw` as it is, `encoded` after percent-encoding, `json` without a `&` before it. */
  readonly kind: 'raw' | 'encoded' | 'json';
  readonly text: string;
  readonly at: number;
}

/** What one `curl` command asks for, apart from its URLs' meaning. */
export interface CurlCall {
  readonly at: number;
  readonly urls: Word[];
  readonly headers: Word[];
  readonly data: DataPart[];
  readonly forms: { readonly text: string; readonly isPlain: boolean; readonly at: number }[];
  readonly urlQuery: Word[];
  readonly cookies: Word[];
  method?: string;
  putsDataInUrl?: boolean;
  isHead?: boolean;
  globOff?: boolean;
  user?: Word;
  bearer?: Word;
  userAgent?: string;
  referer?: string;
  maxTimeSeconds?: number;
  /** Asked for, but not one of basic and bearer. */
  otherAuth?: 'digest' | 'signature' | 'mutual_tls' | 'other';
}

export interface ReadOptions {
  readonly calls: readonly CurlCall[];
  readonly dropped: readonly Dropped[];
  readonly problems: readonly Problem[];
}

/** Reads the words after `curl` as curl does: one call for each part between `--next`. */
export function readCurlOptions(command: Command): ReadOptions {
  return new OptionReader(command).read();
}

class OptionReader {
  private readonly calls: CurlCall[] = [];
  private readonly dropped: Dropped[] = [];
  private readonly problems: Problem[] = [];
  private call: CurlCall;
  private next = 1;

  constructor(private readonly command: Command) {
    this.call = emptyCall(command.words[0]?.at ?? 0);
  }

  read(): ReadOptions {
    const { words } = this.command;
    let onlyUrls = false;
    while (this.next < words.length) {
      const word = words[this.next++] as Word;
      if (onlyUrls || !/^[-–—]./u.test(word.text)) {
        if (word.text !== '-' && word.text !== '') this.call.urls.push(word);
      } else if (word.text === '--') onlyUrls = true;
      else if (/^[–—]/u.test(word.text)) {
        this.refuse(
          word,
          'wrong_format',
          `\`${word.text.slice(0, 20)}\` begins with a dash that is not \`-\``,
        );
      } else if (word.text.startsWith('--')) this.readLong(word);
      else this.readShort(word);
    }
    this.calls.push(this.call);
    return { calls: this.calls, dropped: this.dropped, problems: this.problems };
  }

  private readLong(word: Word): void {
    const written = word.text.slice(2);
    const name = this.nameOf(written);
    if (name === undefined) {
      const [before = '', value] = written.split('=', 2);
      const isJoined = value !== undefined && (VALUED.has(before) || FLAGS.has(before));
      const right = isJoined ? `; curl takes the value as the next word: \`--${before} …\`` : '';
      this.refuse(word, 'unknown_option', `\`--${before.slice(0, 40)}\` is no option of curl${right}`);
      return;
    }
    const isOff = written.startsWith('no-') && !ALL.includes(written);
    if (isOff) return;
    if (!VALUED.has(name)) this.takeOption(name, word, undefined);
    else this.takeValued(name, word, this.command.words[this.next++]);
  }

  /** Exact, switched off by `no-`, or an abbreviation only one option begins with. */
  private nameOf(written: string): string | undefined {
    if (VALUED.has(written) || FLAGS.has(written)) return written;
    if (written.startsWith('no-') && FLAGS.has(written.slice(3))) return written.slice(3);
    const candidates = written.length < 3 ? [] : ALL.filter((name) => name.startsWith(written));
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  private readShort(word: Word): void {
    for (let index = 1; index < word.text.length; index += 1) {
      const letter = word.text.charAt(index);
      const name = letter === ':' ? 'next' : SHORT[letter];
      if (name === undefined) {
        this.refuse(word, 'unknown_option', `\`-${letter}\` is no option of curl`);
        return;
      }
      if (VALUED.has(name)) {
        const rest = word.text.slice(index + 1);
        const value = rest === '' ? this.command.words[this.next++] : { text: rest, at: word.at };
        this.takeValued(name, { text: `-${letter}`, at: word.at }, value);
        return;
      }
      this.takeOption(name, { text: `-${letter}`, at: word.at }, undefined);
    }
  }

  private takeValued(name: string, option: Word, value: Word | undefined): void {
    if (value) this.takeOption(name, option, value);
    else this.refuse(option, 'required', `\`${option.text}\` needs a value after it`);
  }

  private takeOption(name: string, option: Word, value: Word | undefined): void {
    const { call } = this;
    const text = value?.text ?? '';
    switch (name) {
      case 'url':
        if (value) call.urls.push(value);
        return;
      case 'request':
        call.method = text;
        return;
      case 'header':
        if (text.startsWith('@'))
          this.refuse(option, 'not_allowed', `\`${option.text} @…\` reads a file; paste its lines`);
        else if (value) call.headers.push(value);
        return;
      case 'data':
      case 'data-ascii':
      case 'data-binary': {
        this.addData('raw', text, option, true);
        return;
      }
      case 'data-raw': {
        this.addData('raw', text, option, false);
        return;
      }
      case 'json': {
        this.addData('json', text, option, true);
        return;
      }
      case 'data-urlencode': {
        this.addData('encoded', text, option, false);
        return;
      }
      case 'form':
      case 'form-string':
        call.forms.push({ text, isPlain: name === 'form-string', at: option.at });
        return;
      case 'get':
        call.putsDataInUrl = true;
        return;
      case 'head':
        call.isHead = true;
        return;
      case 'globoff':
        call.globOff = true;
        return;
      case 'next':
        this.calls.push(call);
        this.call = emptyCall(option.at);
        return;
      default:
        this.takeOther(name, option, value);
    }
  }

  private takeOther(name: string, option: Word, value: Word | undefined): void {
    const { call } = this;
    const text = value?.text ?? '';
    switch (name) {
      case 'user':
        if (value) call.user = value;
        return;
      case 'oauth2-bearer':
        if (value) call.bearer = value;
        return;
      case 'url-query':
        if (value) call.urlQuery.push(value);
        return;
      case 'cookie':
        if (value && text.includes('=')) call.cookies.push(value);
        else this.drop(option, noFile);
        return;
      case 'user-agent':
        call.userAgent = text;
        return;
      case 'referer':
        call.referer = text.replace(/;auto$/, '');
        return;
      case 'max-time':
        if (Number(text) > 0) call.maxTimeSeconds = Number(text);
        else this.refuse(option, 'wrong_format', `\`${option.text}\` needs seconds after it`);
        return;
    }
    const auth = OTHER_AUTH[name];
    const refusal = REFUSED[name];
    const why = WITHOUT_PLACE[name];
    if (auth) call.otherAuth = auth;
    else if (refusal) this.refuse(option, 'not_allowed', `\`${option.text}\` ${refusal}`);
    else if (why) this.drop(option, why);
  }

  private addData(kind: DataPart['kind'], text: string, option: Word, readsFiles: boolean): void {
    const { stdin } = this.command;
    const fileForm = kind === 'encoded' ? /^[^=@]*@/ : /^@/;
    if ((readsFiles || kind === 'encoded') && fileForm.test(text)) {
      if (text !== '@-' || stdin === undefined) {
        this.refuse(option, 'not_allowed', `\`${option.text} @…\` reads a file; paste its content`);
        return;
      }
      this.call.data.push({ kind, text: stdin, at: option.at });
      return;
    }
    this.call.data.push({ kind, text, at: option.at });
  }

  private refuse({ at }: Word, code: string, message: string): void {
    this.problems.push(characterProblem(at, code, message));
  }

  private drop({ at, text }: Word, why: string): void {
    this.dropped.push({ where: `character ${at + 1}`, what: `\`${text}\``, why });
  }
}

function emptyCall(at: number): CurlCall {
  return { at, urls: [], headers: [], data: [], forms: [], urlQuery: [], cookies: [] };
}
