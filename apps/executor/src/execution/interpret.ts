import type { EgressFailure, EgressResponse } from '#egress/egress-result';
import type { CompiledTool } from '#toolcall/compile-tool';
import type { Answer } from '#toolcall/response/answer';
import { isSuccess, type OutcomeDecision } from '#toolcall/response/decide-outcome';
import { readBody, type BodyFormat } from '#toolcall/response/read-body';
import type { Scope } from '#toolcall/scope';
import type { Scrubber } from '#toolcall/scrub';
import { cancelled, failed, hints, type Ending } from './ending.js';
import { round } from './execution-run.js';

/** What is needed to read an answer. */
export interface Interpretation {
  readonly tool: CompiledTool;
  readonly scope: Scope;
  readonly scrubber: Scrubber | undefined;
}

/** What an answer of the API means for the call: outcome, variables, what the model may read, what to say. */
export function interpretResponse(response: EgressResponse, interpretation: Interpretation): Ending {
  const { tool, scope, scrubber } = interpretation;
  const { status, timings } = response;
  const answer = readAnswer(response, tool.responseFormat, scrubber);
  const { body } = answer;
  const decision = tool.outcomes.decide(answer);
  const { variables, result, spoken, notFound } = tool.map(answer);
  const measured = {
    variables,
    result,
    notFound,
    httpStatus: status,
    attempts: 1,
    queueMs: round(timings.connectMs ?? 0),
    upstreamMs: round(timings.totalMs),
  };
  const succeeded = decision.status === 'succeeded';
  if (succeeded && body.kind === 'invalid' && isSuccess(status))
    return { ...measured, ...unreadable(interpretation, body.message), httpStatus: status };
  const say = tool.say(scope, succeeded, spoken, decision.rule);
  const hint = decision.rule?.hint ?? (decision.status === 'unknown' ? hints.unknown : hintFor(status));
  return {
    ...measured,
    status: decision.status,
    outcome: decision.outcome,
    ...(say && { say }),
    ...(decision.code && {
      error: {
        code: decision.code,
        message: answered(status, decision),
        retryable: decision.retryable,
        ...(hint !== undefined && { hint }),
      },
    }),
  };
}

/** By its own rule a tool takes for a failure what the status calls a success. */
function answered(status: number, { outcome }: OutcomeDecision): string {
  return isSuccess(status)
    ? `The API answered ${status}, with what this tool calls \`${outcome}\``
    : `The API answered ${status}`;
}

/**
 * An answer of success that cannot be read. A read has then failed; a write has taken effect all the same, and saying
 * otherwise would have it repeated.
 */
function unreadable({ tool, scope }: Interpretation, problem: string): Ending {
  const say = tool.say(scope, tool.writes, {});
  const error = {
    code: 'response_invalid' as const,
    message: `The API's answer ${problem}`,
    retryable: false,
    hint: tool.writes ? 'It took effect, but its details could not be read. Do not repeat it.' : hints.later,
  };
  if (tool.writes) return { status: 'succeeded', outcome: 'ok', error, ...(say && { say }) };
  return { status: 'failed', outcome: 'response_invalid', error, ...(say && { say }) };
}

/**
 * What it means that there is no answer. A name that resolves to an address we do not call, one that does not resolve and a
 * port that is closed are told alike: the difference is a map of our network.
 */
export function interpretFailure(failure: EgressFailure, interpretation: Interpretation): Ending {
  const { tool, scope } = interpretation;
  const { reason, requestSent, status, timings, message } = failure;
  const measured = {
    attempts: requestSent ? 1 : 0,
    httpStatus: status,
    queueMs: round(timings.connectMs ?? 0),
    upstreamMs: round(timings.totalMs),
  };
  if (reason === 'cancelled' && !(tool.writes && requestSent)) return { ...measured, ...cancelled() };
  if (reason === 'too_large' || reason === 'bad_response') {
    const tooLarge = reason === 'too_large';
    // A status of success came before the trouble: a write has taken effect.
    const tookEffect = tool.writes && status !== undefined && status < 300;
    const problem = tooLarge ? 'is larger than allowed' : 'is malformed';
    if (tookEffect) return { ...measured, ...unreadable(interpretation, problem) };
    if (!tool.writes || !requestSent) {
      const code = tooLarge ? ('response_too_large' as const) : ('response_invalid' as const);
      const error = { code, message, retryable: false, hint: hints.later };
      const say = tool.say(scope, false, {});
      return { ...measured, ...failed('failed', code, error), ...(say && { say }) };
    }
  }
  const isTimeout = reason === 'timeout';
  const rule = isTimeout ? tool.outcomes.timeout : undefined;
  const outcome = rule?.outcome ?? (isTimeout ? 'timeout' : 'unreachable');
  const say = tool.say(scope, false, {}, rule);
  const spoken = say ? { say } : {};
  if (tool.writes && requestSent) {
    const error = {
      code: 'outcome_unknown' as const,
      message,
      retryable: false,
      hint: rule?.hint ?? hints.unknown,
    };
    return { ...measured, ...failed('unknown', outcome, error), ...spoken };
  }
  const code = isTimeout ? ('upstream_timeout' as const) : ('upstream_unreachable' as const);
  const error = { code, message, retryable: reason !== 'invalid_request', hint: rule?.hint ?? hints.later };
  return { ...measured, ...failed('failed', outcome, error), ...spoken };
}

/** The answer without secrets, also where the upstream echoed them escaped. */
export function readAnswer(
  { status, headers, body: bytes }: EgressResponse,
  format: CompiledTool['responseFormat'],
  scrubber: Scrubber | undefined,
): Answer {
  const header = (name: string) => {
    const value = headers[name];
    const text = Array.isArray(value) ? value.join(', ') : value;
    return scrubber && text !== undefined ? scrubber.scrubEscaped(text) : text;
  };
  const type = headers['content-type'];
  const text = bytes.toString();
  const body = readBody(scrubber ? scrubber.scrub(text) : text, Array.isArray(type) ? type[0] : type, format);
  const mayHideEscapes = scrubber !== undefined && body.kind === 'value' && ESCAPES[body.format].test(text);
  return {
    status,
    header,
    body: mayHideEscapes ? { ...body, value: scrubber.scrubValue(body.value) } : body,
  };
}

/** By format, what begins an escape: behind it a secret is plain only after reading. */
const ESCAPES: Record<BodyFormat, RegExp> = { json: /\\/, xml: /[&<]/, form: /[%+]/, text: /[\\&]/ };

function hintFor(status: number): string | undefined {
  if (status === 404 || status === 410)
    return 'Say that nothing was found, and check the details with the caller.';
  if (status === 400 || status === 422)
    return 'Check the details with the caller, and try again with better ones.';
  if (status === 401 || status === 403) return hints.configuration;
  return status >= 500 || status === 429 ? hints.later : undefined;
}
