import { isCalendarDate, isDateTime, isTime } from './date-time.js';

/** The formats a string may be asked for, and whether a text has one. */
export const formats = {
  /** RFC 5321, without quoted local parts and address literals: what people have. */
  email: (text) => text.length <= 254 && EMAIL.test(text),
  date: isCalendarDate,
  'date-time': isDateTime,
  time: isTime,
  uri: (text) => text.length <= 8192 && URI.test(text.replace(IP_LITERAL, '$1ip')) && URL.canParse(text),
  uuid: (text) => UUID.test(text),
  /** E.164. */
  phone: (text) => /^\+[1-9]\d{6,14}$/.test(text),
} satisfies Record<string, (text: string) => boolean>;

export type Format = keyof typeof formats;

export function isFormat(name: unknown): name is Format {
  return typeof name === 'string' && Object.hasOwn(formats, name);
}

const EMAIL =
  /^(?=[^@]{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** RFC 3986: a scheme, and of the rest the characters that may stand bare, with `%` as an escape only. */
const URI = /^[a-z][a-z0-9+.-]*:(?:[a-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9a-f]{2})+$/i;
/** Brackets stand in a URI around an IP address only. */
const IP_LITERAL = /^([a-z][a-z0-9+.-]*:\/\/)\[[0-9a-f:.]+\]/i;
