import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { describeAddress } from './address-policy.js';
import type { ClientCertificate } from './client-certificate.js';
import type { EgressPolicy, Reach } from './egress-policy.js';
import type { ResolveHost } from './host-resolver.js';

/** Why no connection came about; nothing of the request has left. The message is for operators. */
export class ConnectError extends Error {
  // undici connects again, for ever, on errors whose code says UND_ERR_SOCKET or UND_ERR_INFO: ours must not.
  readonly code = 'EGRESS_CONNECT';

  constructor(
    readonly reason: 'refused' | 'dns' | 'connect' | 'tls',
    message: string,
  ) {
    super(message);
    this.name = 'ConnectError';
  }
}

/** What connections are made with; the same for every origin. */
export interface ConnectorWiring {
  readonly resolve: ResolveHost;
  /** PEM certificates trusted in place of the system's roots. */
  readonly ca?: string | readonly string[];
  /** Longest wait for a connection in milliseconds, DNS and TLS included; undici rounds it up by as much as a second. */
  readonly connectTimeoutMs: number;
  readonly clientCertificate?: ClientCertificate;
}

/** A name with more addresses than this is tried at the first few; all of them are judged. */
const MOST_ADDRESSES_TRIED = 6;

/**
 * Opens connections for undici, to allowed addresses only. Three walls: a literal address is judged before connecting,
 * because neither undici nor Node looks literals up; a name is resolved and judged here and Node connects to exactly
 * those addresses, so DNS has no second say; and the peer of an open connection is judged again before it is used.
 */
export function guardedConnector(
  policy: EgressPolicy,
  reach: Reach,
  { resolve, ca, connectTimeoutMs, clientCertificate }: ConnectorWiring,
): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true, // said aloud: NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise decide
    ...(ca === undefined ? {} : { ca: [ca].flat() }),
    ...clientCertificate?.tlsOptions(),
    lookup: guardedLookup(policy, reach, resolve),
    autoSelectFamily: true, // tries the next address when one does not answer
    autoSelectFamilyAttemptTimeout: 500,
    timeout: connectTimeoutMs,
  });
  return (to, callback) => {
    if (isIP(to.hostname) !== 0 && !policy.permits(to.hostname, reach)) {
      callback(notAllowed(to.hostname, to.hostname), null);
      return;
    }
    const judged: buildConnector.Callback = (...[error, socket]) => {
      if (error) {
        callback(asConnectError(error, to.protocol), null);
        return;
      }
      const problem = judgePeer(socket.remoteAddress, policy, reach);
      if (!problem) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(problem, null);
    };
    try {
      connect(to, judged);
    } catch (error) {
      // A client certificate whose key does not open is found out here, before anything is connected.
      callback(new ConnectError('tls', describe(error)), null);
    }
  };
}

function guardedLookup(policy: EgressPolicy, reach: Reach, resolve: ResolveHost): LookupFunction {
  return (hostname, _options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const denied = addresses.find((one) => !policy.permits(one, reach));
        if (denied !== undefined) {
          callback(notAllowed(hostname, denied), []);
        } else if (addresses.length === 0) {
          callback(new ConnectError('dns', `${hostname} has no address`), []);
        } else {
          const tried = addresses.slice(0, MOST_ADDRESSES_TRIED);
          callback(
            null,
            tried.map((address) => ({ address, family: isIP(address) })),
          );
        }
      },
      (error: unknown) => callback(new ConnectError('dns', `${hostname}: ${describe(error)}`), []),
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
  return new ConnectError(protocol === 'https:' && !beforeTls ? 'tls' : 'connect', describe(error));
}

/** The message of an error; those of its parts when several addresses failed, each in its own way. */
function describe(error: unknown): string {
  const { message, errors } = error as { message?: string; errors?: readonly Error[] };
  return errors?.map((one) => one.message).join('; ') ?? message ?? 'failed';
}
