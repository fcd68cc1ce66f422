import { describe, expect, it } from '@jest/globals';
import {
  containsKeyShape,
  hasKeyShape,
  isKeyField,
  isSecretField,
  isSecretHeader,
  isUnfilled,
} from './secret-names.js';

const LONG = 'a1b2c3d4e5f6g7h8';

describe('a header', () => {
  it.each([
    ...[
      'Authorization',
      'authorization',
      'Cookie',
      'X-API-Key',
      'apikey',
      'api_key',
      'X-Auth-Token',
      'X-Access-Token',
    ],
    ...[
      'X-Shopify-Access-Token',
      'Ocp-Apim-Subscription-Key',
      'X-RapidAPI-Key',
      'X-Functions-Key',
      'PRIVATE-TOKEN',
    ],
    ...[
      'X-Vault-Token',
      'DD-APPLICATION-KEY',
      'X-Custom-Auth',
      'X-Hub-Signature',
      'X-Auth-Key',
      'X-CSRF-Token',
      'X-Secret',
    ],
  ])('%s holds a secret', (name) => {
    expect(isSecretHeader(name)).toBe(true);
  });

  it.each([
    ...[
      'Accept',
      'Content-Type',
      'User-Agent',
      'X-Client-ID',
      'X-Request-Id',
      'Idempotency-Key',
      'Notion-Version',
      'Origin',
    ],
    ...[
      'X-Auth-Email',
      'X-Auth-User',
      'X-Author',
      'X-GitHub-Api-Version',
      'X-Amz-Date',
      'Surrogate-Key',
      'Keep',
    ],
  ])('%s holds none', (name) => {
    expect(isSecretHeader(name)).toBe(false);
  });
});

describe('a query parameter or field', () => {
  it.each<[string, string]>([
    ['api_key', 'x'],
    ['apiKey', 'x'],
    ['access_token', 'x'],
    ['password', 'hunter2'],
    ['client_secret', 'x'],
    ['refresh-token', 'x'],
    ['phone_pin', '5678'],
    ['key', LONG],
    ['appid', '439d4b804bc8187953eb36d2a8c26a02'],
    ['sig', 'x'],
  ])('%s=%s is a secret', (name, value) => {
    expect(isSecretField(name, value)).toBe(true);
  });

  it.each<[string, string]>([
    ['page_token', LONG],
    ['nextPageToken', LONG],
    ['max_tokens', '100'],
    ['key', 'PROJ-7'],
    ['code', 'DE'],
    ['keyword', LONG],
    ['password', ''],
    ['tokenize', 'yes'],
    ['author', 'Ada'],
  ])('%s=%s is none', (name, value) => {
    expect(isSecretField(name, value)).toBe(false);
  });

  it('stands for the API’s own key by its name, apart from what a caller may say', () => {
    expect(['api_key', 'X-Api-Key', 'clientSecret', 'access_token'].every(isKeyField)).toBe(true);
    expect(['password', 'token', 'key', 'pin', 'q'].some(isKeyField)).toBe(false);
  });
});

describe('a value', () => {
  it.each([
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    'xoxb-123456789012-abcdef',
    'AKIAIOSFODNN7EXAMPLE',
    'AIzaSyA-1234567890abcdefghijklmnopqrstu',
    'SG.abcdefghijklmnop.qrstuvwxyz0123456789',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
    '-----BEGIN RSA PRIVATE KEY-----',
  ])('like %s has the form of a key', (value) => {
    expect(hasKeyShape(value)).toBe(true);
    expect(containsKeyShape(`it says "${value}".`)).toBe(true);
  });

  it.each([
    'ORD-12345',
    'hello',
    'skeleton_live',
    'eyJ',
    'https://example.com/a.b.c',
    'b55c9c91-384d-452b-81db-d1ef79372b75',
  ])('like %s has not', (value) => {
    expect(hasKeyShape(value)).toBe(false);
    expect(containsKeyShape(value)).toBe(false);
  });

  it.each([
    ...[
      'YOUR_API_KEY',
      'your-token',
      '<token>',
      '{token}',
      '[YOUR_KEY]',
      '$TOKEN',
      '${TOKEN}',
      'xxxxxxxx',
      '••••••••',
      'sk_live_...',
    ],
    ...['REPLACE_ME', 'custom_token_here', 'TOKEN', 'API_KEY', 'MY SECRET', 'Insert key', ''],
  ])('like %s is for the reader to fill in', (value) => {
    expect(isUnfilled(value)).toBe(true);
  });

  it.each(['sk_live_123', 'hunter2', 'tok-0123456789', 'Secret', 'A1B2C3', 'TOKEN123'])(
    'like %s is filled in',
    (value) => {
      expect(isUnfilled(value)).toBe(false);
    },
  );
});
