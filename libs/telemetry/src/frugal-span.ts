import {
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type AttributeValue,
  type Context,
  type HrTime,
  type Span,
  type SpanKind,
  type Tracer,
} from '@opentelemetry/api';
import { hrTime } from '@opentelemetry/core';
import type { SpanIds } from './span-ids.js';

interface SpanKeeper {
  readonly tracer: Tracer;
  readonly ids: SpanIds;
}

let keeper: SpanKeeper | undefined;

/** Says how unsampled spans of failed work are exported; none are while this is unset. */
export function setSpanKeeper(value: SpanKeeper | undefined): void {
  keeper = value;
}

const tracer = trace.getTracer('patchbay');

/**
 * A span for the hot path. Sampled, it is an ordinary span. Not sampled, it is a few fields, and can still be exported at
 * its end, with the spans begun under it, when the work turned out to have failed: one trace in ten and every failure,
 * at the price of one in ten.
 */
export class FrugalSpan {
  private readonly sampled: boolean;
  /** Absent under a parent that is not sampled, until somebody needs its ids. */
  private span: Span | undefined;
  private ownContext: Context | undefined;
  private readonly startedAt = performance.now();
  private endedAt: number | undefined;
  private failure: string | undefined;
  private mustKeep = false;
  private children: FrugalSpan[] | undefined;

  private constructor(
    private readonly name: string,
    private readonly kind: SpanKind,
    private readonly parentContext: Context | undefined,
    private readonly attributes: Attributes,
    private readonly parent?: FrugalSpan,
  ) {
    if (parent && !parent.sampled) this.sampled = false;
    else this.sampled = this.begun().isRecording();
  }

  /** Begins a span under whatever span the context holds. */
  static start(name: string, kind: SpanKind, parent: Context, attributes: Attributes = {}): FrugalSpan {
    return new FrugalSpan(name, kind, parent, attributes);
  }

  /** Begins a span under this one, kept or dropped together with it. */
  child(name: string, kind: SpanKind, attributes: Attributes = {}): FrugalSpan {
    const child = new FrugalSpan(name, kind, undefined, attributes, this);
    if (!this.sampled) (this.children ??= []).push(child);
    return child;
  }

  /** The context with this span active, to make further spans or headers in. */
  get context(): Context {
    return (this.ownContext ??= trace.setSpan(this.outerContext, this.begun()));
  }

  get traceId(): string {
    return this.begun().spanContext().traceId;
  }

  /** Whether a trace backend will get to see it: sampled at its start, or to be kept. */
  get isKept(): boolean {
    return this.sampled || (this.mustKeep && keeper !== undefined);
  }

  set(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    if (this.sampled) this.begun().setAttribute(name, value);
    else this.attributes[name] = value;
  }

  /** Wants the span exported whatever the sampler said: something went wrong, expected or not. */
  keep(): void {
    this.mustKeep = true;
    this.parent?.keep();
  }

  /** Marks the span as failed. For surprises: an expected refusal leaves it unset and is {@link keep | kept}. */
  fail(message: string): void {
    this.failure = message;
    this.keep();
  }

  end(): void {
    if (this.endedAt !== undefined) return;
    this.endedAt = performance.now();
    if (this.sampled) this.finish(this.begun());
    else if (this.mustKeep && !this.parent) this.exportLate();
  }

  private get outerContext(): Context {
    return this.parentContext ?? this.parent?.context ?? ROOT_CONTEXT;
  }

  private begun(): Span {
    const options = { kind: this.kind, attributes: this.attributes };
    return (this.span ??= tracer.startSpan(this.name, options, this.outerContext));
  }

  private finish(span: Span, at?: HrTime): void {
    if (this.failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: this.failure });
    span.end(at);
  }

  /** Makes the span now, with the ids and times it would have had, and those under it after it. */
  private exportLate(): void {
    if (!keeper) return;
    const { tracer: keepingTracer, ids } = keeper;
    const options = { kind: this.kind, attributes: this.attributes, startTime: hrTime(this.startedAt) };
    const parent = sampledParent(this.outerContext);
    const late = ids.with(this.begun().spanContext(), () =>
      keepingTracer.startSpan(this.name, options, parent),
    );
    this.finish(late, hrTime(this.endedAt ?? performance.now()));
    for (const child of this.children ?? []) child.exportLate();
  }
}

function sampledParent(parentContext: Context): Context {
  const parent = trace.getSpanContext(parentContext);
  if (!parent) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    ...parent,
    traceFlags: parent.traceFlags | TraceFlags.SAMPLED,
  });
}
