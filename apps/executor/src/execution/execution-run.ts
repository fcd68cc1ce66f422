import type { Exchange, ExecuteTool } from '#contracts/executor.contract';
import type { Deadline } from '#messaging/deadline';
import { CALL_ID, EXECUTION_ID, ORG_ID, TOOL_KEY } from '#telemetry/attributes';
import type { FrugalSpan } from '#telemetry/frugal-span';
import type { CallFrame, ToolTarget } from '#toolcall/compile-tool';
import { newId } from '../new-id.js';
import type { RunnableTool } from '../tools/tool.cache.js';

export interface RunInput {
  readonly orgId: string;
  readonly request: ExecuteTool;
  readonly isTest: boolean;
  readonly deadline: Deadline;
  readonly span: FrugalSpan;
}

/** One run of one tool: who asked, when, until when, and what has become known of it. */
export class ExecutionRun {
  readonly executionId = newId();
  readonly startedAt = new Date();
  readonly orgId: string;
  readonly request: ExecuteTool;
  readonly isTest: boolean;
  readonly deadline: Deadline;
  readonly span: FrugalSpan;
  version = 0;
  /** Set once the request is on its way: method and host of the record. */
  target: ToolTarget | undefined;
  /** For a test: what went out and what came back, as its author may see it. */
  exchange: Exchange | undefined;
  private readonly startedMs = performance.now();

  constructor({ orgId, request, isTest, deadline, span }: RunInput) {
    this.orgId = orgId;
    this.request = request;
    this.isTest = isTest;
    this.deadline = deadline;
    this.span = span;
    span.set(ORG_ID, orgId);
    span.set(TOOL_KEY, request.toolKey);
    span.set(CALL_ID, request.callId);
    span.set(EXECUTION_ID, this.executionId);
  }

  resolved(tool: RunnableTool): void {
    this.version = tool.version;
  }

  get totalMs(): number {
    return round(performance.now() - this.startedMs);
  }

  /** What placeholders may name besides the arguments. */
  get frame(): CallFrame {
    const { callId, agentId, context = {} } = this.request;
    return { orgId: this.orgId, callId, agentId, facts: context, now: this.startedAt };
  }

  /** What every span of this execution is tagged with. */
  get tags() {
    return { orgId: this.orgId, toolKey: this.request.toolKey, callId: this.request.callId };
  }
}

let lastDate = new Date(0);
let lastIso = lastDate.toISOString();

/** `toISOString` of a moment of now: under load many executions begin in one millisecond. */
export function isoOf(date: Date): string {
  if (date.getTime() !== lastDate.getTime()) {
    lastDate = date;
    lastIso = date.toISOString();
  }
  return lastIso;
}

/** Milliseconds to the microsecond: more digits say nothing. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
