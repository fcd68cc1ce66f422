import { registry } from '#telemetry/metrics';
import { createServer, type Server, type ServerResponse } from 'node:http';

/** Whether the service can do its work; the reason when it cannot. */
export type ReadinessCheck = () => Promise<string | undefined> | string | undefined;

/** `/health/live`, `/health/ready` and `/metrics` on a port of their own, apart from what the service serves. */
export class OperationsServer {
  private readonly server: Server;
  private stopping = false;

  constructor(private readonly checks: Readonly<Record<string, ReadinessCheck>>) {
    this.server = createServer((request, response) => {
      this.answer(request.url ?? '', response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
  }

  /** Listens and tells the port; 0 takes any free one. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /** From now on the service says that it takes no more work. */
  beginShutdown(): void {
    this.stopping = true;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async answer(url: string, response: ServerResponse): Promise<void> {
    const path = url.split('?')[0];
    if (path === '/health/live') {
      reply(response, 200, { status: 'live' });
    } else if (path === '/health/ready') {
      const problems = await this.problems();
      const isReady = Object.keys(problems).length === 0;
      reply(response, isReady ? 200 : 503, isReady ? { status: 'ready' } : { status: 'not ready', problems });
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': registry.contentType });
      response.end(await registry.metrics());
    } else {
      reply(response, 404, { status: 'Here are /health/live, /health/ready and /metrics' });
    }
  }

  private async problems(): Promise<Record<string, string>> {
    if (this.stopping) return { shutdown: 'the service is stopping' };
    const results = await Promise.all(
      Object.entries(this.checks).map(async ([name, check]) => [name, await check()] as const),
    );
    return Object.fromEntries(
      results.filter((result): result is [string, string] => result[1] !== undefined),
    );
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
