import { ServiceError } from '#contracts/errors';
import type { EgressResponse } from '#egress/egress-result';
import type { Prepared } from '#toolcall/compile-tool';
import { correlationHeaderNames } from '#toolcall/header-names';
import type { RenderFaults } from '#toolcall/render-template';
import type { Scrubber } from '#toolcall/scrub';
import { Inject, Injectable } from '@nestjs/common';
import { ExecutorConfig } from '../config.js';
import { applyCredential } from '../credentials/apply-credential.js';
import {
  CredentialCache,
  type CredentialRequest,
  type OpenCredential,
} from '../credentials/credential.cache.js';
import { endUserOf } from '../credentials/end-user-of.js';
import { SecretCache, type OpenSecrets, type SecretsRequest } from '../credentials/secret.cache.js';
import type { RunnableTool } from '../tools/tool.cache.js';
import { startAttempt } from '../upstream/attempt-span.js';
import { UpstreamCaller, type UpstreamResult } from '../upstream/upstream.caller.js';
import { toWire, type WireRequest } from '../upstream/wire-request.js';
import { cancelled, failed, hints, refused, type Ending } from './ending.js';
import { shownRequest, shownResponse, warningsOf } from './exchange.js';
import type { ExecutionRun } from './execution-run.js';
import { interpretFailure, interpretResponse, type Interpretation } from './interpret.js';
import { tokenRefused } from './token-refused.js';

export type Ready = Extract<Prepared, { ok: true }>;

/** What the vault has opened for one execution. */
interface Opened {
  readonly credential: OpenCredential | undefined;
  readonly secrets: OpenSecrets | undefined;
}

/** A request with its secrets in it, about to go. */
export interface Outbound {
  readonly wire: WireRequest;
  readonly opened: Opened;
  /** Takes every secret that was sent out of what comes back. */
  readonly scrubber: Scrubber | undefined;
}

/** Or why it cannot go. */
export type Readied = Outbound | Ending;

/** From a rendered request to what its answer means: credential, destination, signature, one attempt or two. */
@Injectable()
export class RequestSender {
  private readonly correlation: ReturnType<typeof correlationHeaderNames>;

  constructor(
    private readonly credentials: CredentialCache,
    private readonly secrets: SecretCache,
    private readonly upstream: UpstreamCaller,
    @Inject(ExecutorConfig) config: ExecutorConfig,
  ) {
    this.correlation = correlationHeaderNames(config.CORRELATION_HEADER_PREFIX);
  }

  /** Checks the destination and opens what goes in. Never throws; waits only when the vault has to be asked. */
  makeReady(run: ExecutionRun, tool: RunnableTool, prepared: Ready): Readied | Promise<Readied> {
    const { origin } = prepared.request;
    const message = this.upstream.refusal(run.orgId, origin);
    if (message) return refused({ code: 'destination_refused', message, hint: hints.configuration });
    const wanted = wantedCredential(run, tool, prepared);
    const credential = wanted && this.credentials.get(wanted, run.deadline, run.span.context);
    const named = wantedSecrets(run, tool, prepared);
    const secrets = named && this.secrets.get(named, run.deadline, run.span.context);
    if (!(credential instanceof Promise) && !(secrets instanceof Promise)) {
      return this.outbound(run, tool, prepared, { credential, secrets });
    }
    return Promise.all([credential, secrets]).then(
      ([credential, secrets]) => this.outbound(run, tool, prepared, { credential, secrets }),
      credentialFailure,
    );
  }

  /** Adds the correlation headers and puts the secrets in. */
  private outbound(
    run: ExecutionRun,
    { compiled }: RunnableTool,
    { request, scope }: Ready,
    opened: Opened,
  ): Readied {
    const { credential, secrets } = opened;
    const extra = this.correlationHeaders(run);
    if (run.isTest) run.exchange = { request: shownRequest(request, compiled.secrets, credential, extra) };
    const written = secrets ? compiled.writeSecrets(scope, secrets.values) : undefined;
    if (written && !written.ok) return credentialFailure(misplaced(written.faults));
    const applied = applyCredential(written?.request ?? request, credential?.placements ?? []);
    if (!applied.ok) return credentialFailure(new ServiceError('invalid_request', applied.message));
    return { wire: toWire(applied.request, extra), opened, scrubber: scrubberOf(opened) };
  }

