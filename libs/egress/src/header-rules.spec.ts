import { describe, expect, it } from '@jest/globals';
import { forbiddenHeader, isHeaderValue } from './header-rules.js';

describe('header names', () => {
  it.each([
    ['Host', 'frames'],
    ['Content-Length', 'frames'],
    ['transfer-encoding', 'frames'],
    ['Expect', 'frames'],
    ['connection', 'one connection'],
    ['Keep-Alive', 'one connection'],
    ['TE', 'one connection'],
    ['trailer', 'one connection'],
    ['Upgrade', 'one connection'],
    ['proxy-authorization', 'one connection'],
    ['Proxy-Connection', 'one connection'],
    ['Forwarded', 'only a proxy may'],
    ['Via', 'only a proxy may'],
    ['X-Forwarded-For', 'only a proxy may'],
    ['x-forwarded-host', 'only a proxy may'],
    ['X-Real-IP', 'only a proxy may'],
    ['traceparent', 'trace context'],
    ['TraceState', 'trace context'],
    ['baggage', 'trace context'],
    ['X-B3-TraceId', 'trace context'],
    ['', 'not a valid header name'],
    ['x y', 'not a valid header name'],
    ['x:y', 'not a valid header name'],
    ['x\r\ny', 'not a valid header name'],
    ['ключ', 'not a valid header name'],
    ['\u212Aey', 'not a valid header name'],
  ])('forbids %j', (name, why) => {
    expect(forbiddenHeader(name)).toContain(why);
  });

  it.each([
    'Authorization',
    'X-API-Key',
    'content-type',
    'Accept',
    'accept-encoding',
    'Cookie',
    'Idempotency-Key',
    'X-Request-Id',
  ])('allows %s', (name) => {
    expect(forbiddenHeader(name)).toBeUndefined();
  });
});

describe('header values', () => {
  it.each([
    ['', true],
    ['Bearer abc.def', true],
    ['a\tb', true],
    [' ~', true],
    ['a'.repeat(4096), true],
    ['a'.repeat(4097), false],
    ['a\r\nX-Evil: 1', false],
    ['a\nb', false],
    ['a\u0000b', false],
    ['a\u007fb', false],
    ['é', false],
    ['嘍嘊', false],
    ['💩', false],
  ])('%j: %s', (value, expected) => {
    expect(isHeaderValue(value)).toBe(expected);
  });
});
