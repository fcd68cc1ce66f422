/** What each type of credential consists of; `Secret` stands where a secret goes: a value, an envelope, a mask. */
export type Typed<Secret> =
  | { type: 'none' }
  | { type: 'bearer'; token: Secret }
  | { type: 'basic'; username: string; password: Secret }
  | { type: 'api_key'; in: 'header' | 'query' | 'body'; parameter: string; value: Secret }
  | { type: 'headers'; headers: { name: string; value: Secret }[] };

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
      const token = convert(credential.token, { id: 'token', pointer: '/token' });
      return { type: 'bearer', token };
    }
    case 'basic': {
      const password = convert(credential.password, { id: 'password', pointer: '/password' });
      return { type: 'basic', username: credential.username, password };
    }
    case 'api_key': {
      const value = convert(credential.value, { id: 'value', pointer: '/value' });
      return { type: 'api_key', in: credential.in, parameter: credential.parameter, value };
    }
    case 'headers': {
      const headers = credential.headers.map(({ name, value }, index) => {
        const field = { id: `header:${name.toLowerCase()}`, pointer: `/headers/${index}/value` };
        return { name, value: convert(value, field) };
      });
      return { type: 'headers', headers };
    }
  }
}

/** Every secret of a credential by the id of its field. */
export function secretsById<Secret>(credential: Typed<Secret>): Map<string, Secret> {
  const secrets = new Map<string, Secret>();
  mapSecrets(credential, (secret, { id }) => secrets.set(id, secret));
  return secrets;
}
