import { isRawInteger, parseExactly } from './exact-json.js';
import { placeholderAt } from './parse-template.js';
import { pointerToken, problem, type Problem } from './problem.js';
import type { RequestBody } from './tool-definition.js';

/** A field of a form as the tool has written it; the value is a template, the name is not. */
export interface FieldTemplate {
  readonly name: string;
  readonly value: string;
  /** Makes it a text file; a template, too. `multipart` only. */
  readonly fileName?: string;
  readonly contentType?: string;
}

/** A body template, read. */
export type BodyTemplate =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'form' | 'multipart'; readonly fields: readonly FieldTemplate[] }
  | { readonly type: 'text' | 'xml'; readonly text: string }
  | { readonly type: 'none' };

export type ParsedBody =
  | { readonly ok: true; readonly body: BodyTemplate }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Deeper than any API wants it, and shallow enough for recursion. */
const DEEPEST = 64;
const MOST_FIELDS = 200;

/** Reads a body template. Pointers of problems are relative to the body. */
export function parseBody({ type, template }: RequestBody): ParsedBody {
  switch (type) {
    case 'none':
      if (template === undefined) return { ok: true, body: { type } };
      return refuse('/template', 'not_allowed', 'a body of type `none` has no template');
    case 'text':
    case 'xml':
      if (typeof template === 'string') return { ok: true, body: { type, text: template } };
      return refuse('/template', 'wrong_type', 'must be text', template);
    case 'form':
    case 'multipart':
      return parseFields(type, template);
    case 'json':
      return parseJson(template);
  }
}

/**
 * A JSON body: any value but text is taken as it is; text is JSON in which placeholders may stand bare
 * (`{"count": {{n}}}`), where they are values, as well as inside strings.
 */
