import type { ErrorCode } from '#contracts/errors';
import {
  applyDecorators,
  HttpCode,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { map } from 'rxjs';
import type { DocumentName } from '../documents.js';
import { httpStatus, success } from '../http-status.js';
import { reference } from '../openapi-schema.js';
import { entityTag, isKnown } from './preconditions.js';

interface EndpointOptions<Reply> {
  readonly summary: string;
  readonly description?: string;
  /** The reply's document; absent when there is nothing to reply. */
  readonly reply?: DocumentName;
  /** Where what was created can be found; makes the reply 201. */
  readonly location?: (reply: Reply) => string;
  /** The number the reply's `ETag` is made of. */
  readonly etag?: (reply: Reply) => number;
  /** What it is refused for, besides what any request can be. */
  readonly refusals?: readonly ErrorCode[];
}

/** What any request can be refused for. */
const always: readonly ErrorCode[] = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'overloaded',
  'service_unavailable',
  'deadline_exceeded',
  'reply_too_large',
  'internal',
];

type Method<Reply> = (
  target: object,
  key: string | symbol,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a handler's parameters are its own affair
  descriptor: TypedPropertyDescriptor<(...parameters: any[]) => Promise<Reply>>,
) => void;

/** What a route answers: its status, its headers, and what the OpenAPI document says of it. */
export function Endpoint<Reply = unknown>(options: EndpointOptions<Reply>): Method<Reply> {
  const { summary, description, reply, location, etag, refusals = [] } = options;
  const status = location ? success.created : reply ? success.ok : success.nothing;
  const headers = {
    ...(etag && { ETag: { description: 'For `If-Match` and `If-None-Match`', schema: { type: 'string' } } }),
    ...(location && { Location: { description: 'Where it is', schema: { type: 'string' } } }),
  };
  return applyDecorators(
    HttpCode(status),
    UseInterceptors(new ReplyHeaders(options)),
    ApiOperation({ summary, ...(description && { description }) }),
    ApiBearerAuth(),
    ApiResponse({ status, description: summary, headers, ...(reply && { schema: reference(reply) }) }),
    ...problemResponses([...always, ...refusals]),
  );
}

/** One response for each status, naming its codes. */
function problemResponses(codes: readonly ErrorCode[]): MethodDecorator[] {
  const statuses = new Set(codes.map((code) => httpStatus[code]));
  return [...statuses].map((status) => {
    const named = codes.filter((code) => httpStatus[code] === status).map((code) => `\`${code}\``);
    const content = { 'application/problem+json': { schema: reference('Problem') } };
    return ApiResponse({ status, description: named.join(', '), content });
  });
}

/** Says where and what the reply is; who has it already is spared the reply itself. */
class ReplyHeaders<Reply> implements NestInterceptor<Reply, Reply | undefined> {
  constructor(private readonly options: Pick<EndpointOptions<Reply>, 'location' | 'etag'>) {}

  intercept(context: ExecutionContext, next: CallHandler<Reply>) {
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(map((reply) => this.describe(reply, request, response)));
  }

  private describe(reply: Reply, request: Request, response: Response): Reply | undefined {
    const { location, etag } = this.options;
    if (location) response.set('Location', location(reply));
    if (!etag) return reply;
    const tag = entityTag(etag(reply));
    response.set('ETag', tag);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || !isKnown(request.headers['if-none-match'], tag)) return reply;
    response.status(success.notModified);
    return undefined;
  }
}
