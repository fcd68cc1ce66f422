import { once } from 'node:events';
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What a proxy does about a request for a tunnel; `head` is all of it. */
export type ProxyBehaviour = (client: Socket, head: string) => void;

/** A CONNECT proxy, honest unless told otherwise. It says how often anybody came, and what for. */
export class ConnectProxy {
  connections = 0;
  /** The heads of the requests, in order. */
  readonly requests: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(behaviour: ProxyBehaviour = tunnel(), tls?: TlsOptions): Promise<ConnectProxy> {
    const server = tls ? createTlsServer(tls) : createTcpServer();
    const proxy = new ConnectProxy(server);
    server.on('connection', (socket: Socket) => {
      proxy.connections += 1;
      proxy.sockets.add(socket);
    });
    server.on(tls ? 'secureConnection' : 'connection', (client: Socket) => proxy.serve(client, behaviour));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** What was asked for: `address:port`, in order. */
  get asked(): string[] {
    return this.requests.map((head) => head.split(' ')[1] ?? '');
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(client: Socket, behaviour: ProxyBehaviour): void {
    let head = '';
    client.on('error', () => undefined);
    const onData = (piece: Buffer) => {
      head += piece.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      client.off('data', onData).pause();
      this.requests.push(head);
      behaviour(client, head);
    };
    client.on('data', onData);
  }
}

/** Opens the tunnel that was asked for. @param to goes there instead. */
export function tunnel(to?: { readonly host: string; readonly port: number }): ProxyBehaviour {
  return (client, head) => {
    const [, host = '', port = ''] = /^CONNECT \[?([^ ]*?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const onward = connect(to ?? { host, port: Number(port) });
    onward.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'));
    onward.on('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    client.on('close', () => onward.destroy());
  };
}
