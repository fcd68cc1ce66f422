import type { RenderedBody } from '#toolcall/compile-body';
import type { RenderedRequest } from '#toolcall/compile-request';
import { encodeMultipart } from './encode-multipart.js';

/** A request as it goes out, every byte of it. */
export interface WireRequest {
  readonly method: RenderedRequest['method'];
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

const USER_AGENT = 'Patchbay/1';
/** Writes a rendered request out. Content type and user agent are added where the tool has none of its own. */
export function toWire(
  request: RenderedRequest,
  extraHeaders: readonly (readonly [string, string])[] = [],
): WireRequest {
  const { method, origin, path, query, body } = request;
  const headers = [...request.headers, ...extraHeaders];
  const encoded = body && encodeBody(body);
  if (encoded && !isSet(request, 'content-type')) headers.push(['Content-Type', encoded.contentType]);
  if (!isSet(request, 'user-agent')) headers.push(['User-Agent', USER_AGENT]);
  const url = `${origin}${path}${query.length > 0 ? `?${encodePairs(query, '%20')}` : ''}`;
  return { method, url, headers, ...(encoded && { body: encoded.text }) };
}

function isSet({ headers }: RenderedRequest, lowerCaseName: string): boolean {
  return headers.some(
    ([name]) => name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName,
  );
}

function encodeBody(body: RenderedBody): { readonly contentType: string; readonly text: string } {
  switch (body.type) {
    case 'json':
      return { contentType: 'application/json', text: JSON.stringify(body.value) };
    case 'form':
      return { contentType: 'application/x-www-form-urlencoded', text: encodePairs(body.pairs, '+') };
    case 'multipart':
      return encodeMultipart(body.fields);
    case 'text':
      return { contentType: 'text/plain; charset=utf-8', text: body.text };
    case 'xml':
      return { contentType: 'application/xml; charset=utf-8', text: body.text };
  }
}

/** `space` is how a blank is written: `%20` in a query, `+` in a form. */
function encodePairs(pairs: readonly (readonly [string, string])[], space: '%20' | '+'): string {
  const text = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return space === '+' ? text.replaceAll('%20', '+') : text;
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
