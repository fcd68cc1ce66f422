import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiQuery, ApiResponse } from '@nestjs/swagger';
import { httpStatus, success } from '../http-status.js';
import { TAKES_QUERY } from '../http/request.decorators.js';

interface PageOptions {
  readonly summary: string;
  readonly path?: readonly string[];
  /** What is read of the query; servers add what they like. */
  readonly query?: readonly string[];
  /** Whether it sends the browser elsewhere when all is well. */
  readonly redirects?: boolean;
}

const text = { type: 'string' } as const;
const page = { 'text/html': { schema: text } };

/** What the OpenAPI document says of a route that browsers come by. */
export function PageFor({ summary, path = [], query = [], redirects = false }: PageOptions): MethodDecorator {
  const done = redirects
    ? { status: success.found, description: summary }
    : { status: success.ok, description: summary, content: page };
  const refusals = [httpStatus.invalid_request, httpStatus.not_found, httpStatus.service_unavailable];
  return applyDecorators(
    ApiOperation({ summary, description: 'For browsers: without an API key, and answered with pages.' }),
    ...path.map((name) => ApiParam({ name, schema: text })),
    ...query.map((name) => ApiQuery({ name, schema: text, required: false })),
    SetMetadata(TAKES_QUERY, true),
    ApiResponse(done),
    ...refusals.map((status) => ApiResponse({ status, description: 'Says why not', content: page })),
  );
}
