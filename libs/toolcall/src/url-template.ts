import type { Reference, TemplateParts } from './parse-template.js';
import { parseTemplate } from './parse-template.js';
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

/** Reads a URL template. Scheme, host and port are literal; whether they may be called is the egress policy's say. */
export function parseUrlTemplate(text: string): ParsedUrl {
  if (UNSAFE.test(text)) return refuse('has a control character or a backslash');
  const [, scheme = '', authority = '', rest = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  if (!/^https?$/i.test(scheme))
    return refuse('must start with https:// (or http:// where the operator allows it)');
  if (/[{}<>]/.test(authority)) return refuse('has a placeholder in the host; move it to the path');
  if (authority.includes('@')) return refuse('has a user name in it; put the credential into the vault');
  if (rest.includes('#')) return refuse('has a fragment (#…), which is never sent');
  const origin = canonicalOrigin(`${scheme}://${authority}`);
  if (!origin) return refuse('has no valid host');

  const queryStart = rest.indexOf('?');
  const path = queryStart === -1 ? rest : rest.slice(0, queryStart);
  const query = queryStart === -1 ? '' : rest.slice(queryStart + 1);
  const segments: TemplateParts[] = [];
  for (const segment of path === '' ? [''] : path.slice(1).split('/')) {
    const parsed = parseSegment(segment);
    if (!parsed.ok) return refuse(parsed.message);
    segments.push(parsed.parts);
  }
  const pairs = parseQuery(query);
  return pairs.ok ? { ok: true, url: { origin, segments, query: pairs.pairs } } : refuse(pairs.message);
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

function parseSegment(segment: string): { ok: true; parts: TemplateParts } | { ok: false; message: string } {
  const named = NAMED_SEGMENT.exec(segment);
  if (named) {
    const name = named[1] ?? named[2] ?? '';
    const parsed = parsePath(name);
    if (!parsed.ok) return refuse(`path parameter \`${segment}\` ${parsed.message}`);
    return { ok: true, parts: [{ name, path: parsed.path } satisfies Reference] };
  }
  const parsed = parseTemplate(segment);
  if (!parsed.ok) return parsed;
  if (parsed.parts.every((part) => typeof part === 'string') && isDotSegment(segment)) {
    return refuse('has a `.` or `..` segment');
  }
  return {
    ok: true,
    parts: parsed.parts.map((part) => (typeof part === 'string' ? encodeLiteral(part) : part)),
  };
}

/** Percent-encodes what may not stand in a path, leaving what is already encoded. */
function encodeLiteral(text: string): string {
  return new URL(`https://x.invalid/_${text}`).pathname.slice(2);
}

function parseQuery(
  query: string,
): { ok: true; pairs: UrlTemplate['query'] } | { ok: false; message: string } {
  const pairs: { name: string; value: TemplateParts }[] = [];
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (name.includes('{')) return refuse('has a placeholder in the name of a query parameter');
    const parsed = parseTemplate(equals === -1 ? '' : pair.slice(equals + 1));
    if (!parsed.ok) return parsed;
    const value = parsed.parts.map((part) => (typeof part === 'string' ? decode(part) : part));
    if (name !== '') pairs.push({ name, value });
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

/** Whether a server would read this segment as "here" or "up", in any encoding. */
export function isDotSegment(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}
