import { readXml } from './read-xml.js';

/** How a body is written: as the tool says, or by its content type. */
export type BodyFormat = 'json' | 'xml' | 'form' | 'text';

/** The body of an answer, read. Text is `{ text }`, so that it has a name like everything else. */
export type ResponseBody =
  | { readonly kind: 'value'; readonly format: BodyFormat; readonly value: unknown }
  | { readonly kind: 'empty' }
  | { readonly kind: 'invalid'; readonly message: string };

const DEEPEST = 64;
const MOST_FIELDS = 10_000;
const BOM = '\ufeff';
const names: Record<BodyFormat, string> = { json: 'JSON', xml: 'XML', form: 'a form', text: 'text' };

/**
 * Reads a body in the format the tool names or, with `auto`, that the content type names. What is not in that format, or is
 * nested deeper than 64 levels, is invalid.
 */
export function readBody(
  text: string,
  contentType: string | undefined,
  format: BodyFormat | 'auto' = 'auto',
): ResponseBody {
  if (text.trim() === '') return { kind: 'empty' };
  const actual = format === 'auto' ? formatOf(contentType) : format;
  const read = readers[actual](text.startsWith(BOM) ? text.slice(1) : text);
  if (read.ok) return { kind: 'value', format: actual, value: read.value };
  const claim = format === 'auto' ? 'says it is' : 'should be';
  return { kind: 'invalid', message: read.message ?? `${claim} ${names[actual]}, and is not` };
}

/** `application/problem+json; charset=utf-8` is JSON; a missing type is taken for JSON, APIs forget it. */
function formatOf(contentType: string | undefined): BodyFormat {
  if (contentType === undefined) return 'json';
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === '' || type === 'application/json' || type === 'text/json' || type.endsWith('+json'))
    return 'json';
  if (type === 'application/xhtml+xml') return 'text';
  if (type === 'application/xml' || type === 'text/xml' || type.endsWith('+xml')) return 'xml';
  return type === 'application/x-www-form-urlencoded' ? 'form' : 'text';
}

type Read =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message?: string };

const readers: Record<BodyFormat, (text: string) => Read> = {
  json: readJson,
  xml: readXml,
  form: readForm,
  text: (text) => ({ ok: true, value: { text } }),
};

function readJson(text: string): Read {
  if (isDeeperThan(text, DEEPEST)) return { ok: false, message: `is nested deeper than ${DEEPEST} levels` };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false };
  }
}

/** Counts brackets, those within strings left out; much cheaper than going through the value. */
function isDeeperThan(json: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === QUOTE) inString = !inString;
    else if (inString) index += code === BACKSLASH ? 1 : 0;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > levels) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** `a=1&b=2` as an object; a name that comes more than once holds a list. */
function readForm(text: string): Read {
  const fields = new Map<string, string | string[]>();
  let count = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    count += 1;
    if (count > MOST_FIELDS) return { ok: false, message: `has more than ${MOST_FIELDS} fields` };
    const earlier = fields.get(name);
    if (earlier === undefined) fields.set(name, value);
    else if (Array.isArray(earlier)) earlier.push(value);
    else fields.set(name, [earlier, value]);
  }
  return { ok: true, value: Object.fromEntries(fields) };
}
