import { FrugalSpan } from '#telemetry/frugal-span';
import { context, propagation, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import type { NextFunction, Request, Response } from 'express';
import type { GatewayRequest } from './gateway-request.js';
import { requestSeconds, requestsTotal } from './gateway.metrics.js';
import type { RouteTemplates } from './route-templates.js';

/**
 * Gives every request its span, which continues the client's trace, and counts it. Nothing of its query, headers or
 * body is recorded.
 */
export function observeRequests(routes: RouteTemplates) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const { method } = request;
    const startedAt = performance.now();
    const route = routes.of(method, request.path);
    // The client's trace is continued; its baggage is not, or it could tag our spans as another organization's.
    const parent = propagation.deleteBaggage(propagation.extract(ROOT_CONTEXT, request.headers));
    const span = FrugalSpan.start(route ? `${method} ${route}` : method, SpanKind.SERVER, parent, {
      'http.request.method': method,
      ...(route && { 'http.route': route }),
    });
    (request as GatewayRequest).span = span;

    response.once('close', () => {
      const isAnswered = response.writableFinished;
      if (isAnswered) span.set('http.response.status_code', response.statusCode);
      span.end();
      const labels = { route: route ?? 'none', method };
      const status = isAnswered ? `${Math.floor(response.statusCode / 100)}xx` : 'aborted';
      requestsTotal.inc({ ...labels, status });
      requestSeconds.observe(labels, (performance.now() - startedAt) / 1000);
    });
    context.with(span.context, next);
  };
}
