import { ServiceError } from '#contracts/errors';
import type { Execution, ExecutionErrorCode, ExecutionRecord } from '#contracts/executor.contract';
import type { MissingArgument } from '#toolcall/coerce-arguments';
import type { VariableNotFound } from '#toolcall/response/map-response';
import type { Refusal } from './admit.js';
import { isoOf, type ExecutionRun } from './execution-run.js';

/** What an execution came to. */
export interface Ending {
  readonly status: Execution['status'];
  readonly outcome: string;
  readonly variables?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly say?: Execution['say'];
  readonly error?: Execution['error'];
  readonly missing?: readonly MissingArgument[];
  /** Variables of the tool whose source found nothing in the answer. */
  readonly notFound?: readonly VariableNotFound[] | undefined;
  readonly httpStatus?: number | undefined;
  readonly attempts?: number;
  readonly queueMs?: number;
  readonly upstreamMs?: number;
}

/** Not run: nothing was sent. */
export function refused(refusal: Refusal, outcome: string = refusal.code): Ending {
  const { code, message, hint } = refusal;
  return { status: 'refused', outcome, error: { code, message, retryable: false, hint } };
}

/** Not run: the agent has not this tool, or not any more. @throws whatever else kept the tool from being had */
export function notTheAgents(error: unknown): Ending {
  if (!(error instanceof ServiceError)) throw error;
  const { code, message } = error;
  if (code === 'tool_not_allowed') {
    const hint =
      'You do not have this tool. Do without it, or say that you cannot do this and offer to pass it on.';
    return refused({ code, message, hint });
  }
  if (code === 'binding_outdated') return refused({ code, message, hint: hints.configuration });
  throw error;
}

/** Not run until the model has more, or better, arguments. The message is kept for good: names, and no hints. */
export function inputRequired(missing: readonly MissingArgument[]): Ending {
  const names = missing.map(({ name }) => `\`${name}\``).join(', ');
  const wanted = missing.map(({ name, hint }) => (hint ? `\`${name}\`: ${hint}` : `\`${name}\``)).join('; ');
  const isWrong = missing.some(({ hint }) => hint !== undefined);
  return {
    status: 'input_required',
    outcome: isWrong ? 'arguments_invalid' : 'arguments_missing',
    missing,
    error: {
      code: isWrong ? 'arguments_invalid' : 'arguments_missing',
      message: `Needed: ${names}`,
      retryable: true,
      hint: `Correct what you can, ask the caller for the rest, then try again: ${wanted}`,
    },
  };
}

/** Called off: nothing was sent, or something that changes nothing. */
export function cancelled(): Ending {
  const message = 'It was called off before it had an effect';
  const hint = 'It was called off, nothing has happened. Run it again only if the caller asks for it.';
  return {
    status: 'cancelled',
    outcome: 'cancelled',
    error: { code: 'cancelled', message, retryable: false, hint },
  };
}

/** Not ended yet. */
export const running: Ending = { status: 'running', outcome: 'running' };

/** Not ended yet, and not to be stopped. */
export const alreadySent = {
  code: 'already_sent',
  message: 'The request had been sent already: it goes on, and may take effect',
  retryable: false,
  hint: 'Do not repeat it. Say that it can no longer be stopped, and wait for how it ends.',
} as const;

/** Not ended yet, though it was asked to. */
export const notStoppedYet = {
  code: 'still_running',
  message: 'Whether it could be called off is not known yet',
  retryable: true,
  hint: 'Do not repeat it. Say that you are not sure yet whether it was stopped.',
} as const;

/** Ran, or would have, and did not succeed. */
export function failed(
  status: 'failed' | 'unknown' | 'refused' | 'running',
  outcome: string,
  error: { code: ExecutionErrorCode; message: string; retryable: boolean; hint?: string | undefined },
): Ending {
  return { status, outcome, error };
}

