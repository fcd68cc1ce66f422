import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { applyEnvironment, parseBaseUrl } from './apply-environment.js';
import { checkDefinition } from './check-definition.js';

describe('a tool in an environment', () => {
  it.each([
    [
      'https://api.example.com/orders/:id?a=1',
      'https://dev.example.com',
      'https://dev.example.com/orders/:id?a=1',
    ],
    ['https://api.example.com:8443/v1', 'http://localhost:3000', 'http://localhost:3000/v1'],
    [
      'https://api.example.com/orders',
      'https://dev.example.com/sandbox/v2',
      'https://dev.example.com/sandbox/v2/orders',
    ],
    ['https://api.example.com', 'https://dev.example.com/x', 'https://dev.example.com/x'],
    ['https://api.example.com?q={{id}}', 'https://dev.example.com', 'https://dev.example.com?q={{id}}'],
  ])('goes from %s by %s to %s', (url, baseUrl, expected) => {
    const tool = toolDefinition({ parameters: strings('id'), request: { url } });

    const moved = applyEnvironment(tool, { baseUrl });

    expect(moved).toEqual({ ...tool, request: { ...tool.request, url: expected } });
    expect(checkDefinition(moved)).toEqual([]);
  });

  it('has the environment’s credential in place of its own, and is itself where nothing is different', () => {
    const [own, other] = ['0199b0c1-0000-7000-8000-000000000001', '0199b0c1-0000-7000-8000-000000000002'];
    const tool = toolDefinition({ request: { credentialId: own } });

    expect(applyEnvironment(tool, { credentialId: other }).request.credentialId).toBe(other);
    expect(applyEnvironment(tool, { baseUrl: 'https://a.example' }).request.credentialId).toBe(own);
    expect(applyEnvironment(tool, { baseUrl: null, credentialId: null })).toBe(tool);
  });
});

describe('a base URL', () => {
  it.each([
    ['dev.example.com', 'https://dev.example.com'],
    ['https://dev.example.com/', 'https://dev.example.com'],
    [' http://127.0.0.1:8080/v1// ', 'http://127.0.0.1:8080/v1'],
  ])('%s is taken as %s', (text, baseUrl) => {
    expect(parseBaseUrl(text)).toEqual({ ok: true, baseUrl });
  });

  it.each([
    ['https://{{host}}', 'placeholders'],
    ['https://dev.example.com/{{tenant}}', 'placeholders'],
    ['https://dev.example.com/{tenant}', 'placeholders'],
    ['https://dev.example.com/<tenant>', 'placeholders'],
    ['https://dev.example.com/:tenant', ':name'],
    ['https://dev.example.com/?a=1', 'query'],
    ['https://me:pw@dev.example.com', 'vault'],
    ['https://dev.example.com/#x', 'fragment'],
    ['https://dev.example.com/a/../b', '..'],
    ['https://dev.example.com\\@evil.example', 'backslash'],
    ['ftp://dev.example.com', 'https://'],
    ['https://', 'host'],
    ['', 'host'],
  ])('%s is refused', (text, reason) => {
    expect(parseBaseUrl(text)).toEqual({ ok: false, message: expect.stringContaining(reason) });
  });
});
