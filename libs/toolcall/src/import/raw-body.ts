import { parseBody } from '../body-template.js';
import type { Problem } from '../problem.js';
import { bareNames } from './argument-list.js';

/** A field of a form. `fileName` makes it a text file of a multipart form. */
export interface FormField {
  readonly name: string;
  readonly value: string;
  readonly fileName?: string;
  readonly contentType?: string;
}

/** A body as the source has it, its placeholders still in the source's own syntax. */
export type RawBody =
  | {
      readonly type: 'json';
      readonly template: unknown;
      /** Names that stand outside of strings. */
      readonly bare?: ReadonlySet<string>;
      /** Why the text is no JSON; the template is then empty, since nobody can tell what in it is secret. */
      readonly unreadable?: Problem;
    }
  | { readonly type: 'form'; readonly template: readonly FormField[] }
  | { readonly type: 'multipart'; readonly template: readonly FormField[] }
  | { readonly type: 'text'; readonly template: string }
  | { readonly type: 'xml'; readonly template: string };

/** `application/json; charset=utf-8` without its parameters, in lower case. */
export function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

export function isJsonType(type: string): boolean {
  return /^[\w.-]+\/(?:[\w.-]+\+)?json$/.test(type);
}

export function isXmlType(type: string): boolean {
  return /^[\w.-]+\/(?:[\w.-]+\+)?xml$/.test(type);
}

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Reads the text of a body by its content type. */
export function readRawBody(text: string, contentType: string): RawBody {
  const type = mediaType(contentType);
  if (isJsonType(type)) return readJsonBody(text);
  if (type === FORM_TYPE) return { type: 'form', template: readPairs(text) };
  return { type: isXmlType(type) ? 'xml' : 'text', template: text };
}

type JsonBody = Extract<RawBody, { type: 'json' }>;

/** Text that is JSON, placeholders aside. */
export function readJsonBody(text: string): JsonBody {
  const parsed = parseBody({ type: 'json', template: text });
  if (parsed.ok && parsed.body.type === 'json') {
    return { type: 'json', template: parsed.body.value, bare: bareNames(text) };
  }
  const [problem] = parsed.ok ? [] : parsed.problems;
  const [place] = /at position \d+/.exec(problem?.message ?? '') ?? [];
  // The parser's own words would quote the text.
  const message = `must be JSON, placeholders aside${place ? `; it is not, ${place}` : ', and its keys literal'}`;
  return {
    type: 'json',
    template: {},
    unreadable: { pointer: '/request/body/template', code: 'wrong_format', message },
  };
}

/** Text that may be JSON though nobody says so; undefined when it is not. */
export function guessJsonBody(text: string): JsonBody | undefined {
  if (!/^\s*[[{](?!\s?\{)/.test(text)) return undefined;
  const body = readJsonBody(text);
  return body.unreadable ? undefined : body;
}

/** `a=1&b=x+y` as names and values. Placeholders stay as they are. */
export function readPairs(text: string): FormField[] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = decodePart(equals === -1 ? pair : pair.slice(0, equals));
      return { name, value: equals === -1 ? '' : decodePart(pair.slice(equals + 1)) };
    });
}

/** Percent-decodes, `+` as a blank; what cannot be decoded stays as it is. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
