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
/** Strings and fractions, which are left alone, and numbers of 16 digits and more, each taken whole: linear in the text. */
const TOKENS = /"(?:[^"\\]|\\.)*"|(?<!\d)(?:-?\d{1,15}[.eE][\d.eE+-]*|-?\d{16}[\d.eE+-]*)/g;
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
  let marked = 0;
  const readable = text.replace(TOKENS, (token) => {
    if (token.startsWith('"') || !losesDigits(token)) return token;
    marked += 1;
    return `"${MARK_ESCAPED}${token}"`;
  });
  const value: unknown = JSON.parse(readable);
  if (marked > 0) unmark(value);
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

/** Puts the integers in the places of their marks. Without recursion: the text may be nested as deep as it likes. */
function unmark(root: unknown): void {
  const open = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const holder = at as Record<string, unknown>;
    for (const key of Object.keys(holder)) {
      const value = holder[key];
      if (typeof value === 'string') {
        if (value.startsWith(MARK)) holder[key] = json.rawJSON(value.slice(1));
      } else if (typeof value === 'object' && value !== null) {
        open.push(value);
      }
    }
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
