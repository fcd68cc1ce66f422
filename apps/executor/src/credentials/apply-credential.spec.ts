import type { CredentialSecret } from '#contracts/vault.contract';
import type { RenderedRequest } from '#toolcall/compile-request';
import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { applyCredential, placementsOf, secretValues } from './apply-credential.js';

const SECRET = 'sk_live_1a2b3c';

function requestOf(changes: Partial<RenderedRequest> = {}): RenderedRequest {
  const plain = { method: 'GET', origin: 'https://api.example.com', path: '/orders', query: [], headers: [] };
  return { ...plain, ...changes } as RenderedRequest;
}

function apply(secret: CredentialSecret, changes: Partial<RenderedRequest> = {}) {
  return applyCredential(requestOf(changes), placementsOf(secret));
}

const apiKey = (place: 'header' | 'query' | 'body', value = SECRET): CredentialSecret => ({
  type: 'api_key',
  in: place,
  parameter: 'api_key',
  value,
});

describe('a credential in its request', () => {
  it.each<[string, CredentialSecret, Partial<RenderedRequest>, Partial<RenderedRequest>]>([
    ['of no kind: nothing', { type: 'none' }, {}, {}],
    [
      'a bearer token: in the Authorization header',
      { type: 'bearer', token: SECRET },
      {},
      { headers: [['Authorization', `Bearer ${SECRET}`]] },
    ],
    [
      'a user and password: in the Authorization header, as UTF-8 in base64',
      { type: 'basic', username: 'ann', password: 'pässword:1' },
      {},
      { headers: [['Authorization', 'Basic YW5uOnDDpHNzd29yZDox']] },
    ],
    ['a key in a header', apiKey('header'), {}, { headers: [['api_key', SECRET]] }],
    ['a key in the query', apiKey('query'), {}, { query: [['api_key', SECRET]] }],
    [
      'a key in a JSON body',
      apiKey('body'),
      { method: 'POST', body: { type: 'json', value: { id: 1 } } },
      { body: { type: 'json', value: { id: 1, api_key: SECRET } } },
    ],
    [
      'a key in a form',
      apiKey('body'),
      { method: 'POST', body: { type: 'form', pairs: [['id', '1']] } },
      {
        body: {
          type: 'form',
          pairs: [
            ['id', '1'],
            ['api_key', SECRET],
          ],
        },
      },
    ],
    [
      'a key in the body of a request that had none',
      apiKey('body'),
      { method: 'DELETE' },
      { body: { type: 'json', value: { api_key: SECRET } } },
    ],
    [
      'several headers',
      {
        type: 'headers',
        headers: [
          { name: 'X-Id', value: 'one' },
          { name: 'X-Key', value: SECRET },
        ],
      },
      {},
      {
        headers: [
          ['X-Id', 'one'],
          ['X-Key', SECRET],
        ],
      },
    ],
  ])('%s', (_name, secret, before, after) => {
    const request = requestOf(before);

    expect(apply(secret, before)).toEqual({ ok: true, request: { ...request, ...after } });
  });

  it.each<[string, CredentialSecret, Partial<RenderedRequest>, Partial<RenderedRequest>]>([
    [
      'header, in whatever case',
      { type: 'bearer', token: SECRET },
      {
        headers: [
          ['authorization', 'Bearer mine'],
          ['X-Other', '1'],
          ['AUTHORIZATION', 'x'],
        ],
      },
      {
        headers: [
          ['X-Other', '1'],
          ['Authorization', `Bearer ${SECRET}`],
        ],
      },
    ],
    [
      'query pair',
      apiKey('query'),
      {
        query: [
          ['api_key', 'mine'],
          ['page', '1'],
          ['api_key', 'again'],
        ],
      },
      {
        query: [
          ['page', '1'],
          ['api_key', SECRET],
        ],
      },
    ],
    [
      'key of a JSON body',
      apiKey('body'),
      { method: 'POST', body: { type: 'json', value: { api_key: 'mine' } } },
      { body: { type: 'json', value: { api_key: SECRET } } },
    ],
    [
      'pair of a form',
      apiKey('body'),
      { method: 'POST', body: { type: 'form', pairs: [['api_key', 'mine']] } },
      { body: { type: 'form', pairs: [['api_key', SECRET]] } },
    ],
  ])("has the place of the tool's own %s of that name", (_name, secret, before, after) => {
    expect(apply(secret, before)).toMatchObject({ ok: true, request: after });
  });

  it('leaves the request it was given as it was', () => {
    const request = requestOf({ method: 'POST', body: { type: 'json', value: { id: 1 } } });
    const before = structuredClone(request);
    for (const place of ['header', 'query', 'body'] as const) {
      applyCredential(request, placementsOf(apiKey(place)));
    }

    expect(request).toEqual(before);
  });

  it.each<[string, Partial<RenderedRequest>]>([
    ['a GET', {}],
    ['text', { method: 'POST', body: { type: 'text', text: 'x' } }],
    ['a JSON list', { method: 'POST', body: { type: 'json', value: [1] } }],
    ['a JSON string', { method: 'POST', body: { type: 'json', value: 'x' } }],
    ['JSON null', { method: 'POST', body: { type: 'json', value: null } }],
  ])('is refused when it should go into the body of %s', (_name, request) => {
    const applied = apply(apiKey('body'), request);

    expect(applied).toEqual({ ok: false, message: expect.stringContaining('body') });
  });

  it.each<[string, CredentialSecret, string]>([
    ['token', { type: 'bearer', token: `${SECRET}\r\nX-Evil: 1` }, 'Authorization'],
    ['key', apiKey('header', `${SECRET}\n`), 'api_key'],
    ['key with a null', apiKey('header', `${SECRET}\0`), 'api_key'],
    ['header value', { type: 'headers', headers: [{ name: 'X-Key', value: `${SECRET}\x7f` }] }, 'X-Key'],
  ])(
    'is refused when a %s for a header holds a control character, without saying it',
    (_n, secret, header) => {
      const applied = apply(secret);

      expect(applied).toEqual({ ok: false, message: expect.stringContaining(`\`${header}\``) });
      expect(JSON.stringify(applied)).not.toContain(SECRET);
    },
  );

  it.each([
    ['query', {}],
    ['body', { method: 'POST' as const }],
  ] as const)('may hold a control character in a %s, where it is escaped', (place, request) => {
    expect(apply(apiKey(place, 'a\nb'), request)).toMatchObject({ ok: true });
  });
});

const everyKind: [string, CredentialSecret][] = [
  ['bearer', { type: 'bearer', token: SECRET }],
  ['basic', { type: 'basic', username: 'ann', password: SECRET }],
  ['api_key', apiKey('query')],
  ['headers', { type: 'headers', headers: [{ name: 'X-Key', value: SECRET }] }],
];

describe.each(everyKind)('a credential of type %s', (_type, secret) => {
  it('prints none of its values where its placements are printed', () => {
    const placements = placementsOf(secret);
    const printed = JSON.stringify(placements) + inspect(placements, { depth: 9 });

    expect(printed).toContain('[secret]');
    for (const value of secretValues(secret)) expect(printed).not.toContain(value);
  });

  it('names for scrubbing its secret, and whatever it puts into a request', () => {
    const applied = apply(secret);
    if (!applied.ok) throw new Error(applied.message);
    const added = [...applied.request.headers, ...applied.request.query].map(([, value]) => value);

    expect(secretValues(secret)).toContain(SECRET);
    for (const text of added) expect(secretValues(secret).some((value) => text.includes(value))).toBe(true);
  });
});
