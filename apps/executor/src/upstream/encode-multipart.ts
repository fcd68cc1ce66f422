import type { RenderedField } from '#toolcall/compile-body';
import { randomBytes } from 'node:crypto';

/** `multipart/form-data` as browsers write it (WHATWG HTML, "multipart/form-data encoding algorithm"). */
export interface Multipart {
  readonly contentType: string;
  readonly text: string;
}

const DEFAULT_FILE_TYPE = 'text/plain; charset=utf-8';

/** Writes the fields with a boundary that nobody can guess and none of them contains. */
export function encodeMultipart(
  fields: readonly RenderedField[],
  makeBoundary: () => string = newBoundary,
): Multipart {
  let boundary = makeBoundary();
  while (fields.some(({ value }) => value.includes(boundary))) boundary = makeBoundary();
  const parts = fields.map((field) => `--${boundary}\r\n${headersOf(field)}\r\n\r\n${valueOf(field)}\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    text: `${parts.join('')}--${boundary}--\r\n`,
  };
}

function newBoundary(): string {
  return `----patchbay${randomBytes(16).toString('hex')}`;
}

function headersOf({ name, fileName, contentType }: RenderedField): string {
  const file = fileName === undefined ? '' : `; filename="${escapeName(fileName)}"`;
  const type = contentType ?? (fileName === undefined ? undefined : DEFAULT_FILE_TYPE);
  const disposition = `Content-Disposition: form-data; name="${escapeName(normalize(name))}"${file}`;
  return type === undefined ? disposition : `${disposition}\r\nContent-Type: ${type}`;
}

/** A field's line breaks are CRLF, a file's stay as they are. */
function valueOf({ value, fileName }: RenderedField): string {
  return fileName === undefined ? normalize(value) : value;
}

function normalize(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
}

function escapeName(text: string): string {
  return text.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
}
