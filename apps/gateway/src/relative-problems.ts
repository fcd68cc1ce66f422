import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import type { Problem } from '#toolcall/problem';

/** The problems an error lists; undefined when it lists none. */
export function problemsOf(error: ServiceError): readonly Problem[] | undefined {
  const { problems } = (error.details ?? {}) as { problems?: readonly Problem[] };
  return Array.isArray(problems) && problems.length > 0 ? problems : undefined;
}

/**
 * The error with every pointer relative to what the REST client sent. The body stands in one field of the bus
 * request: the `/definition/request/url` of the bus is the client's `/request/url`.
 */
export function relativeTo(field: string, error: ServiceError): ServiceError {
  const problems = problemsOf(error)?.map((problem) => ({
    ...problem,
    pointer: withoutPrefix(`/${field}`, problem.pointer),
  }));
  if (!problems) return error;
  const message = error.code === 'invalid_request' ? invalidRequest(problems).message : error.message;
  return new ServiceError(error.code, message, { problems });
}

function withoutPrefix(prefix: string, pointer: string): string {
  return pointer === prefix || pointer.startsWith(`${prefix}/`) ? pointer.slice(prefix.length) : pointer;
}
