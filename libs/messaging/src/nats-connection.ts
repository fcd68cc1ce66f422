import { connect, nkeyAuthenticator, type NatsConnection, type Status } from '@nats-io/transport-node';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';

export interface NatsOptions {
  /** `nats://host:port`, several separated by commas. */
  readonly url: string;
  /** Shown by the server beside the connection. */
  readonly name: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** An nkey seed (`SU…`); goes before user and password. */
  readonly nkeySeed?: string | undefined;
  readonly inboxPrefix?: string | undefined;
  /** PEM file of the authority that signed the server's certificate; the connection is then TLS or none. */
  readonly caFile?: string | undefined;
}

/** The process's one connection: never gives up, and knows whether it is up. */
export class NatsLink {
  private connected = true;
  private readonly reconnectListeners = new Set<() => void>();

  private constructor(readonly connection: NatsConnection) {
    void this.watch();
  }

  /** Waits for the first connection as long as it takes. */
  static async open(options: NatsOptions): Promise<NatsLink> {
    const { url, name, user, password, nkeySeed, inboxPrefix, caFile } = options;
    // Subscribers run in the context of whoever connects: an empty one, or every message would carry that trace.
    const connection = await context.with(ROOT_CONTEXT, () =>
      connect({
        servers: url.split(','),
        name,
        ...(user && { user, pass: password ?? '' }),
        ...(nkeySeed && { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) }),
        ...(inboxPrefix && { inboxPrefix }),
        ...(caFile && { tls: { caFile } }),
        maxReconnectAttempts: -1, // the default gives up for good after about 20 s
        waitOnFirstConnect: true,
        reconnectTimeWait: 200,
        reconnectJitter: 200,
        pingInterval: 5000, // two missed pings: a frozen server is noticed within 15 s instead of 6 min
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true, // saves an Error object per request
      }),
    );
    return new NatsLink(connection);
  }

  /** Whether requests can be sent now; while it is false, what is published would be lost without a word. */
  get isConnected(): boolean {
    return this.connected && !this.connection.isClosed();
  }

  /** The largest message the server takes, bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  /** Calls back after each reconnection: announcements may have been missed. */
  onReconnect(listener: () => void): void {
    this.reconnectListeners.add(listener);
  }

  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    // A drain waits for the server's answer, which a lost server never gives.
    if (this.connected) await this.connection.drain();
    else await this.connection.close();
  }

  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) this.note(status);
  }

  private note({ type }: Status): void {
    if (type === 'disconnect' || type === 'staleConnection') this.connected = false;
    if (type === 'reconnect') {
      this.connected = true;
      for (const listener of this.reconnectListeners) listener();
    }
  }
}