function parseJson(template: unknown): ParsedBody {
  if (template === undefined) return refuse('/template', 'required', '`template` is required');
  if (typeof template !== 'string') return checkJson(template);
  try {
    return checkJson(parseExactly(quotePlaceholders(template)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'cannot be read';
    return refuse('/template', 'wrong_format', `must be JSON, placeholders aside: ${reason}`);
  }
}

function checkJson(value: unknown): ParsedBody {
  const problems: Problem[] = [];
  checkKeys(value, '/template', 1, problems);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, body: { type: 'json', value } };
}

/** Keys are literal, whatever the arguments: the shape of a body is the tool's. */
function checkKeys(value: unknown, pointer: string, depth: number, problems: Problem[]): void {
  if (typeof value !== 'object' || value === null || isRawInteger(value)) return;
  if (depth > DEEPEST) {
    problems.push(problem(pointer, 'too_deep', `may be nested ${DEEPEST} levels deep`));
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    const here = `${pointer}/${pointerToken(key)}`;
    if (hasPlaceholder(key)) {
      const message = 'a placeholder in a key is not allowed; only values may have them';
      problems.push(problem(here, 'not_allowed', message, key));
    } else if (key === '__proto__') {
      problems.push(problem(here, 'not_allowed', 'a key cannot be called `__proto__`'));
    } else {
      checkKeys(item, here, depth + 1, problems);
    }
  }
}

/**
 * Text that is JSON once its placeholders are text in it: those outside of strings get quotes, so that they are whole
 * and keep their type; in those inside of strings, quotes of a filter's argument are escaped, as nobody does by hand.
 */
function quotePlaceholders(text: string): string {
  let result = '';
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const found = character === '{' ? placeholderAt(text, at) : undefined;
    if (found) {
      const written = text.slice(at, found.end);
      const isEscaped = inString && /\\["']/.test(written);
      const quoted = isEscaped ? `"${written}"` : JSON.stringify(written);
      result += inString ? quoted.slice(1, -1) : quoted;
      at = found.end - 1;
    } else if (inString && character === '\\') {
      result += text.slice(at, at + 2);
      at += 1;
    } else {
      if (character === '"') inString = !inString;
      result += character;
    }
  }
  return result;
}

const MEDIA_TYPE =
  /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(?:\s*;\s*[\w-]{1,40}=(?:[\w!#$&^.+-]{1,100}|"[\x20\x21\x23-\x5b\x5d-\x7e]{0,100}"))*$/;

function parseFields(type: 'form' | 'multipart', template: unknown): ParsedBody {
  const at = '/template';
  const isMap =
    type === 'form' && typeof template === 'object' && template !== null && !Array.isArray(template);
  if (!isMap && !Array.isArray(template)) {
    return refuse(at, 'wrong_type', 'must be a list of `{"name", "value"}`', template);
  }
  const entries: [pointer: string, field: unknown][] = isMap
    ? Object.entries(template).map(([name, value]: [string, unknown]) => [
        `${at}/${pointerToken(name)}`,
        { name, value },
      ])
    : (template as unknown[]).map((field, index) => [`${at}/${index}`, field]);
  if (entries.length > MOST_FIELDS) return refuse(at, 'too_large', `may have ${MOST_FIELDS} fields`);
  const problems = entries.flatMap(([pointer, field]) => fieldProblems(type, pointer, field, isMap));
  if (problems.length > 0) return { ok: false, problems };
  const fields = entries.map(([, field]) => {
    const { value, ...rest } = field as Omit<FieldTemplate, 'value'> & { value: unknown };
    return { ...rest, value: `${value as string | number | boolean}` };
  });
  return { ok: true, body: { type, fields } };
}

function fieldProblems(type: string, at: string, field: unknown, isMap: boolean): Problem[] {
  if (typeof field !== 'object' || field === null || Array.isArray(field))
    return [problem(at, 'wrong_type', 'must be `{"name", "value"}`', field)];
  const { name, value, fileName, contentType, ...rest } = field as Record<string, unknown>;
  const problems = Object.keys(rest).map((key) => {
    const known = type === 'form' ? 'name, value' : 'name, value, fileName, contentType';
    const message = `\`${key.slice(0, 60)}\` is not a field here; known here: ${known}`;
    return problem(`${at}/${pointerToken(key)}`, 'unknown_field', message);
  });
  const atName = isMap ? at : `${at}/name`;
  const atValue = isMap ? at : `${at}/value`;
  if (typeof name !== 'string' || name === '')
    problems.push(problem(atName, 'wrong_type', 'must be a name', name));
  else if (hasPlaceholder(name))
    problems.push(
      problem(atName, 'not_allowed', 'a placeholder in a name is not allowed; only values may have them'),
    );
  if (!['string', 'number', 'boolean'].includes(typeof value))
    problems.push(problem(atValue, 'wrong_type', 'must be text, a number or a boolean', value));
  for (const [key, given] of Object.entries({ fileName, contentType })) {
    if (given === undefined) continue;
    if (type === 'form')
      problems.push(problem(`${at}/${key}`, 'not_allowed', 'only `multipart` has files', given));
    else if (typeof given !== 'string' || given === '')
      problems.push(problem(`${at}/${key}`, 'wrong_type', 'must be text', given));
    else if (key === 'contentType' && !MEDIA_TYPE.test(given))
      problems.push(problem(`${at}/${key}`, 'wrong_format', 'must be a media type like `text/csv`', given));
  }
  return problems;
}

interface BodyString {
  readonly pointer: string;
  readonly text: string;
  readonly isFileName?: boolean;
}

/** Every template of a body with its JSON Pointer below the body; none of a body that cannot be read. */
export function bodyStrings(body: RequestBody): BodyString[] {
  const parsed = parseBody(body);
  if (!parsed.ok) return [];
  const at = '/template';
  switch (parsed.body.type) {
    case 'none':
      return [];
    case 'text':
    case 'xml':
      return [{ pointer: at, text: parsed.body.text }];
    case 'json': {
      const strings = stringsOf(parsed.body.value, at);
      // In JSON given as text there is nothing a pointer below it could point to.
      return typeof body.template === 'string' ? strings.map(({ text }) => ({ pointer: at, text })) : strings;
    }
    case 'form':
    case 'multipart': {
      const isList = Array.isArray(body.template);
      return parsed.body.fields.flatMap(({ name, value, fileName }, index) => {
        const here = isList ? `${at}/${index}` : `${at}/${pointerToken(name)}`;
        return [
          { pointer: isList ? `${here}/value` : here, text: value },
          ...(fileName === undefined
            ? []
            : [{ pointer: `${here}/fileName`, text: fileName, isFileName: true }]),
        ];
      });
    }
  }
}

function stringsOf(value: unknown, pointer: string): { pointer: string; text: string }[] {
  if (typeof value === 'string') return [{ pointer, text: value }];
  if (typeof value !== 'object' || value === null || isRawInteger(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => stringsOf(item, `${pointer}/${pointerToken(key)}`));
}

/** Whether something in the text reads like a placeholder, well formed or not. */
export function hasPlaceholder(text: string): boolean {
  return /\{\s?\{/.test(text);
}

function refuse(pointer: string, code: string, message: string, found?: unknown): ParsedBody {
  return { ok: false, problems: [problem(pointer, code, message, found)] };
}
