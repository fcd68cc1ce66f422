/** An integer too large for a double, as it was written; `JSON.stringify` writes its digits out again. */
export interface RawInteger {
  readonly rawJSON: string;
}

// In every Node since 21; TypeScript's libraries do not know them yet.
const json = JSON as JSON & {
  rawJSON(text: string): RawInteger;
  isRawJSON(value: unknown): value is RawInteger;
};

/** Nearly no document has one: this decides, in a fraction of the time that parsing takes, that none can be lost. */
const MAY_LOSE_DIGITS = /[[:,]\s*-?\d{16}/;
/** Where such a number may be, inside of a text or not: all of it, in one group. */
const LONG_NUMBERS = /[[:,]\s*(-?\d{16}[\d.eE+-]*)/g;
/** Begins the strings that stand for integers while JSON is read: half of a character of the last private plane. */
const MARK = '\udbff';
const MARK_ESCAPED = '\\udbff';

/**
 * `JSON.parse`, apart from integers that a number would change (12345678901234567890): those become
 * {@link RawInteger}s, which any `JSON.stringify` writes out digit for digit.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  if (!mayLoseDigits(text)) return JSON.parse(text);
  if (text.toLowerCase().includes(MARK_ESCAPED)) return parseByReviver(text);
  const marked = markIntegers(text);
  const value: unknown = JSON.parse(marked);
  if (marked !== text) unmark(value);
  return value;
}

/** Whether `JSON.parse` might change an integer of this text. */
export function mayLoseDigits(text: string): boolean {
  return MAY_LOSE_DIGITS.test(text);
}

/** Whether a value is an integer as it was written. */
export function isRawInteger(value: unknown): value is RawInteger {
  return typeof value === 'object' && json.isRawJSON(value);
}

/** The integer these digits stand for: a number, unless that would change it. There are no zeros in front. */
export function integerOf(digits: string): number | RawInteger {
  return losesDigits(digits) ? json.rawJSON(digits) : Number(digits);
}

function losesDigits(token: string): boolean {
  return /^-?\d+$/.test(token) && String(Number(token)) !== token;
}

/** Makes marked texts of the integers that would lose digits. */
function markIntegers(text: string): string {
  let marked = '';
  let copied = 0;
  let at = 0;
  let isInString = false;
  for (const match of text.matchAll(LONG_NUMBERS)) {
    const token = match[1] as string;
    const start = match.index + match[0].length - token.length;
    for (; at < start; at += 1) {
      const character = text.charCodeAt(at);
      if (character === QUOTE) isInString = !isInString;
      else if (character === BACKSLASH) at += 1;
    }
    if (isInString || !losesDigits(token)) continue;
    marked += `${text.slice(copied, start)}"${MARK_ESCAPED}${token}"`;
    copied = start + token.length;
  }
  return copied === 0 ? text : marked + text.slice(copied);
}

const QUOTE = 34;
const BACKSLASH = 92;

/** Puts the integers in the places of their marks. Without recursion: the text may be nested as deep as it likes. */
function unmark(root: unknown): void {
  const open = [root];
  const look = (holder: Record<string | number, unknown>, key: string | number) => {
    const value = holder[key];
    if (typeof value === 'object' && value !== null) open.push(value);
    else if (typeof value === 'string' && value.startsWith(MARK)) holder[key] = json.rawJSON(value.slice(1));
  };
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    const fields = holder as Record<string | number, unknown>;
    if (Array.isArray(holder)) for (let index = 0; index < holder.length; index += 1) look(fields, index);
    else for (const key of Object.keys(fields)) look(fields, key);
  }
}

/** For text that writes the mark itself: eight times slower, and exact whatever the text is. */
function parseByReviver(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? integerOrSame(context.source, value) : value;
  return JSON.parse(text, revive);
}

function integerOrSame(source: string, value: number): number | RawInteger {
  return losesDigits(source) ? json.rawJSON(source) : value;
}
