import type { ReceivedSpan } from './otlp-sink.js';

export interface PlatformOptions {
  /** Data, keys and logs live here, and stay. */
  readonly home: string;
  /** Ports one would like; any free one otherwise. */
  readonly ports?: {
    readonly rest?: number;
    readonly nats?: number;
    readonly postgres?: number;
    readonly sample?: number;
  };
  /** Servers to use in place of ones of our own. */
  readonly databaseUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  /** Whether our bus speaks TLS only. Without it, nothing but this machine is to reach the bus. */
  readonly busTls?: boolean;
  /** Lets somebody in on our bus who may do everything there, for specs and benches. */
  readonly operator?: boolean;
  /** Added to what every service is told. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether processes that die are started again. */
  readonly restarts?: boolean;
  /** Receives every span; absent, spans go where `OTEL_*` says, or nowhere. */
  readonly onSpan?: (span: ReceivedSpan) => void;
  readonly say?: (message: string) => void;
  /** Has our nats-server say all that passes over the bus, payloads included: for specs only. */
  readonly traceBus?: boolean;
  /** Hears every line that any of the processes writes. */
  readonly onLine?: (process: string, line: string) => void;
  /** Hears the pid of every process that is started. */
  readonly onProcess?: (pid: number) => void;
  /** Stops everything once aborted, also what is only starting. */
  readonly signal?: AbortSignal;
}
