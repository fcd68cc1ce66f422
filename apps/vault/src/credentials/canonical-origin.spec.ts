import { describe, expect, it } from '@jest/globals';
import { canonicalOrigin } from './canonical-origin.js';

describe('an origin', () => {
  it.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['https://API.Example.com', 'https://api.example.com'],
    ['HTTPS://api.example.com/', 'https://api.example.com'],
    ['https://api.example.com:443', 'https://api.example.com'],
    ['https://api.example.com:8443', 'https://api.example.com:8443'],
    ['http://api.example.com:80', 'http://api.example.com'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['https://xn--bcher-kva.example', 'https://xn--bcher-kva.example'],
    ['https://192.0.2.7', 'https://192.0.2.7'],
    ['https://[2001:db8::1]:8443', 'https://[2001:db8::1]:8443'],
  ])('%s is %s', (text, origin) => {
    expect(canonicalOrigin(text)).toEqual({ ok: true, origin });
  });

  it.each([
    'api.example.com',
    'ftp://api.example.com',
    'https://',
    'https:///',
    'https://api.example.com/v1',
    'https://api.example.com//',
    'https://api.example.com?',
    'https://api.example.com#',
    'https://api.example.com?token=hunter2',
    'https://user:hunter2@api.example.com',
    'https://@api.example.com',
    'https://*.example.com',
    'https://api.example.com,evil.example',
    'https://api.example.com.',
    'https://bücher.example',
    'https://127.1',
    'https://0x7f000001',
    'https://api.example.com:0443',
    'https://api.example.com:65536',
    'https://api.example.com:',
    'https://api.example.com\\@evil.example',
    'https://api.exa\nmple.com',
    ' https://api.example.com',
    'null',
  ])('%j is none, and the refusal does not quote it', (text) => {
    const refusal = canonicalOrigin(text);

    expect(refusal.ok).toBe(false);
    expect(JSON.stringify(refusal)).not.toMatch(/hunter2|evil/);
  });
});
