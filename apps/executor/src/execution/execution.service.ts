import { ServiceError } from '#contracts/errors';
import type { Execution } from '#contracts/executor.contract';
import type { EgressResponse } from '#egress/egress-result';
import { OUTCOME, STATUS } from '#telemetry/attributes';
import type { Prepared } from '#toolcall/compile-tool';
import { correlationHeaderNames } from '#toolcall/header-names';
import { Inject, Injectable } from '@nestjs/common';
import { notAllowed, notPrepared } from '../call-state/call-endings.js';
import { CallValues } from '../call-state/call-values.service.js';
import { ExecutorConfig } from '../config.js';
import { applyCredential } from '../credentials/apply-credential.js';
import {
  CredentialCache,
  type CredentialRequest,
  type OpenCredential,
} from '../credentials/credential.cache.js';
import { noteExecution } from '../executor.metrics.js';
import { JournalService } from '../journal/journal.service.js';
import type { StoredExecution } from '../journal/journal.queries.js';
import { settleBy } from '../settle-by.js';
import { ToolCache, type RunnableTool } from '../tools/tool.cache.js';
import { startAttempt } from '../upstream/attempt-span.js';
import { UpstreamCaller, type UpstreamResult } from '../upstream/upstream.caller.js';
import { toWire, type WireRequest } from '../upstream/wire-request.js';
import { admit } from './admit.js';
import {
  cancelled,
  failed,
  hints,
  inputRequired,
  notTheAgents,
  refused,
  toExecution,
  toRecord,
  toStartRecord,
  type Ending,
} from './ending.js';
import { shownRequest, shownResponse, warningsOf } from './exchange.js';
import type { ExecutionRun } from './execution-run.js';
import { idempotencyOf } from './idempotency.js';
import { interpretFailure, interpretResponse, type Interpretation } from './interpret.js';
import { tokenRefused } from './token-refused.js';

type Ready = Extract<Prepared, { ok: true }>;

/** A request with its credential in it, about to go. */
interface Outbound {
  readonly wire: WireRequest;
  readonly credential: OpenCredential | undefined;
}

/** Or why it cannot go. */
type Readied = Outbound | Ending;

/** Longer than any execution may take: whoever holds a lease that ran out is dead. */
const LEASE_SLACK_MS = 10_000;
/** How long past the deadline a reply may wait for its end to be committed. */
const COMMIT_GRACE_MS = 40;

/** One execution, start to finish, in the order of the blueprint. */
@Injectable()
export class ExecutionService {
  private readonly correlation: ReturnType<typeof correlationHeaderNames>;

  constructor(
    private readonly tools: ToolCache,
    private readonly credentials: CredentialCache,
    private readonly upstream: UpstreamCaller,
    private readonly journal: JournalService,
    private readonly callValues: CallValues,
    @Inject(ExecutorConfig) config: ExecutorConfig,
  ) {
    this.correlation = correlationHeaderNames(config.CORRELATION_HEADER_PREFIX);
  }

  /** @throws ServiceError when Patchbay could not do its work; whatever the API did is a reply */
  async execute(run: ExecutionRun, version?: number | 'draft'): Promise<Execution> {
    const { agentId, environment } = run.request;
    const resolving = this.tools.get(
      { ...run.tags, version, environment, agentId },
      run.deadline,
      run.span.context,
    );
    const tool = resolving instanceof Promise ? await resolving.catch(notTheAgents) : resolving;
    if (!('compiled' in tool)) return this.end(run, tool);
    run.resolved(tool);
    const { compiled } = tool;

    const refusal = admit(compiled.definition);
    if (refusal) return this.end(run, refused(refusal));
    let { frame } = run;
    const coerced = compiled.coerce(run.request.arguments ?? {}, frame);
    if (!coerced.ok) return this.end(run, inputRequired(coerced.missing));
    if (compiled.callVariables.length > 0) {
      const unreadable = await this.callValues.read(run, compiled);
      if (unreadable) return this.end(run, unreadable);
      ({ frame } = run);
    }
    const wrong = compiled.notAllowed?.(coerced.arguments, run.callVariables ?? {});
    if (wrong) return this.end(run, notAllowed(wrong, run.request.callId));
    const prepared = compiled.prepare(frame, coerced.arguments);
    if (!prepared.ok) return this.end(run, notPrepared(prepared, run.request.callId));

    run.target = compiled.target;
    if (compiled.writes) return this.executeOnce(run, tool, prepared, coerced.arguments);
    const readying = this.makeReady(run, tool, prepared);
    const ready = readying instanceof Promise ? await unlessCancelled(run, readying) : readying;
    const ending = 'wire' in ready ? await this.send(run, tool, prepared, ready) : ready;
    const keeping = this.callValues.keep(run, ending);
    if (keeping) await keeping;
    return this.end(run, ending);
  }

