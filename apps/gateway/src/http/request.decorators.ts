import { ServiceError, type ErrorCode } from '#contracts/errors';
import { Validator } from '#contracts/validate';
import {
  Body,
  createParamDecorator,
  Param,
  Query,
  SetMetadata,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { ApiBody, ApiHeader, ApiParam, ApiQuery } from '@nestjs/swagger';
import type { TObject, TSchema } from 'typebox';
import { documents, type DocumentName } from '../documents.js';
import { asOpenApi, reference } from '../openapi-schema.js';
import { coerceQuery } from './coerce-query.js';
import type { GatewayRequest } from './gateway-request.js';
import { numberFromIfMatch } from './preconditions.js';

/** Set on a route that takes query parameters. */
export const TAKES_QUERY = Symbol('takes query');

/** The body, of the named document's form. `showValues: false` where it holds secrets: no refusal quotes it. */
export function BodyAs(name: DocumentName, settings: { showValues?: boolean } = {}): ParameterDecorator {
  const validator: Validator<TSchema> = new Validator(documents[name], settings);
  return documented(
    Body(pipe((body = {}) => (validator.assert(body), body))),
    ApiBody({ schema: reference(name), required: true }),
  );
}

/** The query parameters, of the schema's form; any other is refused. */
export function QueryAs(schema: TObject): ParameterDecorator {
  const validator: Validator<TObject> = new Validator(schema);
  const parameters = Object.entries(schema.properties as Record<string, TSchema>).map(([name, one]) =>
    ApiQuery({ name, schema: asOpenApi(one), required: false }),
  );
  const check = (query: unknown) => {
    const coerced = coerceQuery(schema, query as object);
    validator.assert(coerced);
    return coerced;
  };
  return documented(Query(pipe(check)), SetMetadata(TAKES_QUERY, true), ...parameters);
}

/** A path parameter. What does not have the schema's form names nothing, and is answered with `notFound`. */
export function PathParam(name: string, schema: TSchema, notFound: ErrorCode): ParameterDecorator {
  const validator: Validator<TSchema> = new Validator(schema);
  const isInteger = (schema as { type?: string }).type === 'integer';
  const check = (text: unknown) => {
    const value = isInteger && /^[0-9]{1,9}$/.test(String(text)) ? Number(text) : text;
    if (validator.matches(value)) return value;
    throw new ServiceError(notFound, `Nothing has the ${name} in this path`);
  };
  return documented(Param(name, pipe(check)), ApiParam({ name, schema: asOpenApi(schema) }));
}

/** The revision or version that `If-Match` insists on. */
export function IfMatch(): ParameterDecorator {
  return documented(
    headerParam('if-match', numberFromIfMatch)(),
    ApiHeader({
      name: 'If-Match',
      description:
        'An `ETag` of an earlier reply: the change is refused when it is no longer the current one.',
    }),
  );
}

/** The `Idempotency-Key` header. */
export function IdempotencyKey(): ParameterDecorator {
  return documented(
    headerParam('idempotency-key', (header) => header)(),
    ApiHeader({
      name: 'Idempotency-Key',
      description: 'Stands for `idempotencyKey` where the body has none.',
    }),
  );
}

/** Who asks. */
export const CallerOf = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { caller } = context.switchToHttp().getRequest<GatewayRequest>();
  if (!caller) throw new ServiceError('unauthenticated', 'No caller is known');
  return caller;
});

function headerParam(name: string, read: (header: string | undefined) => unknown) {
  return createParamDecorator((_: unknown, context: ExecutionContext) => {
    const header = context.switchToHttp().getRequest<GatewayRequest>().headers[name];
    return read(Array.isArray(header) ? header.join(', ') : header);
  });
}

function pipe(transform: (value: unknown) => unknown): PipeTransform {
  return { transform };
}

/** The parameter decorator, and method decorators that say the same in the OpenAPI document. */
function documented(parameter: ParameterDecorator, ...method: MethodDecorator[]): ParameterDecorator {
  return (target, key, index) => {
    parameter(target, key, index);
    const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
    if (key === undefined || !descriptor) return;
    for (const decorate of method) decorate(target, key, descriptor);
  };
}
