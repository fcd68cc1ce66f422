import { parseTemplate, type Reference, type TemplateParts, type TemplateSyntax } from './parse-template.js';
import { parsePath } from './value-path.js';

/** A URL with placeholders, taken apart before anything is put in: what is literal can then not be moved. */
export interface UrlTemplate {
  /** `https://api.example.com`, canonical. */
  readonly origin: string;
  /** One entry per path segment; the literal parts are percent-encoded. */
  readonly segments: readonly TemplateParts[];
  /** Pairs of the query string, in order; names are literal. */
  readonly query: readonly { readonly name: string; readonly value: TemplateParts }[];
}

export type ParsedUrl =
  { readonly ok: true; readonly url: UrlTemplate } | { readonly ok: false; readonly message: string };

const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

const UNSAFE = /[\u0000-\u001f\u007f\\]/;
/** `:name` and `{name}`, only as a whole segment. */
const NAMED_SEGMENT = /^(?::([A-Za-z_][A-Za-z0-9_]*)|\{\s*([A-Za-z_][A-Za-z0-9_.[\]]*)\s*\})$/;

/** Puts `https://` in front of a URL that names no scheme. `localhost:80` and `api.example.com:443/x` name none. */
export function withScheme(url: string): string {
  const trimmed = url.trim();
  if (trimmed.startsWith('//')) return `https:${trimmed}`;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(trimmed)) return trimmed;
  const isHostAndPort = /^[A-Za-z0-9.-]+:\d{1,5}(\/|\?|$)/.test(trimmed);
  return SCHEME.test(trimmed) && !isHostAndPort ? trimmed : `https://${trimmed}`;
}

/**
 * Reads a URL template. Scheme, host and port are literal; whether they may be called is the egress policy's say.
 * Placeholders are found first, so that what their filters say (`| default: "a/b"`) divides nothing.
 */
export function parseUrlTemplate(text: string, syntax: TemplateSyntax = {}): ParsedUrl {
  if (UNSAFE.test(text)) return refuse('has a control character or a backslash');
  const [, scheme = '', authority = '', rest = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  if (!/^https?$/i.test(scheme))
    return refuse('must start with https:// (or http:// where the operator allows it)');
  if (/[{}<>]/.test(authority)) return refuse('has a placeholder in the host; move it to the path');
  if (authority.includes('@')) return refuse('has a user name in it; put the credential into the vault');
  const origin = canonicalOrigin(`${scheme}://${authority}`);
  if (!origin) return refuse('has no valid host');

  const parsed = parseTemplate(rest, syntax);
  if (!parsed.ok) return parsed;
  const { parts } = parsed;
  if (parts.some((part) => typeof part === 'string' && part.includes('#')))
    return refuse('has a fragment (#…), which is never sent');
  const [path = [], ...queries] = split(parts, '?');
  const segments: TemplateParts[] = [];
  for (const segment of split(path, '/').slice(path[0] === '' ? 0 : 1)) {
    const read = parseSegment(segment);
    if (!read.ok) return refuse(read.message);
    segments.push(read.parts);
  }
  const pairs = parseQuery(join(queries, '?'));
  return pairs.ok ? { ok: true, url: { origin, segments, query: pairs.pairs } } : refuse(pairs.message);
}

/** The parts between the separators in literal text; a list of n separators gives n + 1 lists, none of them empty. */
function split(parts: TemplateParts, separator: string): TemplateParts[] {
  const lists: (string | Reference)[][] = [[]];
  for (const part of parts) {
    if (typeof part !== 'string') {
      lists.at(-1)?.push(part);
      continue;
    }
    for (const [index, piece] of part.split(separator).entries()) {
      if (index > 0) lists.push([]);
      if (piece !== '') lists.at(-1)?.push(piece);
    }
  }
  return lists.map((list) => (list.length === 0 ? [''] : list));
}

function join(lists: readonly TemplateParts[], separator: string): TemplateParts {
  return lists.flatMap((list, index) => (index === 0 ? list : [separator, ...list]));
}

function refuse(message: string): { ok: false; message: string } {
  return { ok: false, message };
}

/** `https://host[:port]` in canonical form, undefined when it is none: `EXAMPLE.com:443` is `https://example.com`. */
export function canonicalOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isBare =
    url.pathname === '/' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '';
  return isBare && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}

function parseSegment(
  parts: TemplateParts,
): { ok: true; parts: TemplateParts } | { ok: false; message: string } {
  const literal = parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
  const named = literal === undefined ? null : NAMED_SEGMENT.exec(literal);
  if (named) {
    const name = named[1] ?? named[2] ?? '';
    const parsed = parsePath(name);
    if (!parsed.ok) return refuse(`path parameter \`${literal}\` ${parsed.message}`);
    return { ok: true, parts: [{ name, path: parsed.path }] };
  }
  if (parts.some((part) => typeof part === 'string' && /[{}]/.test(part))) {
    const whole = parts.map((part) => (typeof part === 'string' ? part : `{{${part.name}}}`)).join('');
    return refuse(`segment \`${whole}\`: \`{name}\` fills a whole segment only; write \`{{name}}\``);
  }
  if (literal !== undefined && isDotSegment(literal)) return refuse('has a `.` or `..` segment');
  return {
    ok: true,
    parts: parts.map((part) => (typeof part === 'string' ? encodeLiteral(part) : part)),
  };
}

/** Percent-encodes what may not stand in a path, leaving what is already encoded. */
function encodeLiteral(text: string): string {
  return new URL(`https://x.invalid/_${text}`).pathname.slice(2);
}

function parseQuery(
  query: TemplateParts,
): { ok: true; pairs: UrlTemplate['query'] } | { ok: false; message: string } {
  const pairs: { name: string; value: TemplateParts }[] = [];
  for (const pair of split(query, '&')) {
    const [nameParts = [], ...values] = split(pair, '=');
    const names = nameParts.filter((part) => typeof part === 'string');
    if (names.length < nameParts.length || names.some((part) => part.includes('{')))
      return refuse('has a placeholder in the name of a query parameter');
    const name = decode(names.join(''));
    const value = values.length === 0 ? [''] : join(values, '=');
    if (name !== '')
      pairs.push({ name, value: value.map((part) => (typeof part === 'string' ? decode(part) : part)) });
  }
  return { ok: true, pairs };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** Whether a server would read this segment as "here" or "up", in any encoding, also one encoded several times over. */
export function isDotSegment(segment: string): boolean {
  return /^(?:\.|%(?:25)*2e){1,2}$/i.test(segment);
}
