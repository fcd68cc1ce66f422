import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

export interface CollectedSpans {
  /** Those that have ended since {@link collectSpans}. */
  readonly finished: () => ReadableSpan[];
}

let exporter: InMemorySpanExporter | undefined;

/** Keeps every span of this process in memory from now on; forgets those kept before. */
export function collectSpans(): CollectedSpans {
  if (!exporter) {
    exporter = new InMemorySpanExporter();
    new NodeTracerProvider({
      sampler: new AlwaysOnSampler(),
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    }).register();
  }
  exporter.reset();
  const collected = exporter;
  return { finished: () => collected.getFinishedSpans() };
}
