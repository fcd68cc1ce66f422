import { invalidRequest } from '#contracts/validate';

/** The last record of a page: milliseconds since 1970 (14 digits reach the year 5138), and the execution id. */
const POSITION = /^(-?\d{1,14}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Where a page ended, as text that means nothing to whoever keeps it. */
export function encodeCursor({ startedAt, executionId }: { startedAt: Date; executionId: string }): string {
  return Buffer.from(`${startedAt.getTime()} ${executionId}`).toString('base64url');
}

/** @throws ServiceError `invalid_request` when it is no cursor of ours */
export function decodeCursor(cursor: string): { startedAt: Date; executionId: string } {
  const [, startedAt, executionId] = POSITION.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (startedAt === undefined || executionId === undefined) {
    const message = 'must be the `nextCursor` of an earlier page';
    throw invalidRequest([{ pointer: '/cursor', code: 'wrong_format', message }]);
  }
  return { startedAt: new Date(Number(startedAt)), executionId };
}
