import {
  awaitExecution,
  cancelExecution,
  inquireExecution,
  lookUpExecution,
  type Execution,
  type ExecutionInquiry,
  type ExecutionReference,
} from '#contracts/executor.contract';
import type { Deadline } from '#messaging/deadline';
import { Answers, Handles, RpcController } from '#messaging/handles.decorator';
import type { RpcContext } from '#messaging/rpc-context';
import { LookupService } from './lookup.service.js';

const DEFAULT_DEADLINE_MS = 10_000;
/** For the way back: whoever asked should have the answer when the bus stops waiting for it. */
const WAY_BACK_MS = 20;

@RpcController()
export class LookupController {
  constructor(private readonly lookups: LookupService) {}

  @Handles(lookUpExecution)
  get(request: ExecutionReference, context: RpcContext): Promise<Execution> {
    return this.lookups.get(soughtBy(request, context), patience(request, context));
  }

  @Handles(awaitExecution)
  wait(request: ExecutionReference, context: RpcContext): Promise<Execution> {
    return this.lookups.wait(soughtBy(request, context), patience(request, context));
  }

  @Handles(cancelExecution)
  cancel(request: ExecutionReference, context: RpcContext): Promise<Execution> {
    return this.lookups.cancel(soughtBy(request, context), patience(request, context));
  }

  @Answers(inquireExecution)
  answer(inquiry: ExecutionInquiry): Promise<Execution | undefined> {
    return this.lookups.answer(inquiry);
  }
}

function soughtBy({ executionId }: ExecutionReference, { orgId }: RpcContext) {
  return { orgId, executionId };
}

function patience({ deadlineMs = DEFAULT_DEADLINE_MS }: ExecutionReference, context: RpcContext): Deadline {
  return context.deadline.atMost(Math.min(deadlineMs, context.deadline.remainingMs() - WAY_BACK_MS));
}
