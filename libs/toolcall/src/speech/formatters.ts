import { FormatterMemory } from './formatter-memory.js';

/** How and where a value is said. */
export interface Locale {
  /** BCP 47; English when it is absent or unknown. */
  readonly language?: string | undefined;
  /** IANA; UTC when it is absent or unknown. */
  readonly timezone?: string | undefined;
}

type Style = 'full' | 'long' | 'medium' | 'short';
type Formatter = (value: number | Date) => string;

const FALLBACK = { language: 'en', timezone: 'UTC' };
const formatters = new FormatterMemory<Formatter>(300);

/** A sum of money: `$1,250.50`. */
export function formatMoney(amount: number, currency: string, { language }: Locale): string {
  const make = (locale: string) => new Intl.NumberFormat(locale, { style: 'currency', currency });
  return formatters.get(`money ${currency} ${language ?? ''}`, () => numberFormatter(make, language))(amount);
}

/** A number, with at most so many decimal places: three unless said otherwise. */
export function formatNumber(value: number, places: number | undefined, { language }: Locale): string {
  const make = (locale: string) => new Intl.NumberFormat(locale, { maximumFractionDigits: places ?? 3 });
  return formatters.get(`number ${places ?? ''} ${language ?? ''}`, () => numberFormatter(make, language))(
    value,
  );
}

/** The day of a moment, where the call is. */
export function formatDate(moment: Date, style: Style, locale: Locale): string {
  return formatters.get(`date ${style} ${keyOf(locale)}`, () =>
    momentFormatter({ dateStyle: style }, locale),
  )(moment);
}

/** The hour and minute of a moment, where the call is. */
export function formatTime(moment: Date, locale: Locale): string {
  return formatters.get(`time ${keyOf(locale)}`, () => momentFormatter({ timeStyle: 'short' }, locale))(
    moment,
  );
}

function keyOf({ language = '', timezone = '' }: Locale): string {
  return `${language} ${timezone}`;
}

function numberFormatter(
  make: (locale: string) => Intl.NumberFormat,
  language: string | undefined,
): Formatter {
  const format = make(knownLanguage(language));
  return (value) => format.format(value as number);
}

function momentFormatter(options: Intl.DateTimeFormatOptions, { language, timezone }: Locale): Formatter {
  const locale = knownLanguage(language);
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: knownTimezone(timezone) });
  return (value) => format.format(value);
}

/** What Intl does not know it takes for the language of the machine. */
function knownLanguage(language: string | undefined): string {
  if (language === undefined) return FALLBACK.language;
  const tag = language.replaceAll('_', '-');
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag)[0] ?? FALLBACK.language;
  } catch {
    return FALLBACK.language; // not even the form of a language
  }
}

function knownTimezone(timezone: string | undefined): string {
  if (timezone === undefined) return FALLBACK.timezone;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
  } catch {
    return FALLBACK.timezone;
  }
}
