import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readBody, type BodyFormat } from './read-body.js';

const json = (value: unknown) => ({ kind: 'value', format: 'json', value });
const xml = (value: unknown) => ({ kind: 'value', format: 'xml', value });
const text = (value: string) => ({ kind: 'value', format: 'text', value: { text: value } });
const invalid = (message: string) => ({ kind: 'invalid', message });

describe('a body', () => {
  it.each<[string, string | undefined, object]>([
    ['{"a":1}', 'application/json', json({ a: 1 })],
    ['\ufeff{"a":1}', 'application/json; charset=utf-8', json({ a: 1 })],
    ['{"a":1}', 'application/problem+json', json({ a: 1 })],
    ['{"a":1}', undefined, json({ a: 1 })],
    ['{"a":1}', 'text/plain', text('{"a":1}')],
    ['<html>', 'text/html', text('<html>')],
    ['<p>', 'application/xhtml+xml', text('<p>')],
    ['<a>1</a>', 'text/xml', xml({ a: '1' })],
    ['<a>1</a>', 'application/xml; charset=utf-8', xml({ a: '1' })],
    ['<a>1</a>', 'application/soap+xml', xml({ a: '1' })],
    [
      'a=1&b=x+y&a=2&__proto__=z',
      'application/x-www-form-urlencoded',
      {
        kind: 'value',
        format: 'form',
        value: JSON.parse('{"a":["1","2"],"b":"x y","__proto__":"z"}') as object,
      },
    ],
    ['  ', 'application/json', { kind: 'empty' }],
    ['{"a":', 'application/json', invalid('says it is JSON, and is not')],
    ['{"a":NaN}', 'application/json', invalid('says it is JSON, and is not')],
    ['<a>', 'text/xml', invalid('says it is XML, and is not')],
  ])('%j of type %s is read', (body, contentType, expected) => {
    expect(readBody(body, contentType)).toEqual(expected);
  });

  it.each<[BodyFormat, string, object]>([
    ['json', '{"a":1}', json({ a: 1 })],
    ['json', 'ok', invalid('should be JSON, and is not')],
    ['xml', '<a/>', xml({ a: '' })],
    ['text', '{"a":1}', text('{"a":1}')],
    ['form', 'a=1', { kind: 'value', format: 'form', value: { a: '1' } }],
  ])('that is told to be %s is read as that, whatever it says itself: %s', (format, body, expected) => {
    expect(readBody(body, 'application/octet-stream', format)).toEqual(expected);
  });

  it('nested a hundred thousand levels deep is invalid, not fatal', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

    expect(readBody(deep, 'application/json')).toEqual(invalid('is nested deeper than 64 levels'));
    expect(readBody('<a>'.repeat(100_000), 'text/xml')).toMatchObject({ kind: 'invalid' });
  });

  it.each([
    ['64 levels', `${'['.repeat(64)}${']'.repeat(64)}`, 'value'],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`, 'invalid'],
    ['brackets in text', JSON.stringify({ a: '[{"\\'.repeat(100) }), 'value'],
    ['many lists beside each other', `[${'[],'.repeat(100)}[]]`, 'value'],
  ])('with %s is judged by its depth alone', (_what, body, kind) => {
    expect(readBody(body, 'application/json').kind).toBe(kind);
  });

  it('of JSON is what it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        expect(readBody(text, 'application/json')).toEqual(json(JSON.parse(text)));
      }),
    );
  });

  it('of a form is what it was, whatever it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string({ minLength: 1 }), { minKeys: 1 }), (fields) => {
        const wellFormed = Object.fromEntries(
          Object.entries(fields).map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]),
        );
        const body = new URLSearchParams(wellFormed).toString();
        expect(readBody(body, 'application/x-www-form-urlencoded')).toEqual({
          kind: 'value',
          format: 'form',
          value: wellFormed,
        });
      }),
    );
  });
});

/** `{a: {a: … ''}}`, so many times. */
const nested = (levels: number): unknown => (levels === 0 ? '' : { a: nested(levels - 1) });

describe('XML', () => {
  it.each<[string, string, unknown]>([
    ['text', '<a> x </a>', { a: 'x' }],
    ['nothing', '<a/>', { a: '' }],
    ['numbers, which stay text', '<n>007</n>', { n: '007' }],
    ['children', '<o><id>1</id><s>shipped</s></o>', { o: { id: '1', s: 'shipped' } }],
    ['repeated elements', '<o><i>1</i><i>2</i><i>3</i></o>', { o: { i: ['1', '2', '3'] } }],
    ['attributes', '<o id="5" s=\'x\'/>', { o: { '@id': '5', '@s': 'x' } }],
    ['attributes beside text', '<p c="USD">9.99</p>', { p: { '@c': 'USD', '#text': '9.99' } }],
    ['text among children', '<p>a<b>c</b>d</p>', { p: { b: 'c', '#text': 'ad' } }],
    ['CDATA', '<a><![CDATA[<b>&amp;]]></a>', { a: '<b>&amp;' }],
    ['the five entities', '<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;</a>', { a: '<>&"\'AB' }],
    [
      'namespaces',
      '<s:E xmlns:s="urn:s" xmlns="urn:d" s:v="1"><s:B>x</s:B></s:E>',
      { E: { '@v': '1', B: 'x' } },
    ],
    ['as many levels as may be', `${'<a>'.repeat(64)}${'</a>'.repeat(64)}`, nested(64)],
    ['a declaration and comments', '<?xml version="1.0"?><!-- c --><a><!-- d -->1</a>', { a: '1' }],
  ])('with %s becomes plain values', (_what, body, expected) => {
    expect(readBody(body, 'text/xml')).toEqual(xml(expected));
  });

  it.each([
    ['a declared entity', '<!DOCTYPE a [<!ENTITY x "boom">]><a>&x;</a>'],
    ['an entity that names a file', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
    ['two roots', '<a/><b/>'],
    ['an unclosed element', '<a><b></a>'],
    ['text alone', 'hello'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['too many levels', `${'<a>'.repeat(65)}${'</a>'.repeat(65)}`],
    ['too many elements', `<a>${'<b/>'.repeat(20_001)}</a>`],
    ['too many different elements', `<a>${Array.from({ length: 2001 }, (_, i) => `<b${i}/>`).join('')}</a>`],
    ['too many attributes', `<a ${Array.from({ length: 501 }, (_, i) => `b${i}=""`).join(' ')}/>`],
  ])('with %s is invalid', (_what, body) => {
    expect(readBody(body, 'text/xml')).toEqual(invalid('says it is XML, and is not'));
  });

  it('of any text is read or refused, and leaves prototypes alone', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      '__proto__',
      '&lt;',
      '&x;',
      '<a>',
      '</a>',
      '<!DOCTYPE a [',
      ']>',
      '<![CDATA[',
      ']]>',
      '="',
      '"',
      ' ',
      '<?',
      '?>',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const read = readBody(`<a>${pieces.join('')}</a>`, 'text/xml');
        expect(['value', 'invalid']).toContain(read.kind);
        expect(({} as Record<string, unknown>)['a']).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
    expect(readBody('<a><__proto__><polluted>1</polluted></__proto__></a>', 'text/xml')).toEqual(
      xml({ a: '' }),
    );
  });
});
