import { Refusal, type Answer } from './answer.js';
import { Faults, parseFaultRule } from './faults.js';
import type { ApiRequest } from './request.js';
import type { RequestLog } from './request-log.js';

export const controlPrefix = '/_control';

export interface Controls {
  readonly faults: Faults;
  readonly requests: RequestLog;
  /** Data, faults, recorded requests and remembered answers as at the start. */
  readonly reset: () => void;
}

/** What a test or a demo may do to the API from outside. Neither recorded nor subject to faults. */
export function answerControl({ faults, requests, reset }: Controls, request: ApiRequest): Answer {
  const done: Answer = { status: 204 };
  switch (`${request.method} ${request.path.slice(controlPrefix.length)}`) {
    case 'POST /faults':
      faults.add(parseFaultRule(request.body()));
      return { status: 201, body: { faults: faults.list() } };
    case 'GET /faults':
      return { status: 200, body: { faults: faults.list() } };
    case 'DELETE /faults':
      faults.clear();
      return done;
    case 'GET /requests':
      return { status: 200, body: { requests: requests.list() } };
    case 'DELETE /requests':
      requests.clear();
      return done;
    case 'POST /reset':
      reset();
      return done;
    default:
      throw new Refusal(404, 'There is no such control.');
  }
}
