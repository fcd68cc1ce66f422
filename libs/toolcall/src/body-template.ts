import { pointerToken } from './problem.js';
import type { RequestBody } from './tool-definition.js';

/**
 * The JSON value of a body template. An object is taken as it is; text is JSON in which placeholders may stand bare
 * (`{"count": {{n}}}`), where they are values, as well as inside strings.
 */
export function parseBodyTemplate(
  template: unknown,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string } {
  if (typeof template !== 'string') return { ok: true, value: template };
  try {
    return { ok: true, value: JSON.parse(quoteBarePlaceholders(template)) as unknown };
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'cannot be read';
    return { ok: false, message: `must be JSON, placeholders aside: ${reason}` };
  }
}

/** Puts quotes around the placeholders that stand outside of JSON strings: as a string they are whole, and keep their type. */
function quoteBarePlaceholders(text: string): string {
  let result = '';
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inString && character === '\\') {
      result += text.slice(at, at + 2);
      at += 1;
      continue;
    }
    if (character === '"') inString = !inString;
    const placeholder =
      !inString && character === '{' ? /^\{\s?\{[^{}"]*\}\s?\}/.exec(text.slice(at, at + 300)) : null;
    if (placeholder) {
      result += JSON.stringify(placeholder[0]);
      at += placeholder[0].length - 1;
    } else {
      result += character;
    }
  }
  return result;
}

/** Every string of a body template with its JSON Pointer; none of a body that cannot be read. */
export function bodyStrings(body: RequestBody): { readonly pointer: string; readonly text: string }[] {
  if (body.type === 'text') return [{ pointer: '', text: String(body.template) }];
  const parsed = parseBodyTemplate(body.template);
  return parsed.ok ? stringsOf(parsed.value, '') : [];
}

function stringsOf(value: unknown, pointer: string): { pointer: string; text: string }[] {
  if (typeof value === 'string') return [{ pointer, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => stringsOf(item, `${pointer}/${pointerToken(key)}`));
}
