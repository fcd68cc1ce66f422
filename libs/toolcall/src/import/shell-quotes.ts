const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\u0007', b: '\b', e: '\u001b', E: '\u001b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"', '?': '?' },
};

export interface Quoted {
  readonly value: string;
  /** Behind the closing quote. */
  readonly end: number;
  readonly isClosed: boolean;
}

/** Reads bash's `$'…'` from behind its opening quote: backslashes make other characters. */
export function readAnsiQuotes(text: string, from: number): Quoted {
  const parts: string[] = [];
  let at = from;
  while (at < text.length) {
    const character = text.charAt(at++);
    if (character === "'") return { value: parts.join(''), end: at, isClosed: true };
    if (character !== '\\') {
      parts.push(character);
      continue;
    }
    ESCAPE.lastIndex = at;
    const [whole = '', hex, octal, letter = ''] = ESCAPE.exec(text) ?? [];
    at += whole.length;
    if (hex !== undefined) parts.push(fromCodePoint(parseInt(hex, 16)));
    else if (octal !== undefined) parts.push(fromCodePoint(parseInt(octal, 8) & 255));
    else parts.push(escapes[letter] ?? `\\${letter}`);
  }
  return { value: parts.join(''), end: at, isClosed: false };
}

/** After the backslash. */
const ESCAPE =
  /(?:x(?=[0-9a-f]{1,2})|u(?=[0-9a-f]{1,4})|U(?=[0-9a-f]{1,8}))([0-9a-f]{1,8})|([0-7]{1,3})|([^])/iy;

function fromCodePoint(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** Reads the lines of a here-document up to its delimiter, or to the end of the text. */
export function readHereDocument(
  text: string,
  from: number,
  { delimiter, isTabbed }: { delimiter: string; isTabbed: boolean },
): { body: string; end: number } {
  const lines: string[] = [];
  let at = from;
  while (at < text.length) {
    const end = text.indexOf('\n', at);
    const raw = text.slice(at, end === -1 ? undefined : end).replace(/\r$/, '');
    at = end === -1 ? text.length : end + 1;
    const line = isTabbed ? raw.replace(/^\t+/, '') : raw;
    if (line === delimiter) break;
    lines.push(line);
  }
  return { body: lines.join('\n'), end: at };
}
