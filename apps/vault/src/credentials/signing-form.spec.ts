import type { CredentialEdit, HmacSignature } from '#contracts/vault.contract';
import { ServiceError } from '#contracts/errors';
import {
  clientAuthority,
  clientCertificate,
  clientKey,
  encryptedClientKey,
  expiredClientCertificate,
} from '#egress/testing/client-certificates';
import { key as anotherKey } from '#egress/testing/certificates';
import type { Problem } from '#toolcall/problem';
import { describe, expect, it } from '@jest/globals';
import { readForm } from './credential-form.js';

const common = { name: 'CRM', origins: ['https://api.example.com'] };
const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function problemsOf(form: CredentialEdit): [pointer: string, code: string, message: string][] {
  try {
    readForm(form);
    return [];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { problems } = error.details as { problems: Problem[] };
    return problems.map(({ pointer, code, message }) => [pointer, code, message]);
  }
}

const standard = (secret: string): CredentialEdit => ({
  ...common,
  type: 'hmac',
  scheme: 'standard_webhooks',
  secret,
});
const custom = (changes: Partial<HmacSignature>, secret = 'shared secret'): CredentialEdit => ({
  ...common,
  type: 'hmac',
  scheme: 'custom',
  secret,
  signature: {
    algorithm: 'sha256',
    encoding: 'hex',
    header: 'X-Signature',
    template: '{{body}}',
    ...changes,
  },
});
const mtls = (certificate: string, privateKey: string, passphrase?: string): CredentialEdit => ({
  ...{ ...common, type: 'mtls', certificate, privateKey },
  ...(passphrase !== undefined && { passphrase }),
});

describe('a signing secret as entered', () => {
  it.each<[string, CredentialEdit]>([
    ['Standard Webhooks', standard(STANDARD_SECRET)],
    ['a signed body', custom({})],
    [
      'a time in a header of its own',
      custom({ template: '{{timestamp}}.{{body}}', timestampHeader: 'X-Time' }),
    ],
    ['a time in the prefix', custom({ template: '{{ timestamp }}.{{body}}', prefix: 't={{timestamp}},v1=' })],
    ['a key in hex', custom({ keyEncoding: 'hex' }, '00fFa1')],
    ['a key in base64', custom({ keyEncoding: 'base64' }, 'AP+h')],
  ])('is taken: %s', (_what, form) => {
    expect(readForm(form)).toEqual(form);
  });

  it.each<[string, CredentialEdit, string, string]>([
    ['no whsec_', standard(STANDARD_SECRET.slice(6)), '/credential/secret', '`whsec_` and 24 to 64 bytes'],
    ['too short a key', standard('whsec_c2hvcnQ='), '/credential/secret', '24 to 64 bytes'],
    [
      'what is not base64',
      standard('whsec_!!!!MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
      '/credential/secret',
      'base64',
    ],
    ['a key not in hex', custom({ keyEncoding: 'hex' }, 'xyz'), '/credential/secret', 'hexadecimal'],
    ['a key not in base64', custom({ keyEncoding: 'base64' }, '*'), '/credential/secret', 'base64'],
    ['a line break', custom({}, 'a\nb'), '/credential/secret', 'line breaks'],
    [
      'an unknown part',
      custom({ template: '{{host}}' }),
      '/credential/signature/template',
      '{{method}}, {{path}}',
    ],
    ['nothing signed', custom({ template: 'fixed' }), '/credential/signature/template', 'such as {{body}}'],
    [
      'half a placeholder',
      custom({ template: '{{body}} {{' }),
      '/credential/signature/template',
      'other half',
    ],
    [
      'a time nobody is told',
      custom({ template: '{{timestamp}}{{body}}' }),
      '/credential/signature/timestampHeader',
      'timestampHeader, or {{timestamp}} in prefix',
    ],
    [
      'two values for one header',
      custom({ timestampHeader: 'x-signature' }),
      '/credential/signature/timestampHeader',
      'another header',
    ],
    ['a header that is ours', custom({ header: 'Host' }), '/credential/signature/header', 'can set'],
    [
      'the body in a header',
      custom({ prefix: '{{body}}' }),
      '/credential/signature/prefix',
      'only {{timestamp}}',
    ],
    ['a prefix not for a header', custom({ prefix: 'é' }), '/credential/signature/prefix', 'ASCII'],
  ])('is refused for %s', (_what, form, pointer, message) => {
    expect(problemsOf(form)).toEqual([[pointer, expect.any(String), expect.stringContaining(message)]]);
  });

  it('needs a signature unless it is Standard Webhooks, which fixes it', () => {
    const { signature, ...without } = custom({}) as Extract<CredentialEdit, { type: 'hmac' }>;
    const both = { ...standard(STANDARD_SECRET), signature } as CredentialEdit;

    expect(problemsOf(without)).toMatchObject([
      ['/credential/signature', 'required', expect.stringContaining('what is signed')],
    ]);
    expect(problemsOf(both)).toMatchObject([
      ['/credential/signature', 'not_allowed', expect.stringContaining('absent')],
    ]);
  });
});

describe('a client certificate as entered', () => {
  it.each<[string, string, string, string | undefined]>([
    ['alone', clientCertificate, clientKey, undefined],
    ['with its chain', clientCertificate + clientAuthority, clientKey, undefined],
    ['with a key behind a passphrase', clientCertificate, encryptedClientKey, 'open-sesame'],
  ])('is taken %s', (_what, certificate, key, passphrase) => {
    expect(readForm(mtls(certificate, key, passphrase))).toMatchObject({ certificate, privateKey: key });
  });

  it.each<[string, CredentialEdit, string, string]>([
    ['is none', mtls('x', clientKey), '/credential/certificate', 'BEGIN CERTIFICATE'],
    [
      'has its key beside it',
      mtls(clientCertificate + clientKey, clientKey),
      '/credential/certificate',
      'PEM',
    ],
    ['has no key', mtls(clientCertificate, 'x'), '/credential/privateKey', 'private key in PEM'],
    [
      'has a key of another',
      mtls(clientCertificate, anotherKey),
      '/credential/privateKey',
      'that of another',
    ],
    [
      'has a key that stays shut',
      mtls(clientCertificate, encryptedClientKey, 'no'),
      '/credential/privateKey',
      'opens',
    ],
    [
      'has run out',
      mtls(expiredClientCertificate, clientKey),
      '/credential/certificate',
      '2021-01-01T00:00:00.000Z',
    ],
    [
      'is in the wrong order',
      mtls(clientCertificate + clientCertificate, clientKey),
      '/credential/certificate',
      'certificate 2 did not issue',
    ],
  ])('is refused when it %s', (_what, form, pointer, message) => {
    expect(problemsOf(form)).toEqual([[pointer, expect.any(String), expect.stringContaining(message)]]);
    expect(JSON.stringify(problemsOf(form))).not.toContain('MIGHAgEAMBMG');
  });

  it('goes to https only', () => {
    const form = { ...mtls(clientCertificate, clientKey), origins: ['http://api.example.com'] };

    expect(problemsOf(form)).toMatchObject([
      ['/credential/origins', 'not_allowed', expect.stringContaining('http://api')],
    ]);
  });
});
