import type { GetStats } from '#contracts/audit.contract';
import { invalidRequest } from '#contracts/validate';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_DAYS = 400;
/** Every hour is a group of the reply, which must fit into one message. */
const LONGEST_DAYS_BY_HOUR = 31;

interface Asked {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * The moments a request names, half-open: `from` is in, `to` is not.
 * @throws ServiceError `invalid_request` when one is no moment, or `from` is not before `to`
 */
export function readRange(asked: Asked): { from?: Date; to?: Date } {
  const from = readMoment('/from', asked.from);
  const to = readMoment('/to', asked.to);
  if (from && to) assertOrder(from, to);
  return { ...(from && { from }), ...(to && { to }) };
}

/**
 * What statistics cover: until now and the 24 hours before that, unless the request says otherwise.
 * @throws ServiceError `invalid_request` as for {@link readRange}, and when the range is too long
 */
export function statsRange(
  asked: Pick<GetStats, 'from' | 'to' | 'groupBy'>,
  now: Date,
): { from: Date; to: Date } {
  const { from: askedFrom, to = now } = readRange(asked);
  const from = askedFrom ?? new Date(to.getTime() - DAY_MS);
  assertOrder(from, to);
  const longestDays = asked.groupBy === 'hour' ? LONGEST_DAYS_BY_HOUR : LONGEST_DAYS;
  if (to.getTime() - from.getTime() > longestDays * DAY_MS) {
    const by = asked.groupBy === 'hour' ? ' by hour' : '';
    throw refuse('/from', `must be at most ${longestDays} days before \`to\`${by}`);
  }
  return { from, to };
}

function readMoment(pointer: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const moment = new Date(text);
  // 23:59:60 has the form of a timestamp, but neither JavaScript nor Postgres keeps leap seconds.
  if (Number.isNaN(moment.getTime())) throw refuse(pointer, 'must be a moment that is no leap second');
  return moment;
}

function assertOrder(from: Date, to: Date): void {
  if (from >= to) throw refuse('/from', 'must be before `to`');
}

function refuse(pointer: string, message: string) {
  return invalidRequest([{ pointer, code: 'out_of_range', message }]);
}
