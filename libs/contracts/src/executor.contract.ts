import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { closed, Environment, JsonObject, Uuid } from './common.contract.js';
import { CallContext, ExecuteTool, Execution } from './execution.contract.js';
import { Inquiry, Rpc } from './rpc.js';

// One namespace for all that the executor is asked and tells, in files of a readable size.
export * from './execution.contract.js';
export * from './execution-record.contract.js';

/** An id of 20 digits stays itself, and nothing a model writes takes milliseconds to read. */
const argumentsInside = { exactIntegers: true, maxRequestBytes: 262_144 } as const;

/** Runs a tool. The one subject of the hot path. */
export const executeTool = new Rpc('patchbay.v1.*.tools.execute', ExecuteTool, Execution, argumentsInside);

export const ExecutionReference = Type.Object(
  {
    executionId: Uuid,
    /** How long the caller can wait. 10 s when absent. */
    deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 120_000 })),
  },
  closed,
);
export type ExecutionReference = Type.Static<typeof ExecutionReference>;

/**
 * The execution as it stands, `running` while it has not ended. Known here are those under way, and those of tools that
 * write for as long as an idempotency key is remembered. A read that has ended is kept by audit alone: here it is
 * `execution_not_found`, like one that never was and one of another organization.
 */
export const lookUpExecution = new Rpc('patchbay.v1.*.executions.get', ExecutionReference, Execution);

/** The same, but answered once it has ended, or with `running` when the deadline has come. */
export const awaitExecution = new Rpc('patchbay.v1.*.executions.wait', ExecutionReference, Execution);

/**
 * Calls an execution off. Nothing sent yet: nothing will be. A read that was sent: its request is closed. Both end as
 * `cancelled`, for whoever asked for them too. A write that was sent goes on, as nobody could tell what has become of
 * it: the answer is `running` with the error `already_sent`. What has ended is answered as it ended.
 */
export const cancelExecution = new Rpc('patchbay.v1.*.executions.cancel', ExecutionReference, Execution);

const ExecutionInquiry = Type.Object(
  {
    orgId: Uuid,
    executionId: Uuid,
    /** Whether it is to be called off. */
    cancel: Type.Boolean(),
    /** How long the answer may wait for the end of the execution. */
    waitMs: Type.Integer({ minimum: 0, maximum: 120_000 }),
  },
  closed,
);
export type ExecutionInquiry = Type.Static<typeof ExecutionInquiry>;
/** Asks all executors for an execution under way; the one that runs it answers. */
export const inquireExecution = new Inquiry(
  'patchbay.internal.executor.execution.inquire',
  ExecutionInquiry,
  Execution,
);

export const TestTool = Type.Object(
  {
    orgId: Uuid,
    toolKey: ToolKey,
    arguments: Type.Optional(JsonObject),
    context: Type.Optional(CallContext),
    /** What earlier tools of the call would have returned: a test is of no call. */
    callVariables: Type.Optional(JsonObject),
    /** The draft when neither it nor `environment` is given. */
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Tests what the environment stands for; never with `version`. */
    environment: Type.Optional(Environment),
    deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 120_000 })),
  },
  closed,
);
export type TestTool = Type.Static<typeof TestTool>;

const HeaderList = Type.Array(Type.Object({ name: Type.String(), value: Type.String() }, closed));

/** The whole exchange of a test: the request before the credential went in, the response scrubbed of secrets. */
export const Exchange = Type.Object(
  {
    request: Type.Object(
      {
        method: Type.String(),
        url: Type.String(),
        headers: HeaderList,
        body: Type.Optional(Type.String()),
      },
      closed,
    ),
    response: Type.Optional(
      Type.Object(
        {
          status: Type.Integer(),
          headers: HeaderList,
          body: Type.String(),
          latencyMs: Type.Number(),
        },
        closed,
      ),
    ),
    /** What the tool expected of the answer and did not find. */
    warnings: Type.Optional(Type.Array(Type.String())),
  },
  closed,
);
export type Exchange = Type.Static<typeof Exchange>;

export const TestedTool = Type.Object({ execution: Execution, exchange: Type.Optional(Exchange) }, closed);
export type TestedTool = Type.Static<typeof TestedTool>;
export const testTool = new Rpc(
  'patchbay.internal.executor.tool.test',
  TestTool,
  TestedTool,
  argumentsInside,
);
