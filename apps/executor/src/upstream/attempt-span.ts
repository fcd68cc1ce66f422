import { EGRESS_DETAIL } from '#telemetry/attributes';
import { callAttributes } from '#telemetry/call-context';
import type { ToolTarget } from '#toolcall/compile-tool';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import { SpanKind } from '@opentelemetry/api';
import type { ExecutionRun } from '../execution/execution-run.js';
import type { UpstreamResult } from './upstream.caller.js';

/**
 * The span of one HTTP attempt, made by hand: automatic instrumentation would put the URL, keys and all, into the
 * trace, and the trace's headers into the request. No path, no query, no header, no body.
 */
export function startAttempt(run: ExecutionRun, { method, hostname, port }: ToolTarget) {
  const span = run.span.child(`${method} ${hostname}`, SpanKind.CLIENT, {
    ...callAttributes(run.tags),
    [ATTR_HTTP_REQUEST_METHOD]: method,
    [ATTR_SERVER_ADDRESS]: hostname,
    [ATTR_SERVER_PORT]: port,
  });
  return {
    end(result: UpstreamResult): void {
      if (result.kind === 'response') {
        span.set(ATTR_HTTP_RESPONSE_STATUS_CODE, result.status);
        if (result.status >= 500) span.fail(String(result.status));
        else if (result.status >= 400) span.keep();
      } else {
        const reason = result.kind === 'failure' ? result.reason : result.kind;
        span.set(ATTR_ERROR_TYPE, reason);
        if (result.kind === 'failure') span.set(EGRESS_DETAIL, result.detail);
        span.fail(reason);
      }
      span.end();
    },
  };
}
