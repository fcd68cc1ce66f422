import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Context,
} from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SamplingDecision,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { FrugalSpan, setSpanKeeper } from './frugal-span.js';
import { SpanIds } from './span-ids.js';

const exporter = new InMemorySpanExporter();
const spanProcessors = [new SimpleSpanProcessor(exporter)];
const ids = new SpanIds();
const keepingProvider = new NodeTracerProvider({
  spanProcessors,
  sampler: new AlwaysOnSampler(),
  idGenerator: ids,
});
const keeper = { tracer: keepingProvider.getTracer('patchbay'), ids };

/** Whether a trace that begins here is sampled; one that a parent began is as the parent says. */
let sampleRoots = false;
const root = {
  shouldSample: () => ({
    decision: sampleRoots ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
  }),
};

const REMOTE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/** The context of a request whose `traceparent` header is this. */
function contextOf(traceparent: string): Context {
  return propagation.extract(ROOT_CONTEXT, { traceparent });
}

/** The header a request sent from within this context carries. */
function headerFrom(context: Context): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context, carrier);
  return carrier.traceparent;
}

function start(name: string, parent: Context = ROOT_CONTEXT): FrugalSpan {
  return FrugalSpan.start(name, SpanKind.SERVER, parent);
}

function exported(name: string): ReadableSpan {
  const [found, ...more] = exporter.getFinishedSpans().filter((span) => span.name === name);
  if (!found || more.length > 0) throw new Error(`${name} was exported ${found ? 'twice' : 'never'}`);
  return found;
}

const names = () => exporter.getFinishedSpans().map(({ name }) => name);

