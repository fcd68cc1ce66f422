import { isRawInteger, integerOf, parseExactly } from '../exact-json.js';
import { readDate, readDateTime, readTime } from './date-time.js';
import type { Format } from './formats.js';
import { argumentLimits, type CoercionRun } from './coercion-run.js';
import { typesOf, type JsonType, type ParameterSchema } from './parameter-schema.js';
import { readPhone } from './phone.js';

/** What a value is asked to be: a type, a format, or one of those listed. */
export type Kind = Exclude<JsonType, 'null'> | Format | 'listed';

/** What a rule may look at besides the value. */
export interface Asked {
  readonly schema: ParameterSchema;
  readonly run: CoercionRun;
  /** The values listed, by {@link loosely} what they are; those that are alike are left out. */
  readonly listed: () => ReadonlyMap<string, unknown>;
}

/** One thing models send that is not what the schema asks for, and plainly means it. */
export interface CoercionRule {
  /** Unique; its examples stand under this name in `coercion-rules.spec.ts`. */
  readonly name: string;
  readonly for: readonly Kind[];
  /** What the model meant; undefined where the rule does not apply. Whether it will do is checked afterwards. */
  readonly read: (given: unknown, asked: Asked) => unknown;
}

/**
 * All readings, in the order in which they are tried. A value that satisfies its schema is never read otherwise, and a
 * reading that does not satisfy it is dropped: so reading twice gives what reading once does. Of a list or an object
 * the first reading counts, and what is wrong inside of it is what is told.
 */
export const coercionRules: readonly CoercionRule[] = [
  { name: 'digits are an integer', for: ['integer', 'number'], read: readInteger },
  { name: 'text of a decimal is a number', for: ['integer', 'number'], read: readDecimal },
  { name: 'a word for yes or no is a boolean', for: ['boolean'], read: readBoolean },
  { name: 'a number is text as it was written', for: ['string'], read: textOfNumber },
  {
    name: 'a boolean is text',
    for: ['string'],
    read: (given) => (typeof given === 'boolean' ? String(given) : undefined),
  },
  { name: 'an address has no blanks around it', for: ['email', 'uri', 'uuid', 'phone'], read: trimmed },
  {
    name: 'an e-mail address needs no mailto:',
    for: ['email'],
    read: (given) => trimmed(given)?.replace(/^mailto:/i, ''),
  },
  { name: 'a date is year, month, day', for: ['date'], read: (given) => readText(given, readDate) },
  {
    name: 'a date and time is written in full, in the zone of the call',
    for: ['date-time'],
    read: (given, { run }) => readText(given, (text) => readDateTime(text, run.frame.facts.timezone)),
  },
  { name: 'a time is on the 24-hour clock', for: ['time'], read: (given) => readText(given, readTime) },
  { name: 'a web address has a scheme and is ASCII', for: ['uri'], read: readWebAddress },
  {
    name: 'a UUID is bare',
    for: ['uuid'],
    read: (given) => trimmed(given)?.replace(/^(?:urn:uuid:|\{)([^{}]*)\}?$/i, '$1'),
  },
  { name: 'a phone number is dialled from where the caller is', for: ['phone'], read: readPhoneNumber },
  { name: 'a listed value is meant whatever its case', for: ['listed'], read: readListed },
  { name: 'text of a JSON list is a list', for: ['array'], read: (given) => readJson(given, '[') },
  { name: 'words in brackets are a list', for: ['array'], read: readBracketed },
  { name: 'text with commas is a list', for: ['array'], read: readCommaList },
  { name: 'a single value is a list of one', for: ['array'], read: (given) => [given] },
  { name: 'text of a JSON object is an object', for: ['object'], read: (given) => readJson(given, '{') },
];

/** One thing models send for an argument they do not have. */
export interface Absence {
  /** Unique; its examples stand under this name in `coercion-rules.spec.ts`. */
  readonly name: string;
  /** Whether a property of this schema has no use for such a value. */
  readonly holdsFor: (schema: ParameterSchema) => boolean;
  readonly is: (given: unknown) => boolean;
}

/** What stands for no value at all: the default then applies, or the argument is left out, or is missing. */
export const absences: readonly Absence[] = [
  {
    name: 'null is no value, unless the schema has it',
    holdsFor: (schema) => !takes(schema, 'null'),
    is: (given) => given === null,
  },
  {
    name: 'blank text is no value, unless the schema has it',
    holdsFor: (schema) =>
      !takes(schema, 'string') || (schema.minLength !== 0 && !listedIn(schema)?.includes('')),
    is: (given) =>
      typeof given === 'string' && (given === '' || (given.charCodeAt(0) <= 32 && given.trim() === '')),
  },
  {
    name: 'the word null is no value, where no text is asked for',
    holdsFor: (schema) => !takes(schema, 'string'),
    is: (given) => given === 'null' || given === 'undefined',
  },
];

