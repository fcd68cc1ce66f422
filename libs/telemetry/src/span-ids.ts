import { RandomIdGenerator, type IdGenerator } from '@opentelemetry/sdk-trace-base';

/** Gives random ids, or those of a span that was not sampled when it began and is to be kept after all. */
export class SpanIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private next: { traceId: string; spanId: string } | undefined;

  /** Runs `start`, whose first span gets these ids. Spans start synchronously, so nothing can come between. */
  with<T>(ids: { traceId: string; spanId: string }, start: () => T): T {
    this.next = ids;
    try {
      return start();
    } finally {
      this.next = undefined;
    }
  }

  generateTraceId = (): string => this.next?.traceId ?? this.random.generateTraceId();

  generateSpanId = (): string => this.next?.spanId ?? this.random.generateSpanId();
}
