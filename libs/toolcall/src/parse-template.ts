import { parsePath, type ValuePath } from './value-path.js';

export type FilterArgument = string | number | boolean;

/** What is done to a value before it is written: `| default: "x"`. */
export interface Filter {
  readonly name: string;
  readonly argument?: FilterArgument;
}

/** A name in a template, as written and as read, without its filters in both. */
export interface Reference {
  readonly name: string;
  readonly path: ValuePath;
  /** In the order in which they apply; absent where there are none. */
  readonly filters?: readonly Filter[];
  /** Whether it names a secret of the organization; set where a request is compiled, which knows what else it could be. */
  readonly isSecret?: boolean;
}

/** Text with references in it, in order. A single reference and nothing else is a whole placeholder. */
export type TemplateParts = readonly (string | Reference)[];

export type ParsedTemplate =
  { readonly ok: true; readonly parts: TemplateParts } | { readonly ok: false; readonly message: string };

export interface TemplateSyntax {
  /** Whether `<name>` is a placeholder, too: only where the tool has opted in. */
  readonly angleBrackets?: boolean | undefined;
}

const MOST_PLACEHOLDERS = 200;
const LONGEST_PLACEHOLDER = 1000;

/** Reads `{{ path | filter: argument }}` placeholders. Single pass: what a value brings along is never read as a template. */
export function parseTemplate(text: string, { angleBrackets = false }: TemplateSyntax = {}): ParsedTemplate {
  const parts: (string | Reference)[] = [];
  let literalFrom = 0;
  for (let at = text.indexOf('{'); at !== -1; at = text.indexOf('{', at)) {
    const found = placeholderAt(text, at);
    if (!found) {
      at += 1;
      continue;
    }
    const parsed = parseReference(found.inner);
    if (!parsed.ok)
      return { ok: false, message: `placeholder \`${text.slice(at, found.end)}\` ${parsed.message}` };
    if (at > literalFrom) parts.push(text.slice(literalFrom, at));
    parts.push(parsed.reference);
    at = literalFrom = found.end;
    if (parts.length > MOST_PLACEHOLDERS)
      return { ok: false, message: `has more than ${MOST_PLACEHOLDERS} parts` };
  }
  if (literalFrom < text.length || parts.length === 0) parts.push(text.slice(literalFrom));
  if (parts.some((part) => typeof part === 'string' && part.includes('{{'))) {
    return { ok: false, message: 'has `{{` that does not begin a placeholder; write `{{name}}`' };
  }
  return angleBrackets ? withAngleBrackets(parts) : { ok: true, parts };
}

/**
 * The placeholder that begins here, if one does: where it ends and what stands between its braces. `{ {name} }` is one,
 * as some editors write it. Braces within quotes belong to an argument.
 */
export function placeholderAt(text: string, at: number): { end: number; inner: string } | undefined {
  const start = pairAt(text, at, '{');
  if (start === undefined) return undefined;
  const last = Math.min(text.length, start + LONGEST_PLACEHOLDER);
  for (let index = start; index < last; index += 1) {
    const character = text[index];
    if (character === '{') return undefined;
    if (character === '"' || character === "'") {
      const close = closingQuote(text, index, last);
      if (close === undefined) return undefined;
      index = close;
    } else if (character === '}') {
      const end = pairAt(text, index, '}');
      return end === undefined ? undefined : { end, inner: text.slice(start, index).trim() };
    }
  }
  return undefined;
}

/** The index behind two of these braces, which one blank may keep apart. */
function pairAt(text: string, at: number, brace: string): number | undefined {
  if (text[at] !== brace) return undefined;
  if (text[at + 1] === brace) return at + 2;
  return /\s/.test(text[at + 1] ?? '') && text[at + 2] === brace ? at + 3 : undefined;
}

function closingQuote(text: string, open: number, last: number): number | undefined {
  for (let index = open + 1; index < last; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === text[open]) return index;
  }
  return undefined;
}

type ParsedReference =
  { readonly ok: true; readonly reference: Reference } | { readonly ok: false; readonly message: string };

/** A path up to the first `|`, then filters. A `|` in a quoted step of the path belongs to the path. */
const PATH_TEXT = /^(?:[^|"']|"[^"]*"|'[^']*')*/;

function parseReference(inner: string): ParsedReference {
  const name = (PATH_TEXT.exec(inner)?.[0] ?? '').trim();
  const path = parsePath(name);
  if (!path.ok) return path;
  const tail = inner.slice(inner.indexOf(name) + name.length).trim();
  if (tail === '') return { ok: true, reference: { name, path: path.path } };
  const filters = parseFilters(tail);
  return filters.ok ? { ok: true, reference: { name, path: path.path, filters: filters.filters } } : filters;
}

const FILTER =
  /^\|\s*([A-Za-z_][A-Za-z0-9_]{0,63})\s*(?::\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?\d{1,15}(?:\.\d{1,15})?|true|false)\s*)?(?=\||$)/s;

function parseFilters(
  text: string,
): { ok: true; filters: readonly Filter[] } | { ok: false; message: string } {
  const filters: Filter[] = [];
  let rest = text;
  while (rest !== '') {
    const match = FILTER.exec(rest);
    if (!match) {
      const message = `cannot be read at \`${rest.slice(0, 20)}\`; write it like \`{{name | default: "x"}}\``;
      return { ok: false, message };
    }
    const [whole, name = '', argument] = match;
    filters.push({ name, ...(argument !== undefined && { argument: valueOf(argument) }) });
    rest = rest.slice(whole.length);
  }
  return { ok: true, filters };
}

function valueOf(argument: string): FilterArgument {
  if (argument === 'true' || argument === 'false') return argument === 'true';
  const quoted = argument.startsWith('"') || argument.startsWith("'");
  return quoted ? argument.slice(1, -1).replace(/\\(.)/gs, '$1') : Number(argument);
}

const ANGLE_BRACKETS = /<([A-Za-z_][A-Za-z0-9_.[\]]{0,255})>/g;

function withAngleBrackets(parts: TemplateParts): ParsedTemplate {
  const all: (string | Reference)[] = [];
  for (const part of parts) {
    if (typeof part !== 'string') {
      all.push(part);
      continue;
    }
    let end = 0;
    for (const match of part.matchAll(ANGLE_BRACKETS)) {
      const [whole, name = ''] = match;
      const parsed = parsePath(name);
      if (!parsed.ok) return { ok: false, message: `placeholder \`${whole}\` ${parsed.message}` };
      if (match.index > end) all.push(part.slice(end, match.index));
      all.push({ name, path: parsed.path });
      end = match.index + whole.length;
    }
    if (end < part.length || part === '') all.push(part.slice(end));
  }
  return { ok: true, parts: all };
}

/** The reference of a template that is exactly one placeholder: such a value keeps its type. */
export function wholePlaceholder(parts: TemplateParts): Reference | undefined {
  const [only] = parts;
  return parts.length === 1 && typeof only === 'object' ? only : undefined;
}

/** Every reference of a template. */
export function referencesOf(parts: TemplateParts): Reference[] {
  return parts.filter((part): part is Reference => typeof part === 'object');
}
