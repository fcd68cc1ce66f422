import { parsePath, type ValuePath } from './value-path.js';

/** A name in a template, as written and as read. */
export interface Reference {
  readonly name: string;
  readonly path: ValuePath;
}

/** Text with references in it, in order. A single reference and nothing else is a whole placeholder. */
export type TemplateParts = readonly (string | Reference)[];

export type ParsedTemplate =
  { readonly ok: true; readonly parts: TemplateParts } | { readonly ok: false; readonly message: string };

/** `{{ name }}`, and `{ { name } }` as some editors write it. */
const PLACEHOLDER = /\{\s?\{\s*([^{}]*?)\s*\}\s?\}/g;
const MOST_PLACEHOLDERS = 200;

/** Reads `{{ path }}` placeholders. Single pass: what a value brings along is never read as a template. */
export function parseTemplate(text: string): ParsedTemplate {
  const parts: (string | Reference)[] = [];
  let end = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    const name = match[1] ?? '';
    const parsed = parsePath(name);
    if (!parsed.ok) return { ok: false, message: `placeholder \`${match[0]}\` ${parsed.message}` };
    parts.push({ name, path: parsed.path });
    end = match.index + match[0].length;
    if (parts.length > MOST_PLACEHOLDERS)
      return { ok: false, message: `has more than ${MOST_PLACEHOLDERS} parts` };
  }
  const tail = text.slice(end);
  if (tail !== '' || parts.length === 0) parts.push(tail);
  if (parts.some((part) => typeof part === 'string' && part.includes('{{'))) {
    return { ok: false, message: 'has `{{` that does not begin a placeholder; write `{{name}}`' };
  }
  return { ok: true, parts };
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
