import type { CredentialInput } from '#contracts/vault.contract';
import { createPrivateKey } from 'node:crypto';
import { generate } from 'selfsigned';
import { newPrivateKey, plant, privateKeyCanary, textCanary, type Canary } from './secrets.js';
import type { World } from './world.js';

/** One credential of every type, some in several ways, and their secrets to look for. */
export interface Credentials {
  readonly inputs: readonly CredentialInput[];
  readonly canaries: readonly Canary[];
}

const signature = {
  algorithm: 'sha256',
  encoding: 'hex',
  header: 'X-Signature',
  template: '{{method}}.{{timestamp}}.{{body}}',
  timestampHeader: 'X-Timestamp',
} as const;

export async function credentialsFor(world: World): Promise<Credentials> {
  const canaries: Canary[] = [];
  const text = (name: string) => {
    const secret = plant();
    canaries.push(textCanary(name, secret));
    return secret;
  };
  const origins = [world.origin];
  const bearing = { origins, audience: 'https://api.example', tokenUrl: `${world.origin}/token` };
  const passphrase = text('passphrase of the client certificate');
  const certified = await clientCertificate(passphrase);
  const signingKey = newPrivateKey();
  canaries.push(privateKeyCanary('key of the client certificate', certified.privateKey, passphrase));
  canaries.push(privateKeyCanary('signing key of JWT bearer', signingKey));
  const jwt = {
    ...bearing,
    type: 'oauth2_jwt_bearer',
    algorithm: 'ES256',
    issuer: 'us',
    subject: 'us',
  } as const;
  const inputs: CredentialInput[] = [
    { type: 'bearer', name: 'bearer', origins, token: text('bearer token') },
    {
      type: 'bearer',
      name: 'forbidden',
      origins: [world.forbiddenOrigin],
      token: text('token for a forbidden address'),
    },
    { type: 'basic', name: 'basic', origins, username: 'ada', password: text('basic password') },
    ...(['header', 'query', 'body'] as const).map((where): CredentialInput => {
      const value = text(`API key in the ${where}`);
      return { type: 'api_key', name: where, origins, in: where, parameter: 'X-API-Key', value };
    }),
    {
      ...{ type: 'headers', name: 'headers', origins },
      headers: ['X-A', 'X-B'].map((name) => ({ name, value: text(`header ${name}`) })),
    },
    {
      ...{ type: 'secret', name: 'named', origins, reference: 'NAMED_SECRET' },
      values: { production: text('secret by name'), dev: text('secret by name, of another environment') },
    },
    { type: 'hmac', name: 'hmac', origins, scheme: 'custom', secret: text('HMAC secret'), signature },
    {
      ...{
        type: 'aws_sigv4',
        name: 'aws',
        origins,
        accessKeyId: 'AKIDEXAMPLE',
        region: 'eu-west-1',
        service: 's3',
      },
      secretAccessKey: text('AWS secret key'),
      sessionToken: text('AWS session token'),
    },
    { type: 'mtls', name: 'mtls', origins: [world.tlsOrigin], ...certified, passphrase },
    {
      ...{ type: 'oauth2_client_credentials', name: 'client', ...bearing, clientId: 'us' },
      clientSecret: text('OAuth client secret'),
    },
    {
      ...{
        type: 'oauth2_client_credentials',
        name: 'unknown_client',
        ...bearing,
        clientId: 'us',
        clientAuth: 'post',
      },
      ...{ tokenUrl: `${world.origin}/no-token`, clientSecret: text('OAuth client secret that is refused') },
    },
    { ...jwt, name: 'jwt', privateKey: signingKey },
    { ...jwt, name: 'unknown_jwt', tokenUrl: `${world.origin}/no-token`, privateKey: signingKey },
  ];
  return { inputs, canaries };
}

/** A certificate signed by itself, and its key behind a passphrase. */
async function clientCertificate(passphrase: string): Promise<{ certificate: string; privateKey: string }> {
  const made = await generate([{ name: 'commonName', value: 'patchbay client' }], { keyType: 'ec' });
  const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
  return { certificate: made.cert, privateKey: createPrivateKey(made.private).export(sealed) as string };
}
