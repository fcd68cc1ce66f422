import type { Exchange, ExecuteTool, Execution } from '#contracts/executor.contract';
import { Cancellation } from '#egress/cancellation';
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
  readonly cancellation = new Cancellation();
  version = 0;
  /** Whether the tool can change something; known once it is resolved. */
  private writes = false;
  /** What earlier tools of the call returned; set for tools that read it. */
  callVariables: Readonly<Record<string, unknown>> | undefined;
  /** Set once the request is on its way: method and host of the record. */
  target: ToolTarget | undefined;
  /** For a test: what went out and what came back, as its author may see it. */
  exchange: Exchange | undefined;
  private readonly startedMs = performance.now();
  private ending: PromiseWithResolvers<Execution> | undefined;

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
    this.writes = tool.compiled.writes;
  }

  /** Calls it off, unless it is a write that was sent. @returns whether it will not be carried out, if it has not ended */
  cancel(): boolean {
    if (this.writes && this.cancellation.requestSent) return false;
    this.cancellation.cancel();
    return true;
  }

  /** What it ends as, or the error it ends with: for whoever waits besides the caller. */
  whenEnded(): Promise<Execution> {
    this.ending ??= Promise.withResolvers();
    return this.ending.promise;
  }

  /** Tells whoever waits; nearly always that is nobody. */
  ended(execution: Execution): void {
    this.ending?.resolve(execution);
  }

  /** The same, of an execution that Patchbay could not carry out. */
  broke(error: unknown): void {
    this.ending?.promise.catch(() => undefined); // who waited may have given up
    this.ending?.reject(error);
  }

  get totalMs(): number {
    return round(performance.now() - this.startedMs);
  }

  /** What placeholders may name besides the arguments. */
  get frame(): CallFrame {
    const { orgId, executionId, startedAt: now, callVariables } = this;
    const { callId, agentId, turn, context: facts = {} } = this.request;
    return { orgId, callId, agentId, executionId, turn, facts, now, callVariables };
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
