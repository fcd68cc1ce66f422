import type { Environment } from '#contracts/common.contract';
import type { TokenCredential, Typed } from '#contracts/credential-types.contract';

export type { Typed };

/** One place of a credential where a secret goes. */
export interface SecretField {
  /** Names it within its credential, at rest too. */
  readonly id: string;
  /** JSON Pointer to it within the credential. */
  readonly pointer: string;
}

/** The same credential with every secret turned into something else. The one place that knows where secrets are. */
export function mapSecrets<From, To>(
  credential: Typed<From>,
  convert: (secret: From, field: SecretField) => To,
): Typed<To> {
  switch (credential.type) {
    case 'none':
      return { type: 'none' };
    case 'bearer': {
      const token = convert(credential.token, fieldOf('token'));
      return { type: 'bearer', token };
    }
    case 'basic': {
      const password = convert(credential.password, fieldOf('password'));
      return { type: 'basic', username: credential.username, password };
    }
    case 'api_key': {
      const value = convert(credential.value, fieldOf('value'));
      return { type: 'api_key', in: credential.in, parameter: credential.parameter, value };
    }
    case 'headers': {
      const headers = credential.headers.map(({ name, value }, index) => {
        const field = { id: `header:${name.toLowerCase()}`, pointer: `/headers/${index}/value` };
        return { name, value: convert(value, field) };
      });
      return { type: 'headers', headers };
    }
    case 'hmac': {
      const { type, scheme, signature } = credential;
      const secret = convert(credential.secret, fieldOf('secret'));
      return { type, scheme, secret, ...(signature && { signature: inOneOrder(signature) }) };
    }
    case 'aws_sigv4': {
      const { type, accessKeyId, region, service, sessionToken } = credential;
      const secretAccessKey = convert(credential.secretAccessKey, fieldOf('secretAccessKey'));
      const token = sessionToken !== undefined && {
        sessionToken: convert(sessionToken, fieldOf('sessionToken')),
      };
      return { type, accessKeyId, secretAccessKey, ...token, region, service };
    }
    case 'mtls': {
      const { type, certificate, passphrase } = credential;
      const privateKey = convert(credential.privateKey, fieldOf('privateKey'));
      const phrase = passphrase !== undefined && { passphrase: convert(passphrase, fieldOf('passphrase')) };
      return { type, certificate, privateKey, ...phrase };
    }
    case 'secret': {
      const { type, reference, values } = credential;
      const converted = ENVIRONMENTS.flatMap((name) => {
        const value = values[name];
        return value === undefined ? [] : [[name, convert(value, valueField(name))] as const];
      });
      return { type, reference, values: Object.fromEntries(converted) };
    }
    case 'oauth2_client_credentials': {
      const { clientSecret, tokenKey, ...open } = credential;
      const secret = convert(clientSecret, fieldOf('clientSecret'));
      return { ...inOneOrder(open), clientSecret: secret, ...ownKey(tokenKey, convert) };
    }
    case 'oauth2_jwt_bearer': {
      const { privateKey, tokenKey, ...open } = credential;
      const secret = convert(privateKey, fieldOf('privateKey'));
      return { ...inOneOrder(open), privateKey: secret, ...ownKey(tokenKey, convert) };
    }
    case 'oauth2_authorization_code': {
      const { clientSecret, tokenKey, authorizationParameters, ...open } = credential;
      const secret = clientSecret !== undefined && {
        clientSecret: convert(clientSecret, fieldOf('clientSecret')),
      };
      const parameters = authorizationParameters && {
        authorizationParameters: authorizationParameters.map(({ name, value }) => ({ name, value })),
      };
      return { ...inOneOrder({ ...open, ...parameters }), ...secret, ...ownKey(tokenKey, convert) };
    }
  }
}

/** Postgres keeps no order of keys. */
const ENVIRONMENTS: readonly Environment[] = ['production', 'staging', 'dev'];

/** Where a named secret has its value of an environment. */
export function valueField(environment: Environment): SecretField {
  return { id: `value:${environment}`, pointer: `/values/${environment}` };
}

function ownKey<From, To>(
  key: From | undefined,
  convert: (secret: From, field: SecretField) => To,
): { tokenKey?: To } {
  return key === undefined ? {} : { tokenKey: convert(key, fieldOf('tokenKey')) };
}

/** Postgres keeps no order of keys, and what stands beside a secret is bound to it in one. */
function inOneOrder<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))) as T;
}

function fieldOf(name: string): SecretField {
  return { id: name, pointer: `/${name}` };
}

/** Whether the API gets an access token instead of what was entered. */
export function isTokenCredential<Secret>(credential: Typed<Secret>): credential is TokenCredential<Secret> {
  return (
    credential.type === 'oauth2_client_credentials' ||
    credential.type === 'oauth2_jwt_bearer' ||
    credential.type === 'oauth2_authorization_code'
  );
}

/** The version that a credential's tokens are for: where people have agreed to it, that of what they agreed to. */
export function tokensVersionOf({
  content,
  version,
}: {
  readonly content: Typed<unknown>;
  readonly version: number;
}): number {
  return (content.type === 'oauth2_authorization_code' ? content.agreedVersion : undefined) ?? version;
}

/** Every secret of a credential by the id of its field. */
export function secretsById<Secret>(credential: Typed<Secret>): Map<string, Secret> {
  const secrets = new Map<string, Secret>();
  mapSecrets(credential, (secret, { id }) => secrets.set(id, secret));
  return secrets;
}
