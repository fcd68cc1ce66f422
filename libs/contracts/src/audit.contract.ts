import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { closed, Page, pageFields, Timestamp, Uuid } from './common.contract.js';
import { ExecutionRecord, ExecutionStatus } from './executor.contract.js';
import { Rpc } from './rpc.js';

/** Half-open, of when an execution started: `from` is in, `to` is not, and `from` is before `to`. */
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
/** Newest first. Going on by `nextCursor` shows once whatever was there at the first page, come what may meanwhile. */
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
    /** The 24 hours before `to`, and until now, when absent. At most 400 days; by hour at most 31. */
    ...timeRange,
    toolKey: Type.Optional(ToolKey),
    /** Tools and hosts: the most used first, 1000 at most. Hours and days: of UTC, in order, those with none left out. */
    groupBy: Type.Optional(Type.Enum(['tool', 'host', 'hour', 'day'])),
  },
  closed,
);
export type GetStats = Type.Static<typeof GetStats>;

const Measures = {
  /**
   * Executions that ran to an end: `succeeded`, `failed` and `unknown`. Not counted: tests, and what was not run or
   * called off: `refused`, `cancelled`, `input_required`, `confirmation_required`, `verification_required`.
   */
  count: Type.Integer({ minimum: 0 }),
  succeeded: Type.Integer({ minimum: 0 }),
  /** succeeded ÷ count, 0 to 1; null when nothing ran. */
  successRate: Type.Union([Type.Number(), Type.Null()]),
  /** Milliseconds, caller's view, interpolated between neighbours (`percentile_cont`); null when nothing ran. */
  p50Ms: Type.Union([Type.Number(), Type.Null()]),
  p95Ms: Type.Union([Type.Number(), Type.Null()]),
  p99Ms: Type.Union([Type.Number(), Type.Null()]),
};
/** What a tool's version maps and the API no longer says. */
const Drift = Type.Object(
  {
    toolKey: ToolKey,
    version: Type.Integer({ minimum: 0 }),
    /** The path, the expression or `header: x-name` that finds nothing; cut after 100 characters. */
    path: Type.String(),
    /** Successful answers in which it found nothing, of all successful answers; tests not counted. */
    missing: Type.Integer({ minimum: 1 }),
    answers: Type.Integer({ minimum: 1 }),
    /** missing ÷ answers. */
    share: Type.Number(),
  },
  closed,
);
export type Drift = Type.Static<typeof Drift>;

export const Stats = Type.Object(
  {
    from: Timestamp,
    to: Timestamp,
    total: Type.Object(Measures, closed),
    /** `group` is the tool's key, `host:port` (null: nothing was sent), `2026-01-31T23:00:00Z` or `2026-01-31`. */
    groups: Type.Array(Type.Object({ group: Type.Union([Type.String(), Type.Null()]), ...Measures }, closed)),
    /** Mapped paths missing in more than a set share (20 % unless the operator says otherwise) of the answers; the worst first, 100 at most. */
    drift: Type.Array(Drift),
  },
  closed,
);
export type Stats = Type.Static<typeof Stats>;
export const getStats = new Rpc('patchbay.internal.audit.stats.get', GetStats, Stats);
