import { nkeyAuthenticator, type ConnectionOptions } from '@nats-io/transport-node';

/** Where the bus is, and what it asks of a client. */
export interface NatsAccess {
  readonly natsUrl: string;
  readonly natsUser?: string;
  readonly natsPassword?: string;
  /** An nkey seed, `SU…`. */
  readonly natsSeed?: string;
  readonly natsInboxPrefix?: string;
  /** PEM file of the authority that signed the server's certificate. */
  readonly natsCaFile?: string;
}

/** The same for `connect` of a NATS library. */
export function natsOptions(access: NatsAccess): ConnectionOptions {
  const { natsUrl, natsUser, natsPassword, natsSeed, natsInboxPrefix, natsCaFile } = access;
  return {
    servers: natsUrl.split(','),
    ...(natsUser && { user: natsUser, pass: natsPassword ?? '' }),
    ...(natsSeed && { authenticator: nkeyAuthenticator(new TextEncoder().encode(natsSeed)) }),
    ...(natsInboxPrefix && { inboxPrefix: natsInboxPrefix }),
    ...(natsCaFile && { tls: { caFile: natsCaFile } }),
  };
}
