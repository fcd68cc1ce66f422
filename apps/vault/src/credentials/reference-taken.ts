import { invalidRequest } from '#contracts/validate';

/** Turns the database's refusal of a second secret of one name into ours. @throws what it was given, or that */
export function refuseTakenReference(error: unknown): never {
  const { constraint } = ((error as { driverError?: unknown }).driverError ?? {}) as { constraint?: string };
  if (constraint !== 'credentials_by_reference') throw error;
  const message = 'is the name of another secret of yours already';
  throw invalidRequest([{ pointer: '/credential/reference', code: 'duplicate', message }]);
}