describe('a frugal span', () => {
  beforeAll(() => {
    new NodeTracerProvider({ spanProcessors, sampler: new ParentBasedSampler({ root }) }).register();
  });

  beforeEach(() => {
    exporter.reset();
    sampleRoots = false;
    setSpanKeeper(keeper);
  });

  afterEach(() => {
    jest.useRealTimers();
    setSpanKeeper(undefined);
  });

  describe('of a trace that is not sampled', () => {
    it('is dropped, and what is under it, when all went well', () => {
      const parent = start('request');
      const child = parent.child('attempt', SpanKind.CLIENT);
      child.end();
      parent.end();

      expect(names()).toEqual([]);
      expect([parent.isKept, child.isKept]).toEqual([false, false]);
    });

    it('is exported when it failed, with what is under it', () => {
      const parent = start('request');
      const child = parent.child('attempt', SpanKind.CLIENT);
      child.end();
      parent.fail('internal');
      parent.end();

      expect(exported('request')).toMatchObject({
        kind: SpanKind.SERVER,
        status: { code: SpanStatusCode.ERROR, message: 'internal' },
      });
      expect(exported('attempt')).toMatchObject({
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
      });
    });

    it('is exported, not as failed itself, when something under it failed', () => {
      const parent = start('request');
      const child = parent.child('attempt', SpanKind.CLIENT);
      const grandchild = child.child('connect', SpanKind.INTERNAL);
      grandchild.fail('refused');
      for (const span of [grandchild, child, parent]) span.end();

      expect(names().sort()).toEqual(['attempt', 'connect', 'request']);
      expect(exported('request').status.code).toBe(SpanStatusCode.UNSET);
      expect(exported('connect').status).toEqual({ code: SpanStatusCode.ERROR, message: 'refused' });
    });

    it('is exported, not as failed, when it is kept for an expected refusal', () => {
      const span = start('request');
      span.keep();
      expect(span.isKept).toBe(true);
      span.end();

      expect(exported('request').status.code).toBe(SpanStatusCode.UNSET);
    });

    it('has the ids it showed before anybody knew that it would fail', () => {
      const parent = start('request');
      const child = parent.child('attempt', SpanKind.CLIENT);
      const shown = { traceId: parent.traceId, sent: headerFrom(child.context) };
      child.end();
      parent.fail('internal');
      parent.end();

      const [request, attempt] = [exported('request'), exported('attempt')];
      expect(request.spanContext().traceId).toBe(shown.traceId);
      expect(request.parentSpanContext).toBeUndefined();
      expect(attempt.parentSpanContext).toMatchObject(idsOf(request));
      const { traceId, spanId } = attempt.spanContext();
      expect(shown.sent).toBe(`00-${traceId}-${spanId}-00`);
    });

    it('has its ids to itself, also beside others that failed', () => {
      const spans = ['one', 'two', 'three'].map((name) => start(name));
      for (const span of spans) span.fail('internal');
      for (const span of spans.toReversed()) span.end();

      const finished = ['one', 'two', 'three'].map((name) => exported(name).spanContext());
      expect(new Set(finished.map(({ traceId }) => traceId)).size).toBe(3);
      expect(new Set(finished.map(({ spanId }) => spanId)).size).toBe(3);
    });

    it('has the attributes given at its start and after it, and none that was undefined', () => {
      const span = FrugalSpan.start('request', SpanKind.SERVER, ROOT_CONTEXT, { first: 1 });
      span.set('second', 'two');
      span.set('third', undefined);
      span.fail('internal');
      span.end();

      expect(exported('request').attributes).toEqual({ first: 1, second: 'two' });
    });

    it('took the time from its start to its end, whenever it is exported', () => {
      jest.useFakeTimers();
      const parent = start('request');
      jest.advanceTimersByTime(20);
      const child = parent.child('attempt', SpanKind.CLIENT);
      jest.advanceTimersByTime(30);
      child.end();
      jest.advanceTimersByTime(50);
      parent.fail('internal');
      parent.end();

      const [request, attempt] = [exported('request'), exported('attempt')];
      expect(milliseconds(request.duration)).toBeCloseTo(100, 3);
      expect(milliseconds(attempt.duration)).toBeCloseTo(30, 3);
      expect(milliseconds(attempt.startTime) - milliseconds(request.startTime)).toBeCloseTo(20, 2);
    });

    it('is exported once, however often it ends', () => {
      const span = start('request');
      span.fail('internal');
      span.end();
      span.end();

      expect(names()).toEqual(['request']);
    });

    it('is dropped even when it failed, where nobody keeps such spans', () => {
      setSpanKeeper(undefined);
      const span = start('request');
      span.fail('internal');
      span.end();

      expect(span.isKept).toBe(false);
      expect(names()).toEqual([]);
    });
  });

  describe('of a sampled trace', () => {
    it('is exported with what is under it, each under its parent', () => {
      sampleRoots = true;
      const parent = start('request');
      const child = parent.child('attempt', SpanKind.CLIENT, { first: 1 });
      child.set('second', 'two');
      expect([parent.isKept, child.isKept]).toEqual([true, true]);
      child.end();
      parent.end();

      const [request, attempt] = [exported('request'), exported('attempt')];
      expect(request.spanContext().traceId).toBe(parent.traceId);
      expect(attempt.parentSpanContext).toMatchObject(idsOf(request));
      expect(attempt.attributes).toEqual({ first: 1, second: 'two' });
    });

    it('is exported once, as failed, when it failed', () => {
      sampleRoots = true;
      const span = start('request');
      span.fail('internal');
      span.end();
      span.end();

      expect(exported('request').status).toEqual({ code: SpanStatusCode.ERROR, message: 'internal' });
    });
  });

  describe('under the span of whoever asked', () => {
    const sampled = contextOfRemote(TraceFlags.SAMPLED);
    const unsampled = contextOfRemote(TraceFlags.NONE);

    it.each([
      ['sampled', 'succeeded', ['request']],
      ['sampled', 'failed', ['request']],
      ['not sampled', 'succeeded', []],
      ['not sampled', 'failed', ['request']],
    ])('which was %s, and %s: exported are %j', (parent, end, expected) => {
      sampleRoots = parent !== 'sampled'; // the caller's decision goes before ours
      const span = start('request', parent === 'sampled' ? sampled() : unsampled());
      if (end === 'failed') span.fail('internal');
      span.end();

      expect(names()).toEqual(expected);
      for (const name of expected) {
        expect(exported(name).parentSpanContext).toMatchObject(REMOTE);
        expect(exported(name).spanContext().traceId).toBe(REMOTE.traceId);
      }
    });

    it.each([
      ['01', sampled],
      ['00', unsampled],
    ])('sends the same trace on, with the decision `%s`', (flags, parent) => {
      expect(headerFrom(start('request', parent()).context)).toMatch(
        new RegExp(`^00-${REMOTE.traceId}-[0-9a-f]{16}-${flags}$`),
      );
    });
  });
});

function contextOfRemote(flags: TraceFlags): () => Context {
  return () => contextOf(`00-${REMOTE.traceId}-${REMOTE.spanId}-0${flags}`);
}

function idsOf(span: ReadableSpan): { traceId: string; spanId: string } {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

function milliseconds([seconds, nanoseconds]: [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
