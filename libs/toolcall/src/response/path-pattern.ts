import { parsePath } from '../value-path.js';

/** `[*]`: every item of a list. */
export const EACH = Symbol('each');
export type PathPattern = readonly (string | number | typeof EACH)[];

export type ParsedPattern =
  { readonly ok: true; readonly pattern: PathPattern } | { readonly ok: false; readonly message: string };

/** Reads a path in which `[*]` may stand for every item of a list: `orders[*].card.number`. */
export function parsePattern(text: string): ParsedPattern {
  const pattern: (string | number | typeof EACH)[] = [];
  const [head = '', ...tails] = text.trim().split('[*]');
  for (const [index, piece] of [head, ...tails].entries()) {
    if (index > 0) pattern.push(EACH);
    if (piece === '' && tails.length > 0) continue;
    if (index > 0 && !/^[.[]/.test(piece)) return { ok: false, message: 'needs a `.` after `[*]`' };
    const parsed = parsePath(index > 0 ? piece.replace(/^\./, '') : piece);
    if (!parsed.ok) return { ok: false, message: parsed.message };
    pattern.push(...parsed.path);
  }
  return { ok: true, pattern };
}
