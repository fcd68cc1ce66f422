import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { AgentId, closed, Environment, JsonObject, Timestamp, Uuid } from './common.contract.js';

const Text = Type.String({ maxLength: 1024 });

/** What the orchestrator knows about the call. Trusted, and never visible to the model. */
export const CallContext = Type.Object(
  {
    /** Any further fields of the contact record may be added and used as `{{contact.<field>}}`. */
    contact: Type.Optional(JsonObject),
    agent_number: Type.Optional(Text),
    agent_name: Type.Optional(Text),
    direction: Type.Optional(Text),
    medium: Type.Optional(Text),
    user_number: Type.Optional(Text),
    language: Type.Optional(Text),
    timezone: Type.Optional(Text),
    custom: Type.Optional(JsonObject),
  },
  closed,
);
export type CallContext = Type.Static<typeof CallContext>;

export const ExecuteTool = Type.Object(
  {
    toolKey: ToolKey,
    /** Absent while the call is not yet bound. */
    callId: Type.Optional(Uuid),
    /** Whose tools may be run, and with which overrides; every published one when absent. */
    agentId: Type.Optional(AgentId),
    /** What the model supplied. Untrusted. */
    arguments: Type.Optional(JsonObject),
    context: Type.Optional(CallContext),
    /** Conversation turn, monotonic within the call. */
    turn: Type.Optional(Type.Integer({ minimum: 0 })),
    requestedByCaller: Type.Optional(Type.Boolean()),
    confirmationToken: Type.Optional(Type.String({ maxLength: 2048 })),
    /** One key, one effect. Derived from call, turn, tool and arguments when absent. */
    idempotencyKey: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    /** How long the caller can wait, all attempts included. 10 s when absent. */
    deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 120_000 })),
    /** Pins a version, run as it was published: at its own URL, with its own credential. */
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Runs what the environment stands for; `production` when neither it nor `version` is given, never with `version`. */
    environment: Type.Optional(Environment),
  },
  closed,
);
export type ExecuteTool = Type.Static<typeof ExecuteTool>;

export const ExecutionStatus = Type.Enum([
  'succeeded',
  'failed',
  'unknown',
  'accepted',
  'running',
  'cancelled',
  'input_required',
  'confirmation_required',
  'verification_required',
  'refused',
]);
export type ExecutionStatus = Type.Static<typeof ExecutionStatus>;

/** Why an execution did not succeed, in `Execution.error.code`. Closed, like the codes of bus errors. */
export const executionErrorCodes = [
  'arguments_missing',
  'arguments_invalid',
  'argument_not_allowed',
  'call_variable_missing',
  'call_state_unavailable',
  'tool_not_allowed',
  'binding_outdated',
  'burden_not_supported',
  'async_not_supported',
  'verification_not_supported',
  'idempotency_conflict',
  'destination_refused',
  'credential_unavailable',
  'credential_origin_mismatch',
  'authorization_required',
  'breaker_open',
  'upstream_refused',
  'upstream_error',
  'upstream_timeout',
  'upstream_unreachable',
  'response_invalid',
  'response_too_large',
  'outcome_unknown',
  'still_running',
  'already_sent',
  'cancelled',
] as const;
export const ExecutionErrorCode = Type.Enum([...executionErrorCodes]);
export type ExecutionErrorCode = (typeof executionErrorCodes)[number];

export const MissingInput = Type.Object(
  {
    name: Type.String(),
    type: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    example: Type.Optional(Type.Unknown()),
    /** Why what was given did not do; absent when nothing was given. */
    hint: Type.Optional(Type.String()),
  },
  closed,
);
export type MissingInput = Type.Static<typeof MissingInput>;

export const Execution = Type.Object(
  {
    executionId: Uuid,
    toolKey: ToolKey,
    /** 0 when a draft was tested. */
    version: Type.Integer({ minimum: 0 }),
    callId: Type.Optional(Uuid),
    status: ExecutionStatus,
    /** `ok`, `not_found`, `invalid`, `unauthorized`, `rate_limited`, `upstream_error`, `timeout`, …, or one the tool names. */
    outcome: Type.String(),
    /** Mapped, nested, by name; always with `api_response_status` once the API answered. */
    variables: JsonObject,
    /** What the model may read. */
    result: JsonObject,
    /** What to say; absent where the agent speaks naturally. */
    say: Type.Optional(
      Type.Object(
        {
          start: Type.Optional(Type.String()),
          /** In the order in which they come, for as long as it is not done. */
          delays: Type.Optional(
            Type.Array(Type.Object({ afterMs: Type.Integer(), text: Type.String() }, closed)),
          ),
          complete: Type.Optional(Type.String()),
          failure: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    error: Type.Optional(
      Type.Object(
        {
          code: ExecutionErrorCode,
          message: Type.String(),
          retryable: Type.Boolean(),
          /** What the model should do next. */
          hint: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    missing: Type.Optional(Type.Array(MissingInput)),
    confirmation: Type.Optional(
      Type.Object({ token: Type.String(), prompt: Type.String(), expiresAt: Timestamp }, closed),
    ),
    http: Type.Optional(
      Type.Object({ status: Type.Optional(Type.Integer()), attempts: Type.Integer({ minimum: 0 }) }, closed),
    ),
    timing: Type.Object(
      { totalMs: Type.Number(), queueMs: Type.Number(), upstreamMs: Type.Optional(Type.Number()) },
      closed,
    ),
    /** An earlier identical execution answered. */
    replayed: Type.Boolean(),
  },
  closed,
);
export type Execution = Type.Static<typeof Execution>;
