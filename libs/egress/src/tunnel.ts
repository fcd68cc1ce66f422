import { isIP, connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ConnectError, describeError } from './connect-error.js';
import type { ResolveHost } from './host-resolver.js';
import type { Proxy } from './proxy.js';

export interface TunnelWiring {
  readonly proxy: Proxy;
  readonly resolve: ResolveHost;
  /** PEM certificates trusted in place of the system's roots. */
  readonly ca?: string | readonly string[] | undefined;
}

const MOST_HEAD_BYTES = 16_384;

/** The proxy answered, and it was no. */
class NoTunnel extends ConnectError {
  constructor(readonly status: number) {
    super('proxy', `the proxy answered ${status}`);
  }
}

/**
 * A connection to the first of these addresses that the proxy reaches. It is asked for addresses, never for a name: what
 * was judged here is then what is connected to, whatever the proxy's own DNS would say.
 *
 * @throws ConnectError of the reason `proxy`. Nothing the proxy says is ever taken for an answer of the destination.
 */
export async function openTunnel(
  addresses: readonly string[],
  port: number,
  wiring: TunnelWiring,
  signal: AbortSignal,
): Promise<Socket> {
  let last = new ConnectError('proxy', 'no address to ask for');
  for (const address of addresses) {
    const authority = `${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
    try {
      return await askFor(authority, wiring, signal);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      last = error;
      // 502 to 504: the proxy let it pass and did not reach it. Whatever else it says, it would say again.
      if (!(error instanceof NoTunnel) || error.status < 502 || error.status > 504) break;
    }
  }
  throw last;
}

async function askFor(authority: string, wiring: TunnelWiring, signal: AbortSignal): Promise<Socket> {
  const socket = dial(wiring).on('error', () => undefined); // said by `happening`, and to nobody between two of them
  const giveUp = () => void socket.destroy(new ConnectError('proxy', 'the proxy took too long'));
  signal.addEventListener('abort', giveUp);
  try {
    if (signal.aborted) giveUp();
    await happening(socket, wiring.proxy.isSecure ? 'secureConnect' : 'connect');
    socket.write(wiring.proxy.connectRequest(authority));
    const status = statusOf(await readHead(socket));
    if (status < 200 || status > 299) throw new NoTunnel(status);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof ConnectError
      ? error
      : new ConnectError('proxy', `the proxy: ${describeError(error)}`);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function dial({ proxy, resolve, ca }: TunnelWiring): Socket {
  const { hostname: host, port, isSecure } = proxy;
  const lookup: LookupFunction = (hostname, _options, callback) => {
    resolve(hostname).then(
      (addresses) =>
        callback(
          null,
          addresses.map((address) => ({ address, family: isIP(address) })),
        ),
      (error: unknown) => callback(error as Error, []),
    );
  };
  const options = { host, port, lookup, autoSelectFamily: true, noDelay: true };
  if (!isSecure) return connectTcp(options);
  return connectTls({
    ...options,
    ...(ca !== undefined && { ca: [ca].flat() }),
    ...(isIP(host) === 0 && { servername: host }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  });
}

/** Everything up to the empty line; there is nothing behind it, because whoever is reached does not speak first. */
async function readHead(socket: Socket): Promise<string> {
  let head = '';
  for (;;) {
    // Read, not listened to: a socket that flows would lose what comes before its new owner is there.
    const piece = socket.read() as Buffer | null;
    if (piece === null) {
      await happening(socket, 'readable');
      continue;
    }
    head += piece.toString('latin1');
    const end = head.indexOf('\r\n\r\n');
    if (end >= 0 && end + 4 === head.length) return head;
    if (end >= 0) return refuseRest(head);
    if (head.length > MOST_HEAD_BYTES) throw notHttp();
  }
}

/** A refusal may have a body. Behind a tunnel's opening nothing may stand: it would be read as the destination's. */
function refuseRest(head: string): string {
  const status = statusOf(head);
  if (status < 200 || status > 299) return head;
  throw new ConnectError('proxy', 'the proxy said more than that there is a tunnel');
}

function statusOf(head: string): number {
  const status = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r\n/.exec(head)?.[1];
  if (status === undefined) throw notHttp();
  return Number(status);
}

function notHttp(): ConnectError {
  return new ConnectError('proxy', 'the proxy answered with something that is not HTTP');
}

function closedByProxy(): ConnectError {
  return new ConnectError('proxy', 'the proxy closed the connection');
}

/** Resolves with the event; rejects when the socket ends first. */
function happening(socket: Socket, event: 'connect' | 'secureConnect' | 'readable'): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) throw socket.errored ?? closedByProxy();
    const settle = (act: () => void) => () => {
      socket.off(event, happened).off('error', failed).off('close', closed).off('end', closed);
      act();
    };
    const happened = settle(resolve);
    const closed = settle(() => reject(closedByProxy()));
    let failed: (error: Error) => void = () => undefined;
    failed = (error) => settle(() => reject(error))();
    socket.on(event, happened).on('error', failed).on('close', closed).on('end', closed);
  });
}
