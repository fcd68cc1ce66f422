import { ServiceError, type ErrorCode } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { ERROR_CODE } from '#telemetry/attributes';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { toServiceError } from '#messaging/wire';
import type { ProblemDocument } from './documents.js';
import { codeOfStatus, httpStatus, isOurFault } from './http-status.js';
import type { GatewayRequest } from './http/gateway-request.js';
import { problemsOf } from './relative-problems.js';

const RETRY_AFTER_SECONDS = '1';

/** Every error leaves as `application/problem+json`. What is not a ServiceError is logged here and says nothing outside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('ProblemFilter');

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<GatewayRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = this.read(exception, request);
    tag(request, error.code);
    if (response.headersSent) {
      response.destroy(); // half an answer cannot be taken back
      return;
    }
    response
      .status(httpStatus[error.code])
      .set(headersFor(error.code))
      .set('Content-Type', 'application/problem+json')
      .json(toDocument(error, request));
  }

  private read(exception: unknown, request: GatewayRequest): ServiceError {
    if (exception instanceof ServiceError) return exception;
    if (exception instanceof HttpException) {
      const code = codeOfStatus(exception.getStatus());
      if (code !== 'internal') return refusalOfHttp(code, exception, request);
    }
    const error = toServiceError(exception);
    const stack = exception instanceof Error ? exception.stack : typeof exception;
    if (error.code === 'internal') this.log.error(`${request.method} ${request.path} failed`, stack);
    return error;
  }
}

/** Says what Nest, Express or the body parser refused, without their words: those quote queries and bodies. */
function refusalOfHttp(code: ErrorCode, exception: HttpException, request: GatewayRequest): ServiceError {
  if (code === 'not_found') return new ServiceError(code, `There is no ${request.method} ${request.path}`);
  if (code === 'payload_too_large') return new ServiceError(code, 'The body is too large');
  if (exception.cause instanceof SyntaxError) {
    const [where] = /at position \d+/.exec(exception.cause.message) ?? [];
    const message = `must be JSON${where ? `; it is not, ${where}` : ''}`;
    return invalidRequest([{ pointer: '', code: 'wrong_format', message }]);
  }
  return new ServiceError(code, `The request cannot be read: ${exception.message}`);
}

function headersFor(code: ErrorCode): Record<string, string> {
  switch (code) {
    case 'unauthenticated':
      return { 'WWW-Authenticate': 'Bearer' };
    case 'overloaded':
    case 'service_unavailable':
      return { 'Retry-After': RETRY_AFTER_SECONDS };
    default:
      return {};
  }
}

function toDocument(error: ServiceError, request: GatewayRequest): ProblemDocument {
  const { code, message } = error;
  const problems = problemsOf(error);
  return {
    type: `urn:patchbay:problem:${code}`,
    title: titleOf(code),
    status: httpStatus[code],
    detail: message,
    instance: request.originalUrl.split('?')[0] ?? '',
    code,
    traceId: request.span.traceId,
    ...(problems && { problems: [...problems] }),
  };
}

function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Our own failures mark the span; refusals are kept for those who have a key, so that strangers cannot fill the traces. */
function tag({ span, caller }: GatewayRequest, code: ErrorCode): void {
  span.set(ERROR_CODE, code);
  if (isOurFault(code)) span.fail(code);
  else if (caller) span.keep();
}
