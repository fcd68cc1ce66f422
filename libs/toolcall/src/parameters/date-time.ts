/** Whether a text is a day of the calendar, as RFC 3339 writes it: `2026-11-21`. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Whether a text is a moment, as RFC 3339 writes it: `2026-11-21T14:00:00-08:00`. */
export function isDateTime(text: string): boolean {
  const match = DATE_TIME.exec(text);
  return match !== null && isCalendarDate(match[1] as string);
}

/** Whether a text is a time of day: `14:00`, with seconds and offset if need be. */
export function isTime(text: string): boolean {
  return TIME.test(text);
}

const CLOCK = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const OFFSET = `(?:Z|[+-]${CLOCK})`;
const DATE_TIME = new RegExp(`^(\\d{4}-\\d{2}-\\d{2})T${CLOCK}:[0-5]\\d(?:\\.\\d{1,9})?${OFFSET}$`);
const TIME = new RegExp(`^${CLOCK}(?::[0-5]\\d(?:\\.\\d{1,9})?)?${OFFSET}?$`);

/** A date as models write it otherwise: year first with other signs between, or with a time behind it. */
export function readDate(text: string): string | undefined {
  const match =
    /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[Tt ]\d{1,2}:\d{2}.{0,30})?$/.exec(text) ??
    /^(\d{4})()(\d{2})(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [, year, , month = '', day = ''] = match;
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/**
 * A moment as models write it otherwise: a blank for the T, no seconds, an offset of hours alone or without colon. One
 * without an offset is taken for the time where the caller is, if that is known.
 */
export function readDateTime(text: string, timezone: string | undefined): string | undefined {
  const match =
    /^(\d{4}-\d{2}-\d{2})[Tt ]{1,2}(\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)? ?(?:([Zz]|UTC|GMT)|([+-]\d{2}):?(\d{2})?)?$/.exec(
      text,
    );
  if (!match) return undefined;
  const [, date = '', clock = '', seconds = ':00', zulu, hours, minutes = '00'] = match;
  const local = `${date}T${clock}${seconds}`;
  if (zulu !== undefined) return `${local}Z`;
  if (hours !== undefined) return `${local}${hours}:${minutes}`;
  const offset = timezone === undefined ? undefined : offsetAt(local, timezone);
  return offset === undefined ? undefined : `${local}${offset}`;
}

/** A time of day as models write it otherwise: on the 12-hour clock, or with one digit for the hour. */
export function readTime(text: string): string | undefined {
  const match = /^(\d{1,2})(?::(\d{2}))?(:\d{2})? ?(?:([ap])\.?m\.?)?$/i.exec(text);
  if (!match) return undefined;
  const [, hourText = '', minute, second = '', half] = match;
  const hour = Number(hourText);
  if (half === undefined) {
    return minute === undefined ? undefined : `${hourText.padStart(2, '0')}:${minute}${second}`;
  }
  if (hour < 1 || hour > 12) return undefined;
  const of24 = (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  return `${String(of24).padStart(2, '0')}:${minute ?? '00'}${second}`;
}

/** How far a zone is from UTC when its clocks show a local time; undefined when there is no such zone or time. */
function offsetAt(local: string, timezone: string): string | undefined {
  const asUtc = Date.parse(`${local}Z`);
  const zone = Number.isNaN(asUtc) ? undefined : zoneOf(timezone);
  if (!zone) return undefined;
  // The offset depends on the moment, the moment on the offset: twice is enough, whatever the zone.
  const near = offsetMinutes(asUtc, zone);
  return writeOffset(offsetMinutes(asUtc - near * 60_000, zone));
}

/** Zones that were asked for lately: to make one takes longer than all the rest. Undefined is none that anybody knows. */
const zones = new Map<string, Intl.DateTimeFormat | undefined>();
const MOST_ZONES = 100;

function zoneOf(timeZone: string): Intl.DateTimeFormat | undefined {
  if (zones.has(timeZone)) return zones.get(timeZone);
  if (zones.size >= MOST_ZONES) zones.clear();
  let zone: Intl.DateTimeFormat | undefined;
  try {
    zone = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    // an orchestrator's slip; the model is asked for the offset instead
  }
  zones.set(timeZone, zone);
  return zone;
}

function offsetMinutes(at: number, zone: Intl.DateTimeFormat): number {
  const [, sign, hours, minutes] = /GMT([+-])(\d{2}):(\d{2})/.exec(zone.format(at)) ?? ['', '+', '0', '0'];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function writeOffset(minutes: number): string {
  const [hour, minute] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const pad = (part: number) => String(part).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${pad(hour)}:${pad(minute)}`;
}
