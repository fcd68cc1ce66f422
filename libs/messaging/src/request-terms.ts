import { ServiceError } from '#contracts/errors';
import { DEADLINE_HEADER } from './nats-headers.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The third token of a public subject, in lower case.
 * @throws ServiceError `invalid_request` when it is no UUID
 */
export function organizationOf(subject: string): string {
  const start = 'patchbay.v1.'.length;
  const orgId = subject.slice(start, subject.indexOf('.', start));
  if (!UUID.test(orgId)) {
    throw new ServiceError(
      'invalid_request',
      'The third token of the subject must be the organization id, a UUID',
    );
  }
  return orgId.toLowerCase();
}

/**
 * What `Patchbay-Deadline-Ms` says, milliseconds; undefined when it is empty.
 * @throws ServiceError `invalid_request` when it is no number, `deadline_exceeded` when nothing is left
 */
export function timeLeftFor(header: string): number | undefined {
  if (header === '') return undefined;
  const timeLeft = Number(header);
  if (!Number.isFinite(timeLeft)) {
    throw new ServiceError('invalid_request', `${DEADLINE_HEADER} must be a number of milliseconds`);
  }
  if (timeLeft <= 0)
    throw new ServiceError('deadline_exceeded', 'The deadline had passed when the request came');
  return timeLeft;
}

/** The work's result, or `deadline_exceeded` after `timeLeft` milliseconds; the work itself goes on. */
export async function withinDeadline<T>(work: Promise<T>, timeLeft: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ServiceError('deadline_exceeded', 'The work took longer than its deadline')),
      Math.min(timeLeft, 2 ** 31 - 1),
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
