import { getStringFromEnv } from '@opentelemetry/core';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import { setSpanKeeper } from './frugal-span.js';
import { SpanIds } from './span-ids.js';

/** The share of new traces that is kept whole. Failures are kept besides; a caller's own decision goes before. */
const DEFAULT_RATIO = 0.1;

export interface Telemetry {
  /** Sends what is buffered, then stops. Never throws: telemetry must not keep a service from ending. */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing for this process, by the standard `OTEL_*` variables. Without an OTLP endpoint nothing is
 * exported; context still travels. The sampler is parent-based at 10 % unless `OTEL_TRACES_SAMPLER` says otherwise.
 */
export async function startTelemetry(
  serviceName: string,
  options: { exporter?: SpanExporter } = {},
): Promise<Telemetry> {
  const exporter = options.exporter ?? (await exporterFromEnvironment());
  const spanProcessors: SpanProcessor[] = exporter ? [new BatchSpanProcessor(exporter)] : [];
  const resource = defaultResource().merge(
    resourceFromAttributes({ [ATTR_SERVICE_NAME]: getStringFromEnv('OTEL_SERVICE_NAME') ?? serviceName }),
  );
  const ids = new SpanIds();
  const provider = new NodeTracerProvider({ resource, spanProcessors, ...samplerFromEnvironment() });
  provider.register();

  // Spans of failed work that was not sampled are made afterwards by a provider that samples everything.
  const keeper = new NodeTracerProvider({
    resource,
    spanProcessors,
    sampler: new AlwaysOnSampler(),
    idGenerator: ids,
  });
  setSpanKeeper(exporter ? { tracer: keeper.getTracer('patchbay'), ids } : undefined);

  return {
    shutdown: async () => {
      await provider.shutdown().catch(() => undefined);
    },
  };
}

function samplerFromEnvironment() {
  // Where the variable is set, the SDK reads it and its argument by itself.
  if (getStringFromEnv('OTEL_TRACES_SAMPLER')) return {};
  return { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(DEFAULT_RATIO) }) };
}

async function exporterFromEnvironment(): Promise<SpanExporter | undefined> {
  const endpoint =
    getStringFromEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? getStringFromEnv('OTEL_EXPORTER_OTLP_ENDPOINT');
  const isOff =
    getStringFromEnv('OTEL_SDK_DISABLED') === 'true' || getStringFromEnv('OTEL_TRACES_EXPORTER') === 'none';
  if (!endpoint || isOff) return undefined;
  const protocol =
    getStringFromEnv('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? getStringFromEnv('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol === 'http/json') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
    return new OTLPTraceExporter();
  }
  if (protocol && protocol !== 'http/protobuf') {
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL is "${protocol}"; use http/protobuf or http/json`);
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter();
}
