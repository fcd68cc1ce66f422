import { isRawInteger } from '../exact-json.js';
import type { FilterArgument } from '../parse-template.js';
import type { Scope } from '../scope.js';
import type { FilterRule } from '../template-filters.js';
import { formatDate, formatMoney, formatNumber, formatTime, type Locale } from './formatters.js';
import { readMoment, type Moment } from './read-moment.js';

const currencies = new Set(Intl.supportedValuesOf('currency'));
const STYLES = ['full', 'long', 'medium', 'short'] as const;
const MOST_PLACES = 20;

const none = (argument: FilterArgument | undefined) =>
  argument === undefined ? undefined : 'takes no value';

/** Filters for what is said. A value that is not of their kind is said as it is. */
export const spokenFilters: Readonly<Record<string, FilterRule>> = {
  /** `{{balance | money: "USD"}}` → $1,250.50 */
  money: {
    positions: ['message'],
    argumentProblem: (argument) =>
      typeof argument === 'string' && currencies.has(argument)
        ? undefined
        : 'needs a currency by its ISO 4217 code: `{{total | money: "USD"}}`',
    compile: (argument) => numeric((amount, locale) => formatMoney(amount, String(argument), locale)),
  },
  /** `{{n | number}}` → 1,250.5; `number: 2` rounds to two decimal places. */
  number: {
    positions: ['message'],
    argumentProblem: (argument) =>
      argument === undefined ||
      (Number.isInteger(argument) && Number(argument) >= 0 && Number(argument) <= MOST_PLACES)
        ? undefined
        : `takes a number of decimal places, 0 to ${MOST_PLACES}: \`{{n | number: 2}}\``,
    compile: (argument) => {
      const places = argument === undefined ? undefined : Number(argument);
      return numeric((value, locale) => formatNumber(value, places, locale));
    },
  },
  /** `{{phone | digits}}` → 4 1 5 5 5 5 0 1 0 0: one by one, letters too, without what stands between. */
  digits: {
    positions: ['message'],
    argumentProblem: none,
    compile: () => (value) => {
      const said = isRawInteger(value) ? value.rawJSON : value;
      return typeof said === 'string' || typeof said === 'number'
        ? Array.from(String(said).matchAll(/[\p{L}\p{N}]/gu), ([one]) => one).join(' ')
        : said;
    },
  },
  /** `{{eta | date}}` → January 18, 2024; `date: "full"` names the weekday. */
  date: {
    positions: ['message'],
    argumentProblem: (argument) =>
      argument === undefined || STYLES.some((style) => style === argument)
        ? undefined
        : 'takes one of "full", "long", "medium", "short": `{{eta | date: "full"}}`',
    compile: (argument) => {
      const style = STYLES.find((one) => one === argument) ?? 'long';
      return momentary(
        (moment) => moment.hasDate,
        (at, locale) => formatDate(at, style, locale),
      );
    },
  },
  /** `{{eta | time}}` → 2:30 PM, where the call is. */
  time: {
    positions: ['message'],
    argumentProblem: none,
    compile: () => momentary((moment) => moment.hasTime, formatTime),
  },
};

function localeOf({ facts: { language, timezone } }: Scope): Locale {
  return { language, timezone };
}

const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;

function numeric(format: (value: number, locale: Locale) => string): ReturnType<FilterRule['compile']> {
  return (value, scope) => {
    const number = typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? format(number, localeOf(scope)) : value;
  };
}

function momentary(
  fits: (moment: Moment) => boolean,
  format: (at: Date, locale: Locale) => string,
): ReturnType<FilterRule['compile']> {
  return (value, scope) => {
    const moment = readMoment(value);
    if (!moment || !fits(moment)) return value;
    const { language, timezone } = localeOf(scope);
    return format(moment.at, { language, timezone: moment.isLocal ? 'UTC' : timezone });
  };
}
