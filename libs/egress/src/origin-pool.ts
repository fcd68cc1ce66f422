import { Pool } from 'undici';
import type { EgressPolicy } from './egress-policy.js';
import { notSent, type EgressResult } from './egress-result.js';
import { Exchange, type ExchangeLimits } from './exchange.js';
import { guardedConnector, type ConnectorWiring } from './guarded-connector.js';
import type { Target } from './parse-target.js';

/** Bounds of one origin's connections, with what they are unless said otherwise. */
export interface PoolLimits {
  /** Connections at a time: 64. */
  readonly connections: number;
  /** Requests that may wait for one of those connections before the answer is `busy`: 256. */
  readonly waiting: number;
  /** Longest an idle connection is kept, in milliseconds: 15,000; less where the server's `keep-alive` header says so. */
  readonly keepAliveMs: number;
  /** Age in milliseconds after which a connection takes no new request, so that changes of DNS get through: 300,000. */
  readonly connectionTtlMs: number;
}

/** One request as it goes on the wire; name and value of each header alternate. */
export interface WireRequest {
  readonly method: string;
  readonly headers: string[];
  readonly body?: string | Buffer;
}

/** Largest head of a response: status line and header fields together. */
const MAX_RESPONSE_HEAD_BYTES = 16_384;

/** The connections to one origin under one policy. */
export class OriginPool {
  /** Requests undici holds, given-up ones included until it has let go of them. */
  inFlight = 0;
  private readonly pool: Pool;
  private readonly release = () => {
    this.inFlight -= 1;
  };

  constructor(
    { origin, reach }: Target,
    policy: EgressPolicy,
    private readonly limits: PoolLimits,
    wiring: ConnectorWiring,
  ) {
    this.pool = new Pool(origin, {
      connect: guardedConnector(policy, reach, wiring),
      connections: limits.connections,
      clientTtl: limits.connectionTtlMs,
      keepAliveTimeout: limits.keepAliveMs,
      keepAliveMaxTimeout: limits.keepAliveMs,
      maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
      allowH2: false,
      pipelining: 1, // with more, undici writes a request again when the one before it loses the connection
      headersTimeout: 0, // the caller's signal is the one clock
      bodyTimeout: 0,
    });
  }

  /** Sends one request; like all of this library it resolves with a failure rather than rejecting. */
  send(path: string, request: WireRequest, limits: ExchangeLimits): Promise<EgressResult> {
    if (this.inFlight >= this.limits.connections + this.limits.waiting) {
      return Promise.resolve(notSent('busy', `${this.inFlight} requests to this origin are under way`));
    }
    this.inFlight += 1;
    const exchange = new Exchange(limits, this.release);
    const { method, headers, body } = request;
    this.pool.dispatch({ path, method, headers, body }, exchange);
    return exchange.result;
  }

  /** Lets the requests under way finish, then closes the connections. */
  close(): Promise<void> {
    return this.pool.close();
  }
}
