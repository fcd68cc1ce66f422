import { authority, key, trusted } from '#egress/testing/certificates';
import { ConnectProxy, tunnel, type ProxyBehaviour } from '#egress/testing/connect-proxy';
import { response, Upstream } from '#egress/testing/upstream';
import { startUpstream, type ReceivedRequest, type UpstreamServer } from '#testing/upstream-server';

/** The APIs that tools call here, and that do with the secrets they are sent what a careless or hostile server would. */
export class World {
  /** Access tokens in the order in which they are given out; the first of them is refused. */
  readonly tokens: string[] = [];
  private constructor(
    private readonly http: UpstreamServer,
    private readonly https: Upstream,
    private readonly proxy: ConnectProxy,
    private readonly makeToken: () => string,
  ) {
    http.answer((request, reply) => {
      const { status, headers = {}, body } = this.answerTo(request);
      reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
  }

  static async start(makeToken: () => string): Promise<World> {
    const tls = { key, cert: trusted, requestCert: true, rejectUnauthorized: false };
    const echoing = await Upstream.start((socket, request) => {
      socket.write(response(JSON.stringify({ request }), 'content-type: application/json\r\n'));
    }, tls);
    return new World(await startUpstream(), echoing, await ConnectProxy.start(proxying), makeToken);
  }

  get origin(): string {
    return this.http.origin;
  }

  /** Asks for a client certificate. */
  get tlsOrigin(): string {
    return `https://127.0.0.1:${this.https.port}`;
  }

  /** The proxy lets nobody through to it. */
  readonly forbiddenOrigin = `http://127.0.0.1:${FORBIDDEN_PORT}`;

  get proxyPort(): number {
    return this.proxy.port;
  }

  /** What the proxy was asked, word for word. */
  get proxyRequests(): readonly string[] {
    return this.proxy.requests;
  }

  /** Of who signed its certificate. */
  readonly authority = authority;

  get requests(): readonly ReceivedRequest[] {
    return this.http.requests;
  }

  get tlsRequests(): readonly string[] {
    return this.https.requests;
  }

  async stop(): Promise<void> {
    await Promise.all([this.http.stop(), this.https.stop(), this.proxy.stop()]);
  }

  private answerTo(request: ReceivedRequest): {
    status: number;
    headers?: Record<string, string>;
    body: string;
  } {
    const echo = echoOf(request);
    switch (request.url.split('?')[0]) {
      case '/echo':
        return { status: 200, headers: { 'x-echo': headerSafe(request) }, body: echo };
      case '/failing':
        return { status: 500, headers: { 'content-type': 'text/plain' }, body: `It broke on ${echo}` };
      case '/refusing':
        return {
          status: 403,
          headers: { 'content-type': 'text/html' },
          body: `<p title="${echo}">${echo}</p>`,
        };
      case '/elsewhere':
        return {
          status: 302,
          headers: { location: `/echo?was=${encodeURIComponent(headerSafe(request))}` },
          body: echo,
        };
      case '/garbage':
        return { status: 200, body: echo.slice(0, -4) };
      case '/expiring': {
        const isFirst =
          this.tokens[0] !== undefined && request.headers.authorization?.endsWith(this.tokens[0]);
        return { status: isFirst ? 401 : 200, body: echo };
      }
      case '/token': {
        const token = this.makeToken();
        this.tokens.push(token);
        return {
          status: 200,
          body: JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 3600 }),
        };
      }
      case '/no-token': {
        const said = {
          error: 'invalid_client',
          error_description: `${request.headers.authorization ?? ''} ${request.body}`,
        };
        return { status: 400, body: JSON.stringify(said) };
      }
      default:
        return { status: 404, body: echo };
    }
  }
}

const FORBIDDEN_PORT = 9;
const honest = tunnel();

/** Refuses one address, with all that it was told. */
const proxying: ProxyBehaviour = (client, head) => {
  if (!head.startsWith(`CONNECT 127.0.0.1:${FORBIDDEN_PORT} `)) {
    honest(client, head);
    return;
  }
  const [, authorization = ''] = /proxy-authorization: (.*)/i.exec(head) ?? [];
  const echo = `x-echo: ${authorization}\r\ncontent-length: ${head.length}\r\n\r\n${head}`;
  client.end(`HTTP/1.1 407 Not as ${authorization}\r\n${echo}`);
};

/** All that was sent, in clear and in the encodings that servers like. */
function echoOf({ method, url, headers, rawHeaders, body }: ReceivedRequest): string {
  const all = Buffer.from([method, url, ...rawHeaders, body].join('\n'));
  const decoded = url.includes('%') ? decodeURIComponent(url) : url;
  return JSON.stringify({
    url,
    decoded,
    headers,
    body,
    parsed: body.startsWith('{') ? (JSON.parse(body) as unknown) : undefined,
    base64: all.toString('base64'),
    base64url: all.toString('base64url'),
    hex: all.toString('hex'),
    percent: encodeURIComponent(all.toString()),
  });
}

/** The secrets of a request on one line. */
function headerSafe({ headers, url }: ReceivedRequest): string {
  return `${headers.authorization ?? ''} ${String(headers['x-api-key'] ?? '')} ${url}`;
}
