/** A date, a time of day, or both, as an API wrote it. */
export interface Moment {
  /** Of what has no zone, the moment at which UTC's calendar and clock show it. */
  readonly at: Date;
  readonly hasDate: boolean;
  readonly hasTime: boolean;
  /** Written without a zone: it is what calendar and clock show wherever it is meant. */
  readonly isLocal: boolean;
}

const WRITTEN =
  /^(?:(\d{4}-\d{2}-\d{2})(?:[T ](?=\d)|$))?(?:(\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?) ?(Z|[+-]\d{2}:?\d{2})?)?$/i;
/** Smaller numbers are no moments: those after 1973 are larger. */
const FEWEST_SECONDS = 1e8;
/** Seconds are fewer until the year 5138, milliseconds more since 1973. */
const FEWEST_MILLISECONDS = 1e11;

/** Reads an ISO 8601 date, time or both, or a number of (milli)seconds since 1970. Undefined for anything else. */
export function readMoment(value: unknown): Moment | undefined {
  if (typeof value === 'number') {
    if (value < FEWEST_SECONDS) return undefined;
    const at = new Date(value < FEWEST_MILLISECONDS ? value * 1000 : value);
    return isReal(at) ? { at, hasDate: true, hasTime: true, isLocal: false } : undefined;
  }
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const [whole, date, time, zone] = WRITTEN.exec(value.trim()) ?? [];
  if (whole === undefined || (date === undefined && time === undefined)) return undefined;
  if (date !== undefined && !isOnCalendar(date)) return undefined;
  const at = new Date(`${date ?? '1970-01-01'}T${clockOf(time)}${offsetOf(zone)}`);
  if (!isReal(at)) return undefined;
  // A time of day alone is what a clock shows, with a zone or without.
  const isLocal = zone === undefined || date === undefined;
  return { at, hasDate: date !== undefined, hasTime: time !== undefined, isLocal };
}

function isReal(at: Date): boolean {
  return !Number.isNaN(at.getTime());
}

/** JavaScript takes February 31 for March 2. */
function isOnCalendar(date: string): boolean {
  const at = new Date(`${date}T00:00:00Z`);
  return isReal(at) && at.toISOString().startsWith(date);
}

function clockOf(time = '00:00'): string {
  const padded = time.indexOf(':') === 1 ? `0${time}` : time;
  return padded.replace(/(\.\d{3})\d+$/, '$1');
}

function offsetOf(zone: string | undefined): string {
  return zone === undefined || /z/i.test(zone) ? 'Z' : zone.replace(/^(...):?(..)$/, '$1:$2');
}
