import { invalidRequest } from './validate.js';

/** Makes the opaque cursor of the next page from the sort key of the last item of this one. */
export function encodeCursor(...key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * The sort key in a cursor, of so many parts.
 * @throws ServiceError `invalid_request` at `/cursor` for anything {@link encodeCursor} did not make
 */
export function decodeCursor(cursor: string, parts: number): string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(key) && key.length === parts && key.every((part) => typeof part === 'string'))
      return key;
  } catch {
    // refused below
  }
  const message = 'must be the `nextCursor` of the page before';
  throw invalidRequest([{ pointer: '/cursor', code: 'wrong_format', message }]);
}
