import Type from 'typebox';
import { closed } from './common.contract.js';

const HeaderName = Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$" });
const Parameter = Type.String({ minLength: 1, maxLength: 128 });

/** How a request is signed where it is not by Standard Webhooks. */
export const HmacSignature = Type.Object(
  {
    algorithm: Type.Enum(['sha256', 'sha512']),
    encoding: Type.Enum(['hex', 'base64']),
    header: HeaderName,
    prefix: Type.Optional(
      Type.String({
        maxLength: 128,
        description: 'Stands before the signature: `sha256=`, or `t={{timestamp}},v1=`',
      }),
    ),
    template: Type.String({
      minLength: 1,
      maxLength: 1024,
      description:
        'What is signed: text with `{{method}}`, `{{path}}`, `{{query}}`, `{{body}}` and `{{timestamp}}`, each exactly as sent',
    }),
    timestampHeader: Type.Optional(HeaderName),
    timestampFormat: Type.Optional(Type.Enum(['unix', 'unix_ms', 'iso8601'], { default: 'unix' })),
    keyEncoding: Type.Optional(
      Type.Enum(['utf8', 'hex', 'base64'], {
        default: 'utf8',
        description: 'How the secret spells the key',
      }),
    ),
  },
  closed,
);
export type HmacSignature = Type.Static<typeof HmacSignature>;

/** The fields of each type; `secret` is what stands where a secret goes: a value, a value or `keep`, a mask. */
export const credentialTypes = (secret: Type.TSchema) => ({
  none: {},
  bearer: { token: secret },
  basic: { username: Type.String({ minLength: 1, maxLength: 1024 }), password: secret },
  api_key: { in: Type.Enum(['header', 'query', 'body']), parameter: Parameter, value: secret },
  headers: {
    headers: Type.Array(Type.Object({ name: HeaderName, value: secret }, closed), {
      minItems: 1,
      maxItems: 20,
    }),
  },
  hmac: {
    scheme: Type.Enum(['standard_webhooks', 'custom']),
    secret,
    signature: Type.Optional(HmacSignature),
  },
  aws_sigv4: {
    accessKeyId: Type.String({ pattern: '^[A-Za-z0-9_]{4,128}$' }),
    secretAccessKey: secret,
    sessionToken: Type.Optional(secret),
    region: Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
    service: Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
  },
  mtls: {
    certificate: Type.String({
      minLength: 1,
      maxLength: 32_768,
      description: 'PEM: the certificate, then those that lead from it to the authority',
    }),
    privateKey: secret,
    passphrase: Type.Optional(secret),
  },
});

export type CredentialType = keyof ReturnType<typeof credentialTypes>;

/** What each type of credential consists of; `Secret` stands where a secret goes: a value, an envelope, a mask. */
export type Typed<Secret> =
  | { type: 'none' }
  | { type: 'bearer'; token: Secret }
  | { type: 'basic'; username: string; password: Secret }
  | { type: 'api_key'; in: 'header' | 'query' | 'body'; parameter: string; value: Secret }
  | { type: 'headers'; headers: { name: string; value: Secret }[] }
  | { type: 'hmac'; scheme: 'standard_webhooks' | 'custom'; secret: Secret; signature?: HmacSignature }
  | {
      type: 'aws_sigv4';
      accessKeyId: string;
      secretAccessKey: Secret;
      sessionToken?: Secret;
      region: string;
      service: string;
    }
  | { type: 'mtls'; certificate: string; privateKey: Secret; passphrase?: Secret };

/** What a client certificate says of itself. */
export const CertificateSummary = Type.Object(
  { subject: Type.String(), issuer: Type.String(), notAfter: Type.String({ format: 'date-time' }) },
  closed,
);
export type CertificateSummary = Type.Static<typeof CertificateSummary>;