  /** A write: claimed and recorded before its first byte leaves, ended durably before the reply. */
  private async executeOnce(
    run: ExecutionRun,
    tool: RunnableTool,
    prepared: Ready,
    coerced: Readonly<Record<string, unknown>>,
  ): Promise<Execution> {
    const { executionId, orgId, deadline } = run;
    const { key, fingerprint } = idempotencyOf(run.request, run.version, coerced, executionId);
    const claiming = this.journal.claim(
      {
        executionId,
        orgId,
        idempotencyKey: run.isTest ? `test:${executionId}` : key,
        fingerprint,
        record: JSON.stringify(toStartRecord(run)),
        leaseMs: deadline.remainingMs() + LEASE_SLACK_MS,
      },
      deadline,
    );
    const readying = this.makeReady(run, tool, prepared);
    const twin = await claiming;
    if (twin) return this.joinTwin(run, twin, key, fingerprint);
    const ready = readying instanceof Promise ? await unlessCancelled(run, readying) : readying;

    const ending = 'wire' in ready ? await this.send(run, tool, prepared, ready) : ready;
    const keeping = this.callValues.keep(run, ending);
    const execution = await this.endDurably(run, ending);
    if (keeping) await keeping;
    return execution;
  }

  /** Checks the destination and opens the credential. Never throws; waits only when the vault has to be asked. */
  private makeReady(run: ExecutionRun, tool: RunnableTool, prepared: Ready): Readied | Promise<Readied> {
    const { origin } = prepared.request;
    const message = this.upstream.refusal(origin);
    if (message) return refused({ code: 'destination_refused', message, hint: hints.configuration });
    const wanted = wantedCredential(run, tool, prepared);
    if (!wanted) return this.outbound(run, prepared, undefined);
    const opened = this.credentials.get(wanted, run.deadline, run.span.context);
    if (!(opened instanceof Promise)) return this.outbound(run, prepared, opened);
    return opened.then((credential) => this.outbound(run, prepared, credential), credentialFailure);
  }

  /** Adds the correlation headers and puts the credential in. */
  private outbound(run: ExecutionRun, { request }: Ready, credential: OpenCredential | undefined): Readied {
    const extra = this.correlationHeaders(run);
    if (run.isTest) run.exchange = { request: shownRequest(request, credential, extra) };
    const applied = applyCredential(request, credential?.placements ?? []);
    if (!applied.ok) return credentialFailure(new ServiceError('invalid_request', applied.message));
    return { wire: toWire(applied.request, extra), credential };
  }

  /** Once; or twice, when the API does not take the access token and there is a newer one. */
  private async send(
    run: ExecutionRun,
    tool: RunnableTool,
    prepared: Ready,
    outbound: Outbound,
  ): Promise<Ending> {
    const interpretation = interpretationOf(tool, prepared, outbound);
    const result = await this.attempt(run, tool, prepared, outbound);
    if (!('kind' in result)) return result;
    const token = outbound.credential?.token;
    if (!token || !tokenRefused(result, token, interpretation)) {
      return this.toEnding(run, result, interpretation);
    }
    const renewed = await this.renew(run, tool, prepared, token.version);
    if (!renewed) return this.toEnding(run, result, interpretation);
    const again = await this.attempt(run, tool, prepared, renewed);
    if (!('kind' in again)) return this.toEnding(run, result, interpretation); // no time for it
    const ending = this.toEnding(run, again, interpretationOf(tool, prepared, renewed));
    return { ...ending, attempts: (ending.attempts ?? 0) + 1 };
  }

  /** The request with a newer access token; undefined when there is none to be had in time. */
  private async renew(
    run: ExecutionRun,
    tool: RunnableTool,
    prepared: Ready,
    refusedToken: number,
  ): Promise<Outbound | undefined> {
    const wanted = wantedCredential(run, tool, prepared);
    if (!wanted) return undefined;
    try {
      const opened = await this.credentials.renew(wanted, refusedToken, run.deadline, run.span.context);
      if (opened.token?.version === refusedToken) return undefined;
      const readied = this.outbound(run, prepared, opened);
      return 'wire' in readied ? readied : undefined;
    } catch {
      return undefined; // what the API said first is the answer
    }
  }

  /** One attempt, or why there is none. */
  private async attempt(
    run: ExecutionRun,
    { compiled }: RunnableTool,
    { request: { origin } }: Ready,
    { wire, credential }: Outbound,
  ): Promise<UpstreamResult | Ending> {
    if (run.cancellation.isCancelled) return cancelled();
    const timeoutMs = Math.min(compiled.timeoutMs, run.deadline.remainingMs());
    if (timeoutMs < 1) return noTimeLeft();

    const moment = { now: new Date(), executionId: run.executionId };
    const signing = credential?.signer?.sign(wire, moment);
    const request = signing instanceof Promise ? await signing : (signing ?? wire);
    const attempt = startAttempt(run, compiled.target);
    const result = await this.upstream.call({
      orgId: run.orgId,
      origin,
      request,
      clientCertificate: credential?.clientCertificate,
      timeoutMs,
      maxBytes: compiled.maxResponseBytes,
      cancellation: run.cancellation,
    });
    attempt.end(result);
    return result;
  }

