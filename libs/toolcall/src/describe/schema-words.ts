import type { Schema } from './schema.js';

const none: ReadonlySet<string> = new Set();

const formats: Readonly<Record<string, string>> = {
  email: 'An e-mail address',
  date: 'A date as YYYY-MM-DD',
  'date-time': 'A date and time as YYYY-MM-DDTHH:MM:SSZ',
  time: 'A time as HH:MM',
  uri: 'A URL, with its scheme',
  uuid: 'A UUID',
  phone: 'A phone number, best with its country: +14155550100',
};

/** How each keyword is said, or several that belong together. */
const sentences: readonly ((schema: Schema) => string | undefined)[] = [
  ({ deprecated }) => (deprecated ? 'No longer of use' : undefined),
  (schema) => ('const' in schema ? `Always ${json(schema.const)}` : undefined),
  ({ enum: values }) => values && `One of ${values.map(json).join(', ')}`,
  ({ format }) => (format === undefined ? undefined : (formats[format] ?? `Format: ${format}`)),
  ({ minLength, maxLength }) => range(minLength, maxLength, 'character'),
  ({ pattern }) => pattern && `Must match the regular expression ${pattern}`,
  sayBounds,
  ({ multipleOf }) => (multipleOf === undefined ? undefined : `A multiple of ${multipleOf}`),
  ({ minItems, maxItems }) => range(minItems, maxItems, 'item'),
  ({ uniqueItems }) => (uniqueItems ? 'No item twice' : undefined),
  ({ minProperties, maxProperties }) => range(minProperties, maxProperties, 'property', 'properties'),
  ({ default: fallback }) => (fallback === undefined ? undefined : `Default: ${json(fallback)}`),
  ({ examples = [] }) =>
    examples.length > 0 ? `For example ${examples.slice(0, 3).map(json).join(', ')}` : undefined,
];

/**
 * A schema's description, or its title, followed by what a vendor's schemas have no keyword for. Undefined when there is
 * nothing to say.
 */
export function describeInWords(
  schema: Schema,
  kept: ReadonlySet<string> = none,
  more: readonly string[] = [],
): string | undefined {
  const unsaid = Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !kept.has(keyword)),
  ) as Schema;
  const said = sentences.flatMap((say) => say(unsaid) ?? []);
  const own = unsaid.description ?? unsaid.title;
  const all = [own ?? '', ...said, ...more]
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '');
  if (all.length === 0) return undefined;
  return all.length === 1 && own !== undefined ? own : all.map(asSentence).join(' ');
}

/** Text as a sentence of a longer text. */
export function asSentence(text: string): string {
  return /[.!?…:;]$/.test(text) ? text : `${text}.`;
}

function sayBounds({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string | undefined {
  const bounds = [
    minimum === undefined ? [] : `at least ${minimum}`,
    exclusiveMinimum === undefined ? [] : `more than ${exclusiveMinimum}`,
    maximum === undefined ? [] : `at most ${maximum}`,
    exclusiveMaximum === undefined ? [] : `less than ${exclusiveMaximum}`,
  ].flat();
  return bounds.length > 0 ? capitalized(bounds.join(', ')) : undefined;
}

function range(
  from: number | undefined,
  to: number | undefined,
  noun: string,
  plural = `${noun}s`,
): string | undefined {
  const counted = (count: number) => `${count} ${count === 1 ? noun : plural}`;
  if (from !== undefined && from === to) return `Exactly ${counted(from)}`;
  if (from !== undefined && to !== undefined) return `${from} to ${counted(to)}`;
  if (from !== undefined) return `At least ${counted(from)}`;
  return to === undefined ? undefined : `At most ${counted(to)}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function json(value: unknown): string {
  return JSON.stringify(value);
}
