import type { RenderedRequest } from '#toolcall/compile-request';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toWire } from './wire-request.js';

function wireOf(changes: Partial<RenderedRequest> = {}, extra?: [string, string][]) {
  const plain = { method: 'GET', origin: 'https://api.example.com', path: '/orders', query: [], headers: [] };
  return toWire({ ...plain, ...changes } as RenderedRequest, extra);
}

describe('a request on the wire', () => {
  it('is no more than the tool says, and a user agent', () => {
    expect(wireOf()).toEqual({
      method: 'GET',
      url: 'https://api.example.com/orders',
      headers: [['User-Agent', 'Patchbay/1']],
    });
  });

  it.each<[string, [string, string][], string]>([
    [
      'as many times as it is there',
      [
        ['tag', 'a'],
        ['tag', 'b'],
      ],
      '?tag=a&tag=b',
    ],
    ['a blank as %20', [['name', 'Ann Lee']], '?name=Ann%20Lee'],
    ['what would end the pair or the query, escaped', [['q', 'a&b=c#d?e+f']], '?q=a%26b%3Dc%23d%3Fe%2Bf'],
    ['names escaped too', [['a b&', '1']], '?a%20b%26=1'],
    ['an empty value with its equals sign', [['q', '']], '?q='],
    ['text beyond ASCII as UTF-8', [['city', 'Zürich 🏔']], '?city=Z%C3%BCrich%20%F0%9F%8F%94'],
    ['half a surrogate pair as the replacement character', [['q', '\ud800']], '?q=%EF%BF%BD'],
  ])('has in its query %s', (_name, query, expected) => {
    expect(wireOf({ query }).url).toBe(`https://api.example.com/orders${expected}`);
  });

  it.each<[string, RenderedRequest['body'], string, string]>([
    ['JSON', { type: 'json', value: { a: [1, null, 'ü'] } }, 'application/json', '{"a":[1,null,"ü"]}'],
    [
      'a form, with + for a blank',
      {
        type: 'form',
        pairs: [
          ['name', 'Ann Lee'],
          ['sum', '1+1=2 & more'],
        ],
      },
      'application/x-www-form-urlencoded',
      'name=Ann+Lee&sum=1%2B1%3D2+%26+more',
    ],
    ['text', { type: 'text', text: 'as it is\n' }, 'text/plain; charset=utf-8', 'as it is\n'],
    ['XML', { type: 'xml', text: '<a>ü</a>' }, 'application/xml; charset=utf-8', '<a>ü</a>'],
  ])('has as its body %s', (_name, body, contentType, text) => {
    const wire = wireOf({ method: 'POST', body });

    expect(wire.body).toBe(text);
    expect(wire.headers).toEqual([
      ['Content-Type', contentType],
      ['User-Agent', 'Patchbay/1'],
    ]);
  });

  it('has the content type and user agent of the tool, where it names them, in whatever case', () => {
    const headers: [string, string][] = [
      ['content-TYPE', 'application/vnd.api+json'],
      ['user-agent', 'Ours'],
    ];

    expect(wireOf({ method: 'POST', headers, body: { type: 'json', value: {} } }).headers).toEqual(headers);
  });

  it('has the headers of the tool first, then those that Patchbay adds', () => {
    expect(wireOf({ headers: [['X-One', '1']] }, [['X-Two', '2']]).headers).toEqual([
      ['X-One', '1'],
      ['X-Two', '2'],
      ['User-Agent', 'Patchbay/1'],
    ]);
  });

  it('reads back as the pairs it was made of, whatever is in them', () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(pairs, (query) => {
        const inUrl = new URL(wireOf({ query }).url).searchParams;
        const inBody = new URLSearchParams(
          wireOf({ method: 'POST', body: { type: 'form', pairs: query } }).body,
        );

        expect([...inUrl]).toEqual(query);
        expect([...inBody]).toEqual(query);
      }),
    );
  });
});
