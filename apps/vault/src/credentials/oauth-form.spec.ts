import { ServiceError } from '#contracts/errors';
import type { CredentialEdit } from '#contracts/vault.contract';
import type { Problem } from '#toolcall/problem';
import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { readForm } from './credential-form.js';

const common = {
  name: 'CRM',
  origins: ['https://api.example.com'],
  tokenUrl: 'https://auth.example.com/token',
};
const pemOf = (key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer }) =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();
const keys = {
  rsa: pemOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  short: pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
  ec: pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  other: pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
};

const client = (changes: object = {}) =>
  ({
    ...{ ...common, type: 'oauth2_client_credentials', clientId: 'us', clientSecret: 'canary' },
    ...changes,
  }) as CredentialEdit;
const jwt = (algorithm: string, privateKey: string) =>
  ({
    ...{ ...common, type: 'oauth2_jwt_bearer', algorithm, privateKey },
    ...{ issuer: 'us', subject: 'agent', audience: 'https://aud' },
  }) as CredentialEdit;

const account = (changes: object = {}) =>
  ({
    ...{
      ...common,
      type: 'oauth2_authorization_code',
      authorizationUrl: 'https://auth.example.com/authorize',
    },
    ...{ clientId: 'us', clientSecret: 'canary', connectedBy: 'organization' },
    ...changes,
  }) as CredentialEdit;
const publicClient = (changes: object) => {
  const form: object = account(changes);
  return Object.fromEntries(
    Object.entries(form).filter(([name]) => name !== 'clientSecret'),
  ) as CredentialEdit;
};
const saying = (...names: string[]) => ({
  authorizationParameters: names.map((name) => ({ name, value: 'x' })),
});

function problemsOf(form: CredentialEdit): [pointer: string, message: string][] {
  try {
    readForm(form, undefined, (url) =>
      url.includes('internal') ? 'This host name is internal.' : undefined,
    );
    return [];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return (error.details as { problems: Problem[] }).problems.map((one) => [one.pointer, one.message]);
  }
}

describe('a credential that buys access tokens, as entered', () => {
  it.each<[string, CredentialEdit]>([
    ['a client', client({ scope: 'a b:c', audience: 'https://aud', clientAuth: 'post' })],
    ['an expiry that is told in a 200', client({ expiredWhen: 'body.error == "token_expired"' })],
    ['an RSA key', jwt('RS256', keys.rsa)],
    ['an EC key', jwt('ES256', keys.ec)],
    ['an account', account()],
    ['an account for each end user, of a public client', publicClient({ connectedBy: 'end_user' })],
    [
      'an account with all there is',
      account({
        ...{ scope: 'a b', audience: 'https://aud', clientAuth: 'post', expiredWhen: 'status == 403' },
        ...{ issuer: 'https://auth.example.com', revocationUrl: 'https://auth.example.com/revoke' },
        ...saying('access_type', 'prompt'),
      }),
    ],
    ['a query of the server’s own', account({ authorizationUrl: 'https://auth.example.com/a?tenant=1' })],
  ])('is taken: %s', (_what, form) => {
    expect(readForm(form)).toEqual(form);
  });

  it.each<[string, CredentialEdit, string, string]>([
    [
      'an endpoint that may not be called',
      client({ tokenUrl: 'https://x.internal/' }),
      'tokenUrl',
      'internal',
    ],
    ['a fragment', client({ tokenUrl: 'https://a.example.com/#x' }), 'tokenUrl', 'fragment'],
    ['two spaces in its scope', client({ scope: 'a  b' }), 'scope', 'one space'],
    ['a quote in its scope', client({ scope: 'a"b' }), 'scope', 'quotes'],
    ['what is no condition', client({ expiredWhen: 'status ==' }), 'expiredWhen', ''],
    ['a line break in its id', client({ clientId: 'a\nb' }), 'clientId', 'line breaks'],
    ['a line break in its secret', client({ clientSecret: 'canary\n' }), 'clientSecret', 'line breaks'],
    ['a short RSA key', jwt('RS256', keys.short), 'privateKey', 'at least 2048 bits'],
    ['an RSA key for ES256', jwt('ES256', keys.rsa), 'privateKey', 'curve P-256'],
    ['another curve', jwt('ES256', keys.other), 'privateKey', 'curve P-256'],
    ['no key', jwt('RS256', 'canary'), 'privateKey', 'RSA key'],
    [
      'a sign-in at a place that is internal',
      account({ authorizationUrl: 'https://x.internal/' }),
      'authorizationUrl',
      'internal',
    ],
    [
      'a fragment where one signs in',
      account({ authorizationUrl: 'https://a.example.com/#x' }),
      'authorizationUrl',
      'fragment',
    ],
    [
      'revoking at a place that is internal',
      account({ revocationUrl: 'https://x.internal/' }),
      'revocationUrl',
      'internal',
    ],
    [
      'a state of its own in the address',
      account({ authorizationUrl: 'https://a.example.com/?state=1' }),
      'authorizationUrl',
      '`state`',
    ],
    [
      'a redirect of its own',
      account(saying('prompt', 'redirect_uri')),
      'authorizationParameters/1/name',
      '`redirect_uri`',
    ],
    [
      'another response mode',
      account(saying('response_mode')),
      'authorizationParameters/0/name',
      '`response_mode`',
    ],
    [
      'the same parameter twice',
      account(saying('prompt', 'prompt')),
      'authorizationParameters/1/name',
      'already',
    ],
    [
      'a parameter that the address has',
      account({ authorizationUrl: 'https://a.example.com/?prompt=none', ...saying('prompt') }),
      'authorizationParameters/0/name',
      'already',
    ],
    [
      'a line break in a parameter',
      account({ authorizationParameters: [{ name: 'a', value: 'b\n' }] }),
      'authorizationParameters/0/value',
      'line breaks',
    ],
    [
      'a way to show a secret that it has not',
      publicClient({ clientAuth: 'basic' }),
      'clientAuth',
      'clientSecret',
    ],
    ['a line break in its issuer', account({ issuer: 'a\n' }), 'issuer', 'line breaks'],
  ])('is refused for %s', (_what, form, field, message) => {
    const problems = problemsOf(form);

    expect(problems).toEqual([[`/credential/${field}`, expect.stringContaining(message)]]);
    expect(JSON.stringify(problems)).not.toContain('canary');
  });
});