  /** Once; or twice, when the API does not take the access token and there is a newer one. */
  async send(run: ExecutionRun, tool: RunnableTool, prepared: Ready, outbound: Outbound): Promise<Ending> {
    const interpretation = interpretationOf(tool, prepared, outbound);
    const result = await this.attempt(run, tool, prepared, outbound);
    if (!('kind' in result)) return result;
    const { token } = outbound.opened.credential ?? {};
    if (!token || !tokenRefused(result, token, interpretation)) {
      return this.toEnding(run, result, interpretation);
    }
    const renewed = await this.renew(run, tool, prepared, outbound, token.version);
    if (!renewed) return this.toEnding(run, result, interpretation);
    const again = await this.attempt(run, tool, prepared, renewed);
    if (!('kind' in again)) return this.toEnding(run, result, interpretation); // no time for it
    const ending = this.toEnding(
      run,
      again,
      afterBoth(interpretation, interpretationOf(tool, prepared, renewed)),
    );
    return { ...ending, attempts: (ending.attempts ?? 0) + 1 };
  }

  /** The request with a newer access token; undefined when there is none to be had in time. */
  private async renew(
    run: ExecutionRun,
    tool: RunnableTool,
    prepared: Ready,
    { opened: { secrets } }: Outbound,
    refusedToken: number,
  ): Promise<Outbound | undefined> {
    const wanted = wantedCredential(run, tool, prepared);
    if (!wanted) return undefined;
    try {
      const credential = await this.credentials.renew(wanted, refusedToken, run.deadline, run.span.context);
      if (credential.token?.version === refusedToken) return undefined;
      const readied = this.outbound(run, tool, prepared, { credential, secrets });
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
    { wire, opened: { credential } }: Outbound,
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
  { scrubber }: Outbound,
): Interpretation {
  return { tool: compiled, scope, scrubber };
}

/** The API has had both tokens, and can echo either. */
function afterBoth(first: Interpretation, second: Interpretation): Interpretation {
  if (!first.scrubber || !second.scrubber) return second;
  return { ...second, scrubber: second.scrubber.and(first.scrubber) };
}

function wantedCredential(
  { tags, executionId, request }: ExecutionRun,
  { compiled, grant }: RunnableTool,
  { request: { origin } }: Ready,
): CredentialRequest | undefined {
  const { credentialId } = compiled.definition.request;
  if (credentialId === undefined) return undefined;
  return { ...tags, executionId, credentialId, origin, grant, endUser: endUserOf(request) };
}

function wantedSecrets(
  { tags, executionId }: ExecutionRun,
  { compiled, grant, environment }: RunnableTool,
  { request: { origin } }: Ready,
): SecretsRequest | undefined {
  const { secrets: names } = compiled;
  return names.length === 0 ? undefined : { ...tags, executionId, names, environment, origin, grant };
}

function scrubberOf({ credential, secrets }: Opened): Scrubber | undefined {
  if (!credential || !secrets) return (credential ?? secrets)?.scrubber;
  return credential.scrubber.and(secrets.scrubber);
}

function misplaced({ unusable }: RenderFaults): ServiceError {
  const [[name, why] = []] = unusable;
  return new ServiceError('invalid_request', `the secret \`${name ?? ''}\` ${why ?? 'cannot be sent'}`);
}

function credentialFailure(error: unknown): Ending {
  const { code, message } = error instanceof ServiceError ? error : { code: 'internal', message: 'failed' };
  const isOutage = code === 'service_unavailable' || code === 'deadline_exceeded' || code === 'overloaded';
  if (code === 'credential_origin_mismatch') {
    return failed('failed', code, { code, message, retryable: false, hint: hints.configuration });
  }
  if (code === 'authorization_required') {
    return refused({ code, message: `The credential cannot be used: ${message}`, hint: hints.account });
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
