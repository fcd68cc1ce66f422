import { trimmed, type Asked } from './coercion-rules.js';
import type { Format } from './formats.js';
import type { JsonType, ParameterSchema } from './parameter-schema.js';
import { readPhone, NO_NUMBER } from './phone.js';

/**
 * What a model should send instead, by what it was asked for. Hints never repeat what was given, apart from an amount
 * in other words: they end up in logs, and a model knows what it has sent.
 */
export const formatHints: Record<Format, (given: unknown, asked: Asked) => string> = {
  email: () => 'must be an e-mail address, such as name@example.com',
  date: (_given, { run }) => `send a date as YYYY-MM-DD; today is ${run.today}`,
  'date-time': (_given, { run }) =>
    'send a date and time with the offset from UTC, as YYYY-MM-DDTHH:MM:SS+00:00; ' +
    `it is now ${run.frame.now.toISOString().slice(0, 19)}Z`,
  time: () => 'send a time as HH:MM on the 24-hour clock',
  uri: () => 'must be a web address, such as https://example.com/page',
  uuid: () => 'must be a UUID, such as 123e4567-e89b-42d3-a456-426614174000',
  phone: (given, { run }) => {
    const phone = readPhone(trimmed(given) ?? '', run.phoneRegion);
    return phone.ok ? NO_NUMBER : phone.hint;
  },
};

const typeNames: Record<JsonType, string> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'a boolean (true or false)',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** What to say where a value has none of the types it should have. */
export function typeHint(types: readonly JsonType[], given: unknown): string {
  const wanted = types.filter((type) => type !== 'null').map((type) => typeNames[type]);
  const must = `must be ${wanted.join(' or ') || typeNames.null}`;
  const amount = types.some((type) => type === 'number' || type === 'integer') ? amountIn(given) : undefined;
  if (amount === undefined || (!types.includes('number') && !Number.isInteger(amount))) return must;
  return `${must} without currency, unit or separators: send ${amount}`;
}

const CURRENCY = '(?:[$€£¥₹₪₩₽]|[A-Z]{3})';
const AMOUNT = new RegExp(
  `^${CURRENCY}?\\s?([+-]?(?:\\d{1,3}(?:,\\d{3})+|\\d{1,15})(?:\\.\\d{1,6})?)\\s?(?:${CURRENCY}|dollars?|euros?|pounds?)?$`,
);

/** The amount a text such as `$1,250.50` names, if there is no doubt about it. */
function amountIn(given: unknown): number | undefined {
  if (typeof given !== 'string' || given.length > 40) return undefined;
  const [, digits] = AMOUNT.exec(given.trim()) ?? [];
  const amount = Number(digits?.replaceAll(',', ''));
  return Number.isNaN(amount) || Math.abs(amount) > Number.MAX_SAFE_INTEGER ? undefined : amount;
}

const MOST_LISTED = 20;
const LONGEST_LISTED = 40;

/** `must be one of "low", "high"`, of a long list its beginning. */
export function listHint({ enum: listed, const: only }: ParameterSchema): string {
  const values = listed ?? [only];
  const shown = values.slice(0, MOST_LISTED).map((value) => shorten(JSON.stringify(value)));
  const more = values.length > MOST_LISTED ? `, … (${values.length} in all)` : '';
  return `must be ${values.length > 1 ? 'one of ' : ''}${shown.join(', ')}${more}`;
}

/** `must match ^ORD-\d+$`, of a long pattern its beginning. */
export function patternHint(pattern: string): string {
  return `must match the pattern ${shorten(pattern, 100)}`;
}

function shorten(text: string, longest = LONGEST_LISTED): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
