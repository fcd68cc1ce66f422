import type { BusAccess } from '#contracts/bus-access';

/** A user of the bus, known to the server by its public nkey alone. */
export interface BusUser {
  readonly name: string;
  /** `U…`, 56 characters of base32. */
  readonly publicKey: string;
  /** `'everything'` is for an operator's own tools. */
  readonly access: BusAccess | 'everything';
}

export interface BusServer {
  readonly host: string;
  readonly port: number;
  /** JetStream's folder. */
  readonly storeDir: string;
  /** PEM files; clients without TLS are then turned away. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  readonly users: readonly BusUser[];
}

const ACCOUNT = 'PATCHBAY';
/** Seconds for a client to say who it is. The server's own two are too few for a process that starts on a busy machine. */
const AUTHENTICATION_S = 15;
/** One reply to each request, within the longest execution an operator may allow. */
const RESPONSES = { max: 1, expires: '150s' };

/**
 * nats-server's configuration file: one account, a user with an nkey for each of `users`, nobody else let in. Nothing
 * in it is secret.
 * @throws RangeError when a public key is not one
 */
export function busConfiguration({ host, port, storeDir, tls, users }: BusServer): string {
  return [
    `host: ${quoted(host)}`,
    `port: ${port}`,
    'max_payload: 1MB',
    `jetstream { store_dir: ${quoted(storeDir)}, max_file_store: 1GB }`,
    ...(tls ? [`tls { cert_file: ${quoted(tls.certFile)}, key_file: ${quoted(tls.keyFile)} }`] : []),
    `authorization { timeout: ${AUTHENTICATION_S} }`,
    'accounts {',
    `  ${ACCOUNT} {`,
    '    jetstream: enabled',
    '    users: [',
    ...users.map(userLine),
    '    ]',
    '  }',
    '}',
    '',
  ].join('\n');
}

function userLine({ name, publicKey, access }: BusUser): string {
  if (!/^U[A-Z2-7]{55}$/.test(publicKey)) throw new RangeError(`The public nkey of \`${name}\` is not one`);
  const nkey = `nkey: ${publicKey}`;
  if (access === 'everything') return `      { ${nkey} } # ${name}`;
  return [
    `      { ${nkey}, permissions: { # ${name}`,
    `        publish: ${permission(access.publish)}`,
    `        subscribe: ${permission(access.subscribe)}`,
    `        allow_responses: { max: ${RESPONSES.max}, expires: "${RESPONSES.expires}" }`,
    '      } }',
  ].join('\n');
}

/** An empty list of what is allowed would mean: all. */
function permission(subjects: readonly string[]): string {
  return subjects.length > 0 ? `{ allow: [${subjects.map(quoted).join(', ')}] }` : '{ deny: [">"] }';
}

const quoted = (text: string) => JSON.stringify(text);
