import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';

/** Listens on every address of the machine, IPv4 and IPv6, and counts who comes. Whoever does is answered, too. */
export class Canary {
  connections = 0;
  private readonly servers: Server[] = [];

  /** On a port of its own, and on those of https and http where this process may and nobody else does. */
  static async start(): Promise<Canary> {
    const canary = new Canary();
    await canary.listen(0);
    for (const port of [80, 443, 8443]) await canary.listen(port).catch(() => undefined);
    return canary;
  }

  get port(): number {
    return (this.servers[0]?.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => once(server.close(), 'close')));
  }

  private async listen(wanted: number): Promise<void> {
    const first = await this.listenOn('0.0.0.0', wanted);
    // Where there is no IPv6 nobody can come by it.
    await this.listenOn('::', (first.address() as AddressInfo).port).catch(() => undefined);
  }

  private async listenOn(host: string, port: number): Promise<Server> {
    const server = createServer((socket) => {
      this.connections += 1;
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
    });
    server.listen({ host, port, ipv6Only: true });
    await once(server, 'listening');
    this.servers.push(server);
    return server;
  }
}