  private toEnding(run: ExecutionRun, result: UpstreamResult, interpretation: Interpretation): Ending {
    switch (result.kind) {
      case 'response':
        return this.interpreted(run, result, interpretation);
      case 'failure':
        return interpretFailure(result, interpretation);
      case 'breaker_open': {
        const text = 'This API has been failing; requests are held back for a few seconds';
        const error = { code: 'breaker_open' as const, message: text, retryable: true, hint: hints.later };
        return failed('refused', 'breaker_open', error);
      }
    }
  }

  private interpreted(run: ExecutionRun, response: EgressResponse, interpretation: Interpretation): Ending {
    const ending = interpretResponse(response, interpretation);
    if (run.exchange) {
      run.exchange.response = shownResponse(response, interpretation.scrubber);
      if (ending.notFound) run.exchange.warnings = warningsOf(ending.notFound);
    }
    return ending;
  }

  /** Somebody has the idempotency key: what they got is the answer, or will be. */
  private async joinTwin(
    run: ExecutionRun,
    twin: StoredExecution,
    key: string,
    fingerprint: string,
  ): Promise<Execution> {
    if (twin.fingerprint !== fingerprint) {
      const message = 'This idempotency key was used for another tool or other arguments';
      const hint = 'Use a new idempotency key for a new request.';
      return this.end(run, refused({ code: 'idempotency_conflict', message, hint }));
    }
    const ended = twin.state === 'finished' ? twin : await this.journal.join(run.orgId, key, run.deadline);
    if (ended?.state === 'finished') return { ...(ended.reply as Execution), replayed: true };
    const message = 'The same request is under way and has not ended yet';
    const error = { code: 'still_running' as const, message, retryable: true, hint: hints.unknown };
    return {
      ...toExecution(run, failed('running', 'running', error)),
      executionId: twin.executionId,
      replayed: true,
    };
  }

  private end(run: ExecutionRun, ending: Ending): Execution {
    const execution = this.close(run, ending);
    this.journal.record(toRecord(run, ending, execution.timing.totalMs));
    return execution;
  }

  /** Commits the end before it is told. Not committed in time, it is told as unknown, and committed when it can be. */
  private async endDurably(run: ExecutionRun, ending: Ending): Promise<Execution> {
    const execution = this.close(run, ending);
    const finished = this.journal.finish(execution, toRecord(run, ending, execution.timing.totalMs));
    const committed = await settleBy(
      finished.then(() => true),
      run.deadline.remainingMs() + COMMIT_GRACE_MS,
      () => false,
    );
    if (committed) return execution;
    finished.catch(() => undefined); // its lease runs out, and a reaper ends it
    const message = 'It was carried out, but its end could not be recorded in time';
    const error = { code: 'outcome_unknown' as const, message, retryable: false, hint: hints.unknown };
    return toExecution(run, failed('unknown', 'not_recorded', error));
  }

  private close(run: ExecutionRun, ending: Ending): Execution {
    run.span.set(STATUS, ending.status);
    run.span.set(OUTCOME, ending.outcome);
    if (ending.status !== 'succeeded') run.span.keep();
    const execution = toExecution(run, ending);
    noteExecution(ending.status, ending.error?.code, execution.timing.totalMs);
    return execution;
  }

  /** Three headers tie a live request to its call; a test has none of them. */
  private correlationHeaders({ isTest, orgId, request }: ExecutionRun): (readonly [string, string])[] {
    if (isTest) return [];
    const { callId, toolKey } = request;
    const names = this.correlation;
    return [
      ...(callId === undefined ? [] : [[names.callId, callId] as const]),
      [names.orgId, orgId],
      [names.toolKey, toolKey],
    ];
  }
}

function interpretationOf(
  { compiled }: RunnableTool,
  { scope }: Ready,
  { credential }: Outbound,
): Interpretation {
  return { tool: compiled, scope, scrubber: credential?.scrubber };
}

function wantedCredential(
  { tags, executionId }: ExecutionRun,
  { compiled }: RunnableTool,
  { request: { origin } }: Ready,
): CredentialRequest | undefined {
  const { credentialId } = compiled.definition.request;
  return credentialId === undefined ? undefined : { ...tags, executionId, credentialId, origin };
}

/** What is waited for before anything is sent, or that it is no longer wanted. */
function unlessCancelled(run: ExecutionRun, readying: Promise<Readied>): Promise<Readied> {
  return Promise.race([readying, run.cancellation.whenCancelled().then(cancelled)]);
}

function credentialFailure(error: unknown): Ending {
  const { code, message } = error instanceof ServiceError ? error : { code: 'internal', message: 'failed' };
  const isOutage = code === 'service_unavailable' || code === 'deadline_exceeded' || code === 'overloaded';
  if (code === 'credential_origin_mismatch') {
    return failed('failed', code, { code, message, retryable: false, hint: hints.configuration });
  }
  return failed('failed', 'credential_unavailable', {
    code: 'credential_unavailable',
    message: isOutage
      ? 'The credential cannot be opened right now'
      : `The credential cannot be used: ${message}`,
    retryable: isOutage,
    hint: isOutage ? hints.later : hints.configuration,
  });
}

function noTimeLeft(): Ending {
  const message = 'The deadline passed before the request could be sent';
  return failed('failed', 'timeout', {
    code: 'upstream_timeout',
    message,
    retryable: true,
    hint: hints.later,
  });
}
