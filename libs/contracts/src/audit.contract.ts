import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { closed, Page, pageFields, Timestamp, Uuid } from './common.contract.js';
import { ExecutionRecord, ExecutionStatus } from './executor.contract.js';
import { Rpc } from './rpc.js';

/** Half-open: `from` is in, `to` is not. */
const timeRange = { from: Type.Optional(Timestamp), to: Type.Optional(Timestamp) };

export const ListExecutions = Type.Object(
  {
    orgId: Uuid,
    ...pageFields,
    ...timeRange,
    toolKey: Type.Optional(ToolKey),
    callId: Type.Optional(Uuid),
    status: Type.Optional(ExecutionStatus),
    isTest: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type ListExecutions = Type.Static<typeof ListExecutions>;
/** Newest first. */
export const ExecutionPage = Page(ExecutionRecord);
export type ExecutionPage = Type.Static<typeof ExecutionPage>;
export const listExecutions = new Rpc(
  'patchbay.internal.audit.execution.list',
  ListExecutions,
  ExecutionPage,
);

export const GetExecution = Type.Object({ orgId: Uuid, executionId: Uuid }, closed);
export type GetExecution = Type.Static<typeof GetExecution>;
export const getExecution = new Rpc('patchbay.internal.audit.execution.get', GetExecution, ExecutionRecord);

export const GetStats = Type.Object(
  {
    orgId: Uuid,
    /** The last 24 hours when absent. */
    ...timeRange,
    toolKey: Type.Optional(ToolKey),
    groupBy: Type.Optional(Type.Enum(['tool', 'host', 'hour', 'day'])),
  },
  closed,
);
export type GetStats = Type.Static<typeof GetStats>;

const Measures = {
  /** Executions that reached an end; tests are not counted. */
  count: Type.Integer({ minimum: 0 }),
  succeeded: Type.Integer({ minimum: 0 }),
  /** succeeded ÷ count, 0 to 1; null when nothing ran. */
  successRate: Type.Union([Type.Number(), Type.Null()]),
  /** Milliseconds, caller's view; null when nothing ran. */
  p50Ms: Type.Union([Type.Number(), Type.Null()]),
  p95Ms: Type.Union([Type.Number(), Type.Null()]),
  p99Ms: Type.Union([Type.Number(), Type.Null()]),
};
export const Stats = Type.Object(
  {
    from: Timestamp,
    to: Timestamp,
    total: Type.Object(Measures, closed),
    groups: Type.Array(Type.Object({ group: Type.Union([Type.String(), Type.Null()]), ...Measures }, closed)),
  },
  closed,
);
export type Stats = Type.Static<typeof Stats>;
export const getStats = new Rpc('patchbay.internal.audit.stats.get', GetStats, Stats);
