import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What an upstream does with the nth request of a connection (from 1); `request` is all of it, head and body. */
export type Behaviour = (socket: Socket, request: string, nth: number) => void;

/**
 * An upstream that speaks in bytes, so that a spec decides what a real server never would. It listens on every
 * address of the machine: as a canary, `connections` says whether anybody came at all.
 */
export class Upstream {
  connections = 0;
  /** Every whole request received, in order of arrival. */
  readonly requests: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    behaviour: Behaviour,
    ready: 'connection' | 'secureConnection',
  ) {
    server.on('connection', () => (this.connections += 1));
    server.on(ready, (socket: Socket) => this.serve(socket, behaviour));
  }

  static async start(behaviour: Behaviour = answer(response('ok')), tls?: TlsOptions): Promise<Upstream> {
    const upstream = tls
      ? new Upstream(createTlsServer(tls), behaviour, 'secureConnection')
      : new Upstream(createTcpServer(), behaviour, 'connection');
    upstream.server.listen(0, '0.0.0.0');
    await once(upstream.server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Resolves once this many whole requests have come in. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) await this.change();
  }

  /** Resolves once no connection is open any more. */
  async idle(): Promise<void> {
    while (this.sockets.size > 0) await this.change();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket, behaviour: Behaviour): void {
    let pending = '';
    let nth = 0;
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.changed();
    });
    socket.on('data', (piece: Buffer) => {
      pending += piece.toString('latin1');
      for (let size = requestSize(pending); size > 0; size = requestSize(pending)) {
        const request = pending.slice(0, size);
        pending = pending.slice(size);
        this.requests.push(request);
        behaviour(socket, request, ++nth);
        this.changed();
      }
    });
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private changed(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** Answers every request with these bytes. */
export function answer(response: string | Buffer): Behaviour {
  return (socket) => void socket.write(response);
}

/** A whole response with this body. */
export function response(body: string | Buffer, headers = ''): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n${headers}\r\n`),
    bytes,
  ]);
}

/** How many characters the first request takes; 0 while it is not whole. */
function requestSize(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
  const size = headEnd + 4 + length;
  return text.length >= size ? size : 0;
}
