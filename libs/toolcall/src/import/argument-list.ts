import { parseTemplate } from '../parse-template.js';
import { contextNames } from '../scope.js';
import { isReserved } from '../value-path.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The arguments that a request asks for, gathered from its placeholders while it is read. */
export class ArgumentList {
  private readonly properties = new Map<string, JsonSchema>();
  private readonly required = new Set<string>();
  /** By the name in the source. */
  private readonly names = new Map<string, string>();

  /**
   * What to write in a template for a placeholder of the source: a name of the call's context as it is, any other as an
   * argument. A name used twice is one argument, with the schema it had first.
   */
  placeholderFor(text: string, schema: JsonSchema = { type: 'string' }): string {
    const [, name = '', filters = ''] = /^([^|]*?)\s*(\|[^]*)?$/.exec(text) ?? [];
    const argument = isContextName(name)
      ? name
      : this.declare(name, name, schema, !/\|\s*default\s*:/.test(filters));
    return `{{${argument}${filters && ` ${filters}`}}}`;
  }

  /** Declares an argument under `key` of the source, which may have the same name elsewhere; answers with its name. */
  declare(key: string, name: string, schema: JsonSchema, isRequired: boolean): string {
    const known = this.names.get(key);
    if (known !== undefined) {
      if (isRequired) this.required.add(known);
      return known;
    }
    const base = argumentName(name);
    let free = base;
    for (let count = 2; this.properties.has(free) || contextNames.includes(free); count += 1) {
      free = `${base.slice(0, 60)}_${count}`;
    }
    this.names.set(key, free);
    this.properties.set(free, schema);
    if (isRequired) this.required.add(free);
    return free;
  }

  get size(): number {
    return this.properties.size;
  }

  /** The arguments as the tool's `parameters`. */
  schema(): { type: 'object'; properties: Record<string, JsonSchema>; required?: string[] } {
    return {
      type: 'object',
      properties: Object.fromEntries(this.properties),
      ...(this.required.size > 0 && { required: [...this.required] }),
    };
  }
}

function isContextName(name: string): boolean {
  return contextNames.includes(/^[A-Za-z_]+/.exec(name)?.[0] ?? '');
}

/** A name of letters, digits and `_` for whatever the source calls it: `<CUSTOMER ID>` is `customer_id`. */
export function argumentName(name: string): string {
  const plain = name
    .slice(0, 256)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 64);
  const cased = /[a-z]/.test(plain) ? plain : plain.toLowerCase();
  const named = /^[A-Za-z_]/.test(cased) ? cased : `value${cased && `_${cased}`}`.slice(0, 64);
  return isReserved(named) ? `${named}_` : named;
}

/** Where a placeholder stands decides in which forms it is one. */
export type PlaceholderPosition = 'segment' | 'query' | 'value';

const DOUBLE = /\{\s?\{\s{0,20}([^{}\n]{1,200}?)\s{0,20}\}\s?\}/g;
const ANGLED = /^<\s*([A-Za-z_][A-Za-z0-9_ .-]{0,62})\s*>$/;
const SINGLE = /^\{\s*([A-Za-z_][A-Za-z0-9_.-]{0,62})\s*\}$/;
const COLON = /^:([A-Za-z_][A-Za-z0-9_]{0,62})$/;

/**
 * The text as a template. `{{name}}` is a placeholder anywhere; `<name>` and `{name}` only as the whole text, and
 * `:name` only as a whole segment or query value, since elsewhere they are somebody's words.
 */
export function adoptPlaceholders(
  text: string,
  position: PlaceholderPosition,
  args: ArgumentList,
  schemaOf: (name: string) => JsonSchema | undefined = () => undefined,
): string {
  const whole =
    ANGLED.exec(text) ?? SINGLE.exec(text) ?? (position === 'value' ? null : COLON.exec(text)) ?? undefined;
  const placeholder = (name: string) => args.placeholderFor(name, schemaOf(name));
  if (whole?.[1] !== undefined) return placeholder(whole[1].trim());
  return text.replace(DOUBLE, (_, name: string) => placeholder(name));
}

/** The same for every string of a JSON value. Keys stay as they are. */
export function adoptInJson(
  value: unknown,
  args: ArgumentList,
  schemaOf?: (name: string) => JsonSchema | undefined,
): unknown {
  if (typeof value === 'string') return adoptPlaceholders(value, 'value', args, schemaOf);
  if (Array.isArray(value)) return value.map((item) => adoptInJson(item, args, schemaOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, adoptInJson(item, args, schemaOf)]),
  );
}

/** The names that stand bare in JSON text, outside of strings: `{"count": {{n}}}`. They are no text. */
export function bareNames(json: string): Set<string> {
  const names = new Set<string>();
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|\{\s?\{\s{0,20}([^{}"\n]{1,200}?)\s{0,20}\}\s?\}/gs;
  for (const [, name] of json.matchAll(token)) if (name !== undefined) names.add(name);
  return names;
}

/** The names of a text's placeholders; undefined when it has none, or cannot be read. */
export function namesIn(text: string): string[] | undefined {
  const parsed = parseTemplate(text);
  if (!parsed.ok) return undefined;
  const names = parsed.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
  return names.length > 0 ? names : undefined;
}

/** The text with the source's own variables put in where their values are known. Their values are not read again. */
export function fillVariables(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(DOUBLE, (whole, name: string) => valueOf(name) ?? whole);
}
