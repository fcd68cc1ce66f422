import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { mayLoseDigits, parseExactly } from '#toolcall/exact-json';
import type { NextFunction, Request, Response } from 'express';

/** The largest body, bytes, after decompression. */
export const MAX_BODY_BYTES = 262_144;
/** The largest body of an import: a document of a megabyte, and room for what JSON has to escape in it. */
export const MAX_IMPORT_BYTES = 2_097_152;
/** Deeper documents are no tool's, and would exhaust the stack of whoever writes them out again. */
const MAX_DEPTH = 64;

/** Refuses a body that is not declared to be JSON, before anything reads it. */
export function requireJson(request: Request, _response: Response, next: NextFunction): void {
  const isEmpty = request.headers['content-length'] === '0';
  const isOtherType = !isEmpty && request.is('application/json') === false; // null: there is no body
  next(
    isOtherType ? new ServiceError('invalid_request', 'Content-Type must be application/json') : undefined,
  );
}

/** Whether the body may have {@link MAX_IMPORT_BYTES}. */
export function isImport({ url }: { url?: string | undefined }): boolean {
  return url?.split('?')[0] === '/v1/tools/import';
}

/** Texts of the bodies under way in which `JSON.parse` may change an integer. */
const textsToReadAgain = new WeakMap<object, string>();

/** Sees a body before it is read; the body parser's `verify`. */
export function noteLargeIntegers(request: object, _response: unknown, body: Buffer): void {
  const text = body.toString();
  if (mayLoseDigits(text)) textsToReadAgain.set(request, text);
}

/** An id of 20 digits in what a model or a call says stays itself on its way to the executor. */
export function keepLargeIntegers(request: Request, _response: Response, next: NextFunction): void {
  const text = textsToReadAgain.get(request);
  const body = request.body as unknown;
  if (text !== undefined && isContainer(body)) {
    const exact = parseExactly(text) as Record<string, unknown>;
    for (const field of ['arguments', 'context']) {
      if (Object.hasOwn(body, field)) Object.assign(body, { [field]: exact[field] });
    }
  }
  next();
}

export function refuseDeepNesting(request: Request, _response: Response, next: NextFunction): void {
  next(
    isDeeperThan(request.body, MAX_DEPTH)
      ? invalidRequest([
          {
            pointer: '',
            code: 'out_of_range',
            message: `must not be nested deeper than ${MAX_DEPTH} levels`,
          },
        ])
      : undefined,
  );
}

/** Whether objects and arrays stand in each other more than so many times. Looks level by level, without recursion. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === levels) return true;
    level = level.flatMap((one) => Object.values(one).filter(isContainer));
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
