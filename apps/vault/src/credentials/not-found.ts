import { ServiceError } from '#contracts/errors';

/** The same whether it never was, is gone, or is somebody else's. */
export function notFound(credentialId: string): ServiceError {
  return new ServiceError('credential_not_found', `There is no credential ${credentialId}`);
}

/** Likewise. */
export function secretNotFound(reference: string): ServiceError {
  return new ServiceError('credential_not_found', `There is no secret \`${reference}\``);
}
