import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBusinessApi, type BusinessApi } from './business-api.js';

let api: BusinessApi;
beforeAll(async () => {
  api = await startBusinessApi({
    secrets: {
      bearerToken: 'bearer-1',
      basicUser: 'ann@example.com/token',
      basicPassword: 'pass:word',
      headerKey: 'header-1',
      queryKey: 'query-1',
      bodyKey: 'body-1',
    },
  });
});
afterAll(() => api.close());

const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const verify = (fields: object): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ customer_id: '12345', phone_pin: '5678', ...fields }),
});

describe('the sample API opens', () => {
  it.each<[string, string, RequestInit, number]>([
    ['a bearer token', '/orders/ORD-12345', { headers: { Authorization: 'Bearer bearer-1' } }, 200],
    [
      'a user name and a password with a colon in it',
      '/api/v2/tickets/1',
      { headers: basic('ann@example.com/token:pass:word') },
      404,
    ],
    ['a key in a header', '/products/PROD-12345/availability', { headers: { 'X-API-Key': 'header-1' } }, 200],
    ['a key in the query', '/slots/available?service_type=x&api_key=query-1', {}, 200],
    ['a key in the body', '/auth/verify', verify({ api_key: 'body-1' }), 200],
    ['nothing at all', '/hours', {}, 200],
  ])('to %s', async (_, path, init, status) => {
    expect((await fetch(api.url + path, init)).status).toBe(status);
  });
});

describe('the sample API stays shut', () => {
  it.each<[string, string, RequestInit, string]>([
    ['no token', '/orders/ORD-12345', {}, 'Bearer realm="business-api"'],
    [
      'a wrong token',
      '/orders/ORD-12345',
      { headers: { Authorization: 'Bearer nope' } },
      'Bearer realm="business-api", error="invalid_token"',
    ],
    [
      'a wrong password',
      '/api/v2/tickets/1',
      { headers: basic('ann@example.com/token:nope') },
      'Basic realm="business-api", charset="UTF-8"',
    ],
    [
      'a token where a password belongs',
      '/api/v2/tickets/1',
      { headers: { Authorization: 'Bearer bearer-1' } },
      'Basic realm="business-api", charset="UTF-8"',
    ],
    [
      'a key in the wrong header',
      '/products/PROD-12345/availability',
      { headers: { Authorization: 'header-1' } },
      'ApiKey realm="business-api", in="header", name="X-API-Key"',
    ],
    [
      "another route's key",
      '/slots/available?service_type=x&api_key=header-1',
      {},
      'ApiKey realm="business-api", in="query", name="api_key"',
    ],
    [
      'a key that is no text',
      '/auth/verify',
      verify({ api_key: ['body-1'] }),
      'ApiKey realm="business-api", in="body", name="api_key"',
    ],
  ])('to %s', async (_, path, init, challenge) => {
    const response = await fetch(api.url + path, init);

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(challenge);
  });
});
