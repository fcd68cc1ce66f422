import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

type Answer = (request: ReceivedRequest, response: ServerResponse) => void;

/** An HTTP API of the spec's own on loopback: remembers what it received, answers as told. */
export interface UpstreamServer {
  readonly origin: string;
  readonly requests: ReceivedRequest[];
  /** From now on; `{ok: true}` until told. */
  answer(answer: Answer): void;
  answerJson(status: number, body: unknown): void;
  stop(): Promise<void>;
}

export async function startUpstream(): Promise<UpstreamServer> {
  const requests: ReceivedRequest[] = [];
  const json =
    (status: number, body: unknown): Answer =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
  let current = json(200, { ok: true });
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = incoming;
      const request = { method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString() };
      requests.push(request);
      current(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    answer: (answer) => {
      current = answer;
    },
    answerJson: (status, body) => {
      current = json(status, body);
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
