import type { FrugalSpan } from '#telemetry/frugal-span';
import type { Request } from 'express';
import type { Caller } from '../auth/caller.js';

/** An HTTP request on its way through the gateway. */
export interface GatewayRequest extends Request {
  /** Begun before anything else looks at the request. */
  span: FrugalSpan;
  /** Set once the API key was recognized. */
  caller?: Caller;
}
