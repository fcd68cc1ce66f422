import {
  context,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type AttributeValue,
  type Context,
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
 * A span for the hot path. Sampled, it is an ordinary span. Not sampled, it is two ids and a few fields, and can
 * still be exported at its end, with the spans begun under it, when the work turned out to have failed: one trace
 * in ten and every failure, at the price of one in ten.
 */
export class FrugalSpan {
  /** The context with this span active, to make further spans or headers in. */
  readonly context: Context;
  private readonly span: Span;
  private readonly attributes: Attributes;
  private readonly startedAt = performance.now();
  private endedAt: number | undefined;
  private failure: string | undefined;
  private mustKeep = false;
  private children: FrugalSpan[] | undefined;

  private constructor(
    private readonly name: string,
    private readonly kind: SpanKind,
    private readonly parentContext: Context,
    attributes: Attributes,
    private readonly parent?: FrugalSpan,
  ) {
    this.attributes = attributes;
    this.span = tracer.startSpan(name, { kind, attributes }, parentContext);
    this.context = trace.setSpan(parentContext, this.span);
  }

  /** Begins a span under whatever span the context holds. */
  static start(name: string, kind: SpanKind, parent: Context, attributes: Attributes = {}): FrugalSpan {
    return new FrugalSpan(name, kind, parent, attributes);
  }

  /** Begins a span under this one, kept or dropped together with it. */
  child(name: string, kind: SpanKind, attributes: Attributes = {}): FrugalSpan {
    const child = new FrugalSpan(name, kind, this.context, attributes, this);
    if (!this.isSampled) (this.children ??= []).push(child);
    return child;
  }

  get traceId(): string {
    return this.span.spanContext().traceId;
  }

  /** Whether a trace backend will get to see it: sampled at its start, or to be kept. */
  get isKept(): boolean {
    return this.isSampled || (this.mustKeep && keeper !== undefined);
  }

  set(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) return;
    if (this.isSampled) this.span.setAttribute(name, value);
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
    if (this.isSampled) {
      if (this.failure !== undefined)
        this.span.setStatus({ code: SpanStatusCode.ERROR, message: this.failure });
      this.span.end();
    } else if (this.mustKeep && !this.parent) {
      this.exportLate();
    }
  }

  private get isSampled(): boolean {
    return this.span.isRecording();
  }

  /** Makes the span now, with the ids and times it would have had, and those under it after it. */
  private exportLate(): void {
    if (!keeper) return;
    const { tracer: keepingTracer, ids } = keeper;
    const { traceId, spanId } = this.span.spanContext();
    const options = { kind: this.kind, attributes: this.attributes, startTime: hrTime(this.startedAt) };
    const parent = sampledParent(this.parentContext);
    const late = ids.with({ traceId, spanId }, () => keepingTracer.startSpan(this.name, options, parent));
    if (this.failure !== undefined) late.setStatus({ code: SpanStatusCode.ERROR, message: this.failure });
    late.end(hrTime(this.endedAt ?? performance.now()));
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

/** The context of the code that asks, for spans and headers. */
export function activeContext(): Context {
  return context.active();
}
