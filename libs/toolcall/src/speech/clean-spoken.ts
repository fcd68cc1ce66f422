/** About two minutes of speech. */
const LONGEST = 2000;
/** More than this of a text is not even looked at. */
const LONGEST_READ = 4 * LONGEST;
const MOST_PASSES = 20;

/** What may make a text unfit for speech; without any of it nothing has to be done. */
const SUSPICIOUS = /[^\p{L}\p{M}\p{N} .,;:?'"’“”()/%$€£+–—-]|  |^[\s>+#•-]|\s$/u;

/** Characters that are neither seen nor heard; the joiners of Persian and of emoji are, by what they do. */
const INVISIBLE = /(?![\u200c\u200d\s])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  gt: '>',
  lt: '<',
  nbsp: ' ',
  quot: '"',
};

/** In this order: what one rule leaves, the next sees. None of them takes more than linear time. */
const rules: readonly (readonly [RegExp, string | ((...match: string[]) => string)])[] = [
  [/&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{1,10});/g, (whole, name) => characterOf(name) ?? whole],
  [INVISIBLE, ''],
  [/[^\S\n]+/g, ' '],
  [/<!--.*?(?:-->|$)/gs, ' '],
  [/<(script|style)\b[^<>]*>.*?(?:<\/\1\s*>|$)/gis, ' '],
  [/<\/?(?:br|p|div|li|tr|td|h[1-6]|break|s)\b[^<>]*>/gi, ' '],
  [/<[a-z/!?][^<>]*>/gi, ''],
  [/<(?=[a-z/!?])/gi, ''],
  [/```[a-z]*/gi, ' '],
  [/!?\[([^\][]*)\]\([^()]*\)/g, '$1'],
  [/\]\(/g, '] ('],
  [/^[-*_|: ]{3,}$/gm, ' '],
  [/^ ?(?:(?:#{1,6}|[-+*•>]) )+/gm, ''],
  [/`|~~+|__+|\*\*+/g, ''],
  [/(?<![\p{L}\p{N}])\*(?=\S)|(?<=\S)\*(?![\p{L}\p{N}])/gu, ''],
  [/(?<![\p{L}\p{N}_])_(?=\S)|(?<=\S)_(?![\p{L}\p{N}_])/gu, ''],
  [/[|\s]+/g, ' '],
];

/**
 * A text as it may be spoken: without markup (HTML, SSML, Markdown), without control, bidirectional and other invisible
 * characters, on one line, at most 2000 characters. Cleaning it again changes nothing.
 */
export function cleanSpoken(text: string): string {
  if (text.length <= LONGEST && !SUSPICIOUS.test(text)) return text;
  let clean = text.slice(0, LONGEST_READ);
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const next = cleanOnce(clean);
    if (next === clean) return clean;
    clean = next;
  }
  // Nobody writes markup that deep but to get something past this.
  return cleanOnce(clean.replace(/[<>&*_`~|[\]#]/g, ' '));
}

function cleanOnce(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of rules) clean = clean.replace(pattern, replacement as string);
  return shorten(clean.trim());
}

function shorten(text: string): string {
  if (text.length <= LONGEST) return text;
  const cut = text
    .slice(0, LONGEST - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '');
  const lastBlank = cut.lastIndexOf(' ');
  return `${cut.slice(0, lastBlank > LONGEST - 100 ? lastBlank : undefined)}…`;
}

function characterOf(name = ''): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(entities, name) ? entities[name] : undefined;
  const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
  return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : '';
}