function takes(schema: ParameterSchema, type: JsonType): boolean {
  const types = typesOf(schema);
  return types.length === 0 || types.includes(type);
}

function listedIn(schema: ParameterSchema): readonly unknown[] | undefined {
  return schema.enum ?? ('const' in schema ? [schema.const] : undefined);
}

/** Longer than anything that one of these rules reads. */
const LONGEST_READ = 256;

/** The text of a string, number or integer without blanks around it; undefined of anything else. */
export function trimmed(given: unknown): string | undefined {
  if (typeof given === 'string') return given.length > 8192 ? undefined : given.trim();
  return textOfNumber(given);
}

function textOfNumber(given: unknown): string | undefined {
  if (isRawInteger(given)) return given.rawJSON;
  return typeof given === 'number' && Number.isFinite(given) ? String(given) : undefined;
}

function readText(given: unknown, read: (text: string) => string | undefined): string | undefined {
  const text = trimmed(given);
  return text === undefined || text.length > LONGEST_READ ? undefined : read(text);
}

function readInteger(given: unknown): unknown {
  if (typeof given !== 'string' || given.length > LONGEST_READ) return undefined;
  const [, sign, digits] = /^\s*([+-]?)0*(\d+)\s*$/.exec(given) ?? [];
  if (digits === undefined || digits.length > argumentLimits.digits) return undefined;
  return digits === '0' ? 0 : integerOf(sign === '-' ? `-${digits}` : digits);
}

function readDecimal(given: unknown): unknown {
  if (typeof given !== 'string' || given.length > LONGEST_READ) return undefined;
  const text = given.trim();
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/.test(text)) return undefined;
  const number = Number(text);
  const mayHaveLostDigits = Number.isInteger(number) && !Number.isSafeInteger(number) && !/e/i.test(text);
  return mayHaveLostDigits ? undefined : number;
}

const words = new Map<unknown, boolean>([
  ...['true', 'yes', 'y', 'on', '1', 1].map((word) => [word, true] as const),
  ...['false', 'no', 'n', 'off', '0', 0].map((word) => [word, false] as const),
]);

function readBoolean(given: unknown): boolean | undefined {
  return words.get(typeof given === 'string' && given.length < 20 ? given.trim().toLowerCase() : given);
}

function readWebAddress(given: unknown): string | undefined {
  return readText(given, (text) => {
    const full = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
    const hasHost = /^[a-z][a-z0-9+.-]*:\/\/[^\s/]+\.[^\s/.]{2,}/i.test(full);
    if (!hasHost || !URL.canParse(full)) return undefined;
    return full === text || !/^[\x21-\x7e]+$/.test(full) ? new URL(full).href : full;
  });
}

function readPhoneNumber(given: unknown, { run }: Asked): string | undefined {
  return readText(given, (text) => {
    const phone = readPhone(text, run.phoneRegion);
    return phone.ok ? phone.e164 : undefined;
  });
}

function readListed(given: unknown, { listed }: Asked): unknown {
  const text = typeof given === 'boolean' ? String(given) : trimmed(given);
  return text === undefined || text.length > LONGEST_READ ? undefined : listed().get(loosely(text));
}

/** What a schema lists, by {@link loosely} what it is, where that tells one from the others. */
export function listedLoosely(schema: ParameterSchema): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const twice = new Set<string>();
  for (const value of listedIn(schema) ?? []) {
    const text = loosely(String(value));
    if (text === '' || found.has(text)) twice.add(text);
    else found.set(text, value);
  }
  for (const text of twice) found.delete(text);
  return found;
}

/** Without case, and with blank, hyphen and underscore for one sign. */
function loosely(text: string): string {
  return text.toLowerCase().replace(/[\s_-]+/g, '_');
}

function readJson(given: unknown, opening: '[' | '{'): unknown {
  if (typeof given !== 'string' || !given.trimStart().startsWith(opening)) return undefined;
  try {
    return parseExactly(given);
  } catch {
    return undefined;
  }
}

/** `['a', 'b']`, as a model writes a list that thinks in Python. */
function readBracketed(given: unknown, asked: Asked): unknown {
  if (typeof given !== 'string') return undefined;
  const text = given.trim();
  if (!text.startsWith('[') || !text.endsWith(']') || !hasPlainItems(asked)) return undefined;
  return split(text.slice(1, -1)).map((item) => item.replace(/^(['"])(.*)\1$/s, '$2'));
}

function readCommaList(given: unknown, asked: Asked): unknown {
  return typeof given === 'string' && given.includes(',') && hasPlainItems(asked) ? split(given) : undefined;
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Whether items are such that a comma stands between two of them. */
function hasPlainItems({ schema: { items } }: Asked): boolean {
  return items?.properties === undefined && items?.items === undefined;
}
