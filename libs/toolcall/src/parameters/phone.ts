import {
  isSupportedCountry,
  parsePhoneNumberFromString,
  type CountryCode,
  type CountryCallingCode,
} from 'libphonenumber-js/min';
import type { CallFacts } from '../scope.js';

/** Where a national number is dialled: a country, or all that share a calling code. */
export type PhoneRegion =
  { readonly defaultCountry: CountryCode } | { readonly defaultCallingCode: CountryCallingCode };

export type ReadPhone =
  { readonly ok: true; readonly e164: string } | { readonly ok: false; readonly hint: string };

/** Far more than any number has with its blanks and brackets; longer text is none. */
const LONGEST = 40;

/**
 * The country whose numbers the caller gives without a country code: that of the caller's own number, else the region
 * of the call's language (`en-US`), else `custom.region`, else the tool's.
 */
export function phoneRegion(facts: CallFacts, fallback: string | undefined): PhoneRegion | undefined {
  return (
    regionOfNumber(facts.user_number) ??
    country(regionOfLanguage(facts.language)) ??
    country(facts.custom?.region) ??
    country(fallback)
  );
}

/** Whether national numbers of this country can be read. */
export function isPhoneRegion(code: string): boolean {
  return isSupportedCountry(code);
}

/** Reads a number however it is written; one that no exchange could connect is refused. */
export function readPhone(given: string, region: PhoneRegion | undefined): ReadPhone {
  const text = given.replace(/^tel:/i, '').trim();
  if (text.length > LONGEST) return { ok: false, hint: 'must be one phone number' };
  const readings = [parse(text, region), ...(text.startsWith('00') ? [parse(`+${text.slice(2)}`)] : [])];
  const number = readings.find((one) => one?.isPossible()) ?? readings.find((one) => one !== undefined);
  if (!number) {
    const isNational = region === undefined && /^[\d(][\d ().-]{3,}$/.test(text);
    return { ok: false, hint: isNational ? NEEDS_COUNTRY_CODE : NO_NUMBER };
  }
  if (number.ext !== undefined) return { ok: false, hint: 'must be a phone number without extension' };
  return number.isPossible() ? { ok: true, e164: number.number } : { ok: false, hint: IMPOSSIBLE };
}

export const NO_NUMBER = 'must be a phone number; send it with its country code, as +14155550100';
const NEEDS_COUNTRY_CODE =
  'has no country code, and the call does not tell the country; send it as +14155550100';
const IMPOSSIBLE =
  'has too few or too many digits; ask for it again, digit by digit, with the country code if it is foreign';

function parse(text: string, region?: PhoneRegion) {
  return parsePhoneNumberFromString(text, { extract: false, ...region }); // anything around the number is refused
}

function regionOfNumber(number: string | undefined): PhoneRegion | undefined {
  if (!number?.startsWith('+') || number.length > LONGEST) return undefined;
  const parsed = parse(number);
  if (!parsed) return undefined;
  return parsed.country
    ? { defaultCountry: parsed.country }
    : { defaultCallingCode: parsed.countryCallingCode };
}

function regionOfLanguage(language: string | undefined): string | undefined {
  if (language === undefined || language.length > LONGEST) return undefined;
  try {
    return new Intl.Locale(language.replaceAll('_', '-')).region;
  } catch {
    return undefined; // not a language; an orchestrator's slip must not stop the call
  }
}

function country(code: unknown): PhoneRegion | undefined {
  if (typeof code !== 'string') return undefined;
  const upper = code.toUpperCase();
  return isSupportedCountry(upper) ? { defaultCountry: upper } : undefined;
}
