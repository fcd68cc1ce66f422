import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { closed, Timestamp, Uuid } from './common.contract.js';
import { ExecutionStatus } from './execution.contract.js';
import { Announcement } from './rpc.js';

/** The one final record of an execution, as audit keeps it. Carries no argument, variable or body. */
export const ExecutionRecord = Type.Object(
  {
    executionId: Uuid,
    orgId: Uuid,
    callId: Type.Optional(Uuid),
    agentId: Type.Optional(Type.String()),
    toolKey: ToolKey,
    version: Type.Integer({ minimum: 0 }),
    /** Whether it came from the Test button: never counted in statistics. */
    isTest: Type.Boolean(),
    status: ExecutionStatus,
    outcome: Type.String(),
    errorCode: Type.Optional(Type.String()),
    errorMessage: Type.Optional(Type.String()),
    method: Type.Optional(Type.String()),
    /** Host and port it went to. */
    host: Type.Optional(Type.String()),
    httpStatus: Type.Optional(Type.Integer()),
    attempts: Type.Integer({ minimum: 0 }),
    startedAt: Timestamp,
    totalMs: Type.Number(),
    upstreamMs: Type.Optional(Type.Number()),
    /** Where the tool maps variables from and a successful answer had nothing: paths, expressions, `header: x-name`. */
    missingPaths: Type.Optional(Type.Array(Type.String())),
    traceId: Type.Optional(Type.String()),
  },
  closed,
);
export type ExecutionRecord = Type.Static<typeof ExecutionRecord>;

export const ExecutionsRecorded = Type.Object({ records: Type.Array(ExecutionRecord) }, closed);
export type ExecutionsRecorded = Type.Static<typeof ExecutionsRecorded>;
/**
 * Final records on their way to audit, several to a message, at least once: the execution id tells copies apart.
 * Kept by the JetStream stream of `executionStream` until audit has them.
 */
export const executionsRecorded = new Announcement(
  'patchbay.internal.executor.execution.recorded',
  ExecutionsRecorded,
);
export const executionStream = { name: 'PATCHBAY_EXECUTIONS', consumer: 'audit' } as const;
