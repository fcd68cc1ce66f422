import { loadConfig } from '#runtime/load-config';
import { describe, expect, it } from '@jest/globals';
import { GatewayConfig } from './config.js';

const enough = { DATABASE_URL: 'postgres://u:p@localhost/db', VAULT_PUBLIC_KEY: 'k'.repeat(43) };

describe('the gateway’s configuration', () => {
  it('needs a database, the vault’s public key and nothing else', () => {
    expect(loadConfig(GatewayConfig, enough)).toMatchObject({
      HTTP_PORT: 8080,
      HTTP_HOST: '0.0.0.0',
      REQUEST_TIMEOUT_MS: 5000,
      FIRST_ADMIN_KEY_FILE: undefined,
      CORS_ORIGINS: undefined,
      PUBLIC_URL: undefined,
    });
  });

  it.each([
    ['HTTP_PORT', 'http'],
    ['HTTP_PORT', '65536'],
    ['REQUEST_TIMEOUT_MS', '0'],
    ['VAULT_PUBLIC_KEY', ''],
    ['VAULT_PUBLIC_KEY', `${'k'.repeat(43)}=`],
    ['PUBLIC_URL', 'patchbay.example.com'],
    ['PUBLIC_URL', 'https://patchbay.example.com/'],
    ['PUBLIC_URL', 'https://user@patchbay.example.com'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'console.example.com'],
    ['CORS_ORIGINS', 'https://console.example.com/'],
    ['CORS_ORIGINS', 'https://a.example, https://b.example'],
  ])('refuses %s=%s by name', (name, value) => {
    expect(() => loadConfig(GatewayConfig, { ...enough, [name]: value })).toThrow(name);
  });
});
