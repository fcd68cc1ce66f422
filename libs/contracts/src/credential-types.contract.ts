import { SECRET_NAME } from '#toolcall/known-names';
import Type from 'typebox';
import { closed, type Environment } from './common.contract.js';

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

/** What templates call a secret: `{{CRM_API_KEY}}`. */
export const SecretName = Type.String({ pattern: SECRET_NAME.source });

/** Where access tokens come from, and how to know that one has ended before its time. */
const tokenFields = {
  tokenUrl: Type.String({
    minLength: 1,
    maxLength: 2048,
    description: 'The token endpoint. It is called by the vault, under the same rules as every API',
  }),
  scope: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  expiredWhen: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 300,
      description:
        'Besides 401: when an answer of the API means that the token has expired, such as `body.error == "token_expired"`',
    }),
  ),
};

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
  secret: {
    reference: SecretName,
    values: Type.Object(
      { production: Type.Optional(secret), staging: Type.Optional(secret), dev: Type.Optional(secret) },
      { ...closed, minProperties: 1 },
    ),
  },
  oauth2_client_credentials: {
    ...tokenFields,
    clientId: Type.String({ minLength: 1, maxLength: 1024 }),
    clientSecret: secret,
    clientAuth: Type.Optional(Type.Enum(['basic', 'post'], { default: 'basic' })),
    audience: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
  },
  oauth2_jwt_bearer: {
    ...tokenFields,
    algorithm: Type.Enum(['RS256', 'ES256']),
    privateKey: secret,
    keyId: Type.Optional(Parameter),
    issuer: Type.String({ minLength: 1, maxLength: 1024 }),
    subject: Type.String({ minLength: 1, maxLength: 1024 }),
    audience: Type.String({ minLength: 1, maxLength: 1024 }),
  },
  oauth2_authorization_code: {
    ...tokenFields,
    authorizationUrl: Type.String({
      minLength: 1,
      maxLength: 2048,
      description: 'Where somebody is sent to sign in and agree',
    }),
    clientId: Type.String({ minLength: 1, maxLength: 1024 }),
    clientSecret: Type.Optional(secret),
    clientAuth: Type.Optional(Type.Enum(['basic', 'post'], { default: 'basic' })),
    audience: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 })),
    authorizationParameters: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$' }),
            value: Type.String({ maxLength: 512 }),
          },
          closed,
        ),
        { maxItems: 20, description: 'What the server wants besides, such as `access_type=offline`' },
      ),
    ),
    connectedBy: Type.Enum(['organization', 'end_user'], {
      description: 'Whose account is used: one for all calls, or that of the contact of the call',
    }),
    issuer: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 1024,
        description: 'The server’s name for itself: the `iss` that it must come back with (RFC 9207)',
      }),
    ),
    revocationUrl: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2048,
        description: 'Told when an account is disconnected (RFC 7009)',
      }),
    ),
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
  | { type: 'mtls'; certificate: string; privateKey: Secret; passphrase?: Secret }
  | NamedSecret<Secret>
  | ClientCredentials<Secret>
  | JwtBearer<Secret>
  | AuthorizationCode<Secret>;

/** A secret that templates name, of which each environment has a value of its own, or none. */
export interface NamedSecret<Secret> {
  type: 'secret';
  reference: string;
  values: Partial<Record<Environment, Secret>>;
}

interface TokenFields<Secret> {
  tokenUrl: string;
  scope?: string;
  expiredWhen?: string;
  /** The vault's own: what it keeps access tokens under. Neither entered nor shown. */
  tokenKey?: Secret;
}

export interface ClientCredentials<Secret> extends TokenFields<Secret> {
  type: 'oauth2_client_credentials';
  clientId: string;
  clientSecret: Secret;
  clientAuth?: 'basic' | 'post';
  audience?: string;
}

export interface JwtBearer<Secret> extends TokenFields<Secret> {
  type: 'oauth2_jwt_bearer';
  algorithm: 'RS256' | 'ES256';
  privateKey: Secret;
  keyId?: string;
  issuer: string;
  subject: string;
  audience: string;
}

export interface AuthorizationCode<Secret> extends TokenFields<Secret> {
  type: 'oauth2_authorization_code';
  authorizationUrl: string;
  clientId: string;
  /** Absent where the client is a public one. */
  clientSecret?: Secret;
  clientAuth?: 'basic' | 'post';
  audience?: string;
  authorizationParameters?: { name: string; value: string }[];
  connectedBy: 'organization' | 'end_user';
  issuer?: string;
  revocationUrl?: string;
  /** The vault's own: the version of the credential that accounts connected before have to be connected anew from. */
  agreedVersion?: number;
}

/** The types of which not the secret goes to the API, but an access token. */
export type TokenCredential<Secret> =
  ClientCredentials<Secret> | JwtBearer<Secret> | AuthorizationCode<Secret>;

/** How it stands with what a credential obtains, or when it ends; absent until there is something to say. */
export const CredentialHealth = Type.Object(
  {
    status: Type.Enum(['active', 'expiring', 'expired', 'refresh_failed', 'revoked', 'not_connected']),
    expiresAt: Type.Optional(Type.String({ format: 'date-time' })),
    lastError: Type.Optional(
      Type.Object({ at: Type.String({ format: 'date-time' }), message: Type.String() }, closed),
    ),
  },
  closed,
);
export type CredentialHealth = Type.Static<typeof CredentialHealth>;

/** What a client certificate says of itself. */
export const CertificateSummary = Type.Object(
  { subject: Type.String(), issuer: Type.String(), notAfter: Type.String({ format: 'date-time' }) },
  closed,
);
export type CertificateSummary = Type.Static<typeof CertificateSummary>;