export const hints = {
  unknown:
    'Do not repeat it: it may have taken effect. Say that you could not confirm it, and offer to have it checked.',
  later: 'Say that the system cannot be reached right now, and offer to try again later.',
  account:
    'Say that an account has to be connected before you can do this, and that this cannot be done in this call. Do not try again.',
  configuration: 'Say that you cannot do this right now; somebody has to look at how this tool is set up.',
} as const;

/** Fields that are absent are written out as undefined: JSON leaves them out, and every reply has one shape for V8. */
export function toExecution(run: ExecutionRun, ending: Ending): Execution {
  const { httpStatus, attempts = 0 } = ending;
  return {
    executionId: run.executionId,
    toolKey: run.request.toolKey,
    version: run.version,
    callId: run.request.callId,
    status: ending.status,
    outcome: ending.outcome,
    variables: ending.variables ?? {},
    result: ending.result ?? {},
    say: ending.say,
    error: ending.error,
    missing: ending.missing && [...ending.missing],
    http: attempts > 0 ? { status: httpStatus, attempts } : undefined,
    timing: { totalMs: run.totalMs, queueMs: ending.queueMs ?? 0, upstreamMs: ending.upstreamMs },
    replayed: false,
  };
}

export function toRecord(run: ExecutionRun, ending: Ending, totalMs: number): ExecutionRecord {
  const { toolKey, callId, agentId } = run.request;
  return {
    executionId: run.executionId,
    orgId: run.orgId,
    callId,
    agentId,
    toolKey,
    version: run.version,
    isTest: run.isTest,
    status: ending.status,
    outcome: ending.outcome,
    errorCode: ending.error?.code,
    errorMessage: ending.error?.message,
    method: run.target?.method,
    host: run.target?.host,
    httpStatus: ending.httpStatus,
    attempts: ending.attempts ?? 0,
    startedAt: isoOf(run.startedAt),
    totalMs,
    upstreamMs: ending.upstreamMs,
    missingPaths: missingPaths(ending),
    traceId: run.span.isKept ? run.span.traceId : undefined,
  };
}

/** So many, cut so long: a record stays small whatever a tool maps. */
const MISSING_PATHS = { most: 20, longest: 100 };

/** Which mapped paths found nothing, where something was to be found: an answer of failure has other fields. */
function missingPaths({ status, notFound }: Ending): string[] | undefined {
  if (!notFound || status !== 'succeeded') return undefined;
  return notFound.slice(0, MISSING_PATHS.most).map(({ source }) => source.slice(0, MISSING_PATHS.longest));
}

/** The record as far as it is known at the start: should it stay the last word, in doubt. */
export function toStartRecord(run: ExecutionRun): ExecutionRecord {
  return toRecord(run, { status: 'unknown', outcome: 'interrupted' }, 0);
}

/** A journaled execution that has not ended, as far as its start record knows it. */
export function stillRunning(executionId: string, started: Record<string, unknown>): Execution {
  const { toolKey, version, callId, startedAt } = started as ExecutionRecord;
  return {
    executionId,
    toolKey,
    version,
    ...(callId !== undefined && { callId }),
    status: 'running',
    outcome: 'running',
    variables: {},
    result: {},
    timing: { totalMs: Math.max(0, Date.now() - Date.parse(startedAt)), queueMs: 0 },
    replayed: false,
  };
}

/** The end of an execution whose executor died: it is not known whether anything was sent. */
export function interrupted(executionId: string, started: Record<string, unknown>) {
  const record = started as ExecutionRecord;
  const error = {
    code: 'outcome_unknown' as const,
    message: 'The executor was interrupted; whether the request took effect is not known',
    retryable: false,
    hint: hints.unknown,
  };
  const last = stillRunning(executionId, started);
  const { totalMs } = last.timing;
  const reply: Execution = { ...last, status: 'unknown', outcome: 'interrupted', error };
  const final: ExecutionRecord = {
    ...record,
    status: 'unknown',
    outcome: 'interrupted',
    errorCode: error.code,
    errorMessage: error.message,
    attempts: 0,
    totalMs,
  };
  const { orgId } = record;
  return { executionId, orgId, reply: JSON.stringify(reply), record: JSON.stringify(final) };
}
