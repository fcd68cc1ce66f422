import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { describeAddress } from './address-policy.js';
import type { ClientCertificate } from './client-certificate.js';
import { ConnectError, describeError } from './connect-error.js';
import type { EgressPolicy, Reach } from './egress-policy.js';
import { guardAgainstFloods } from './flood-guard.js';
import type { ResolveHost } from './host-resolver.js';
import type { Proxy } from './proxy.js';
import { openTunnel, type TunnelWiring } from './tunnel.js';

/** What connections are made with; the same for every origin. */
export interface ConnectorWiring {
  readonly resolve: ResolveHost;
  /** PEM certificates trusted in place of the system's roots. */
  readonly ca?: string | readonly string[];
  /** Longest wait for a connection in milliseconds, DNS and TLS included; undici rounds it up by as much as a second. */
  readonly connectTimeoutMs: number;
  readonly clientCertificate?: ClientCertificate;
  /** Every connection goes through it. */
  readonly proxy?: Proxy | undefined;
}

/** A name with more addresses than this is tried at the first few; all of them are judged. */
const MOST_ADDRESSES_TRIED = 6;

/**
 * Opens connections for undici, to allowed addresses only. Three walls: a literal address is judged before connecting,
 * because neither undici nor Node looks literals up; a name is resolved and judged here and Node connects to exactly
 * those addresses, so DNS has no second say; and the peer of an open connection is judged again before it is used.
 *
 * Through a proxy the first two stand as they are, and the proxy is asked for the address that was judged. The peer is
 * then the proxy, so the third is the proxy's own.
 */
export function guardedConnector(
  policy: EgressPolicy,
  reach: Reach,
  { resolve, ca, connectTimeoutMs, clientCertificate, proxy }: ConnectorWiring,
): buildConnector.connector {
  const allowedAddresses = async (hostname: string): Promise<readonly string[]> => {
    const addresses = isIP(hostname) === 0 ? await resolveName(resolve, hostname) : [hostname];
    const denied = addresses.find((one) => !policy.permits(one, reach));
    if (denied !== undefined) throw notAllowed(hostname, denied);
    return addresses.slice(0, MOST_ADDRESSES_TRIED);
  };
  const connect = buildConnector({
    allowH2: false,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // said aloud: NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise decide
    ...(ca === undefined ? {} : { ca: [ca].flat() }),
    ...clientCertificate?.tlsOptions(),
    lookup: asLookup(allowedAddresses),
    autoSelectFamily: true, // tries the next address when one does not answer
    autoSelectFamilyAttemptTimeout: 500,
    timeout: connectTimeoutMs,
  });
  if (proxy) return tunnelled(connect, allowedAddresses, { proxy, resolve, ca }, connectTimeoutMs);
  return (to, callback) => {
    if (isIP(to.hostname) !== 0 && !policy.permits(to.hostname, reach)) {
      callback(notAllowed(to.hostname, to.hostname), null);
      return;
    }
    begin(connect, to, (...[error, socket]) => {
      if (error) {
        callback(error, null);
        return;
      }
      const problem = judgePeer(socket.remoteAddress, policy, reach);
      if (!problem) {
        guardAgainstFloods(socket);
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(problem, null);
    });
  };
}

/** Connections inside tunnels: TLS is spoken with the destination, and verified against its name. */
function tunnelled(
  connect: buildConnector.connector,
  allowedAddresses: (hostname: string) => Promise<readonly string[]>,
  wiring: TunnelWiring,
  timeoutMs: number,
): buildConnector.connector {
  return (to, callback) => {
    const guarded: buildConnector.Callback = (...[error, socket]) => {
      if (socket) guardAgainstFloods(socket);
      if (error) callback(error, null);
      else callback(null, socket);
    };
    const signal = AbortSignal.timeout(timeoutMs);
    const port = Number(to.port) || (to.protocol === 'https:' ? 443 : 80);
    allowedAddresses(to.hostname)
      .then((addresses) => openTunnel(addresses, port, wiring, signal))
      .then(
        (socket) => {
          if (to.protocol === 'https:') begin(connect, { ...to, httpSocket: socket }, guarded);
          else guarded(null, socket);
        },
        (error: unknown) => callback(asConnectError(error as Error, to.protocol), null),
      );
  };
}

function begin(
  connect: buildConnector.connector,
  to: buildConnector.Options,
  callback: buildConnector.Callback,
): void {
  try {
    connect(to, (...[error, socket]) => {
      if (error) callback(asConnectError(error, to.protocol), null);
      else callback(null, socket);
    });
  } catch (error) {
    // A client certificate whose key does not open is found out here, before anything is connected.
    callback(new ConnectError('tls', describeError(error)), null);
  }
}

async function resolveName(resolve: ResolveHost, hostname: string): Promise<readonly string[]> {
  const addresses = await resolve(hostname).catch((error: unknown) => {
    throw new ConnectError('dns', `${hostname}: ${describeError(error)}`);
  });
  if (addresses.length === 0) throw new ConnectError('dns', `${hostname} has no address`);
  return addresses;
}

function asLookup(allowedAddresses: (hostname: string) => Promise<readonly string[]>): LookupFunction {
  return (hostname, _options, callback) => {
    allowedAddresses(hostname).then(
      (addresses) => callback(null, addresses.map((address) => ({ address, family: isIP(address) }))), // prettier-ignore
      (error: unknown) => callback(error as ConnectError, []),
    );
  };
}

function judgePeer(peer: string | undefined, policy: EgressPolicy, reach: Reach): ConnectError | undefined {
  if (peer === undefined) return new ConnectError('connect', 'the peer left as soon as it was connected');
  return policy.permits(peer, reach) ? undefined : notAllowed('the peer', peer);
}

function notAllowed(who: string, address: string): ConnectError {
  const what = describeAddress(address);
  return new ConnectError(
    'refused',
    `${who} has the address ${address} (${what}), which the policy does not allow`,
  );
}

function asConnectError(error: Error & { code?: string; syscall?: string }, protocol: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const beforeTls =
    error.syscall === 'connect' || error.code === 'UND_ERR_CONNECT_TIMEOUT' || 'errors' in error;
  return new ConnectError(protocol === 'https:' && !beforeTls ? 'tls' : 'connect', describeError(error));
}
