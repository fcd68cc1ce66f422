import {
  endCall,
  getCall,
  updateCall,
  type CallState,
  type EndCall,
  type GetCall,
  type UpdateCall,
} from '#contracts/call.contract';
import type { Done } from '#contracts/common.contract';
import { invalidRequest } from '#contracts/validate';
import { Handles, RpcController } from '#messaging/handles.decorator';
import type { RpcContext } from '#messaging/rpc-context';
import { callVariableProblem } from '#toolcall/check-call-variables';
import { pointerToken, problem } from '#toolcall/problem';
import { CallStateService, MAX_STATE_BYTES } from './call-state.service.js';

const DEFAULT_DEADLINE_MS = 2000;

@RpcController()
export class CallsController {
  constructor(private readonly calls: CallStateService) {}

  @Handles(getCall)
  get({ callId }: GetCall, { orgId, deadline }: RpcContext): Promise<CallState> {
    return this.calls.get({ orgId, callId }, deadline.atMost(DEFAULT_DEADLINE_MS));
  }

  @Handles(updateCall)
  update({ callId, variables }: UpdateCall, { orgId, deadline }: RpcContext): Promise<CallState> {
    checkVariables(variables);
    return this.calls.merge({ orgId, callId }, variables, deadline.atMost(DEFAULT_DEADLINE_MS));
  }

  @Handles(endCall)
  async end({ callId }: EndCall, { orgId, deadline }: RpcContext): Promise<Done> {
    await this.calls.end({ orgId, callId }, deadline.atMost(DEFAULT_DEADLINE_MS));
    return { done: true };
  }
}

/** @throws ServiceError `invalid_request` for names no variable may have, and for more than a call can keep */
function checkVariables(variables: Readonly<Record<string, unknown>>): void {
  const problems = Object.keys(variables).flatMap((name) => {
    const message = callVariableProblem(name);
    return message === undefined ? [] : [problem(`/variables/${pointerToken(name)}`, 'not_allowed', message)];
  });
  if (Buffer.byteLength(JSON.stringify(variables)) > MAX_STATE_BYTES) {
    const message = `may take ${MAX_STATE_BYTES} bytes as JSON`;
    problems.push(problem('/variables', 'too_large', message));
  }
  if (problems.length > 0) throw invalidRequest(problems);
}
