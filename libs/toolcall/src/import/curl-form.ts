import type { FormField } from './raw-body.js';

export type ReadFormField =
  | { readonly ok: true; readonly field: FormField }
  | { readonly ok: false; readonly code: string; readonly message: string };

const TEXT_TYPE = /^text\/|[/+](?:json|xml|csv|yaml|x-yaml|javascript|x-ndjson|sql|graphql)(?:;|$)/i;
const BINARY_FILE =
  /\.(?:jpe?g|png|gif|webp|heic|tiff?|bmp|ico|pdf|zip|gz|tgz|bz2|xz|7z|rar|tar|mp3|mp4|m4a|wav|ogg|flac|mov|avi|webm|docx?|xlsx?|pptx?|odt|exe|dll|so|bin|dat|iso|jar|woff2?|ttf|p12|pfx)$/i;

/**
 * One `-F name=content` as curl reads it. A text file becomes a field of its name whose content is an argument; a
 * binary one is refused, since arguments are text.
 */
export function readFormField(text: string, isPlain: boolean): ReadFormField {
  const equals = text.indexOf('=');
  if (equals <= 0)
    return { ok: false, code: 'wrong_format', message: 'the form field must be written `name=content`' };
  const name = text.slice(0, equals);
  const content = text.slice(equals + 1);
  if (isPlain) return { ok: true, field: { name, value: content } };
  const [value, parameters] = splitParameters(content);
  const contentType = parameters.get('type');
  const type = contentType !== undefined && { contentType };
  if (!/^[@<]/.test(value) || /^<[A-Za-z_][\w -]*>$/.test(value))
    return { ok: true, field: { name, value, ...type } };
  const path = value.slice(1);
  const fileName = parameters.get('filename') ?? path.replace(/^.*[\\/]/, '');
  if (BINARY_FILE.test(fileName) || (contentType !== undefined && !TEXT_TYPE.test(contentType))) {
    const message = `the form field \`${name.slice(0, 60)}\` sends a binary file; a tool can send text files only`;
    return { ok: false, code: 'not_allowed', message };
  }
  const argument = { name, value: `{{${name}}}`, ...type };
  return {
    ok: true,
    field: value.startsWith('@') ? { ...argument, fileName: fileName || 'file.txt' } : argument,
  };
}

/** `content;type=text/plain;filename="a b.txt"`; what is no parameter of curl's is content. */
function splitParameters(content: string): [value: string, parameters: Map<string, string>] {
  const parameters = new Map<string, string>();
  let value = content;
  let charset = '';
  for (let at = value.lastIndexOf(';'); at > 0; at = value.lastIndexOf(';')) {
    const [, key = '', written = ''] =
      /^\s*(type|filename|headers|encoder|charset)=([^]*)$/.exec(value.slice(at + 1)) ?? [];
    if (key === '') break;
    if (key === 'charset') charset = `; charset=${unquote(written.trim())}`;
    else parameters.set(key, unquote(written.trim()) + (key === 'type' ? charset : ''));
    value = value.slice(0, at);
  }
  return [unquote(value), parameters];
}

function unquote(text: string): string {
  return /^"[^"\\]*(?:\\.[^"\\]*)*"$/s.test(text) ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text;
}
