import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { checkDefinition } from './check-definition.js';

type Overrides = NonNullable<Parameters<typeof toolDefinition>[0]>;
const origin = 'https://api.example.com';
const header = (value: string, name = 'X-H'): Overrides => ({
  parameters: strings('a', 'opt?'),
  request: { headers: [{ name, value }] },
});
const url = (path: string): Overrides => ({
  parameters: strings('a', 'opt?'),
  request: { url: `${origin}${path}` },
});
const body = (
  type: 'json' | 'form' | 'multipart' | 'text' | 'xml' | 'none',
  template?: unknown,
): Overrides => ({
  parameters: strings('a', 'opt?'),
  request: { method: 'POST', body: { type, ...(template !== undefined && { template }) } },
});

describe('a definition', () => {
  it.each<[string, Overrides, string, string]>([
    [
      'an unknown filter',
      header('{{a | upper}}'),
      '/request/headers/0/value',
      'is not known; here there are: default',
    ],
    ['a default without a value', header('{{a | default}}'), '/request/headers/0/value', 'needs a value'],
    ['a filter that cannot be read', url('/{{a | default: x}}'), '/request/url', '{{name | default: "x"}}'],
    [
      'a default a header cannot carry',
      header('{{opt | default: "é"}}'),
      '/request/headers/0/value',
      'ASCII',
    ],
    ['a default that is no segment', url('/x/{{opt | default: "%2e%2e"}}'), '/request/url', '`.` or `..`'],
    ['an empty default for a segment', url('/x/{{opt | default: ""}}'), '/request/url', 'cannot be empty'],
    [
      'half a character as a default',
      url('/x/y{{opt | default: "\ud800"}}'),
      '/request/url',
      'half a character',
    ],
    ['`{name}` in part of a segment', url('/x/{a}.json'), '/request/url', 'write `{{name}}`'],
    ['a templated name in the URL’s query', url('/?{{a}}=1'), '/request/url', 'name of a query'],
    [
      'a templated query name',
      { parameters: strings('a'), request: { query: [{ name: 'x{{a}}', value: '1' }] } },
      '/request/query/0/name',
      'only values may have them',
    ],
    [
      'a templated query name in angle brackets',
      { parameters: strings('a'), request: { angleBrackets: true, query: [{ name: '<a>', value: '1' }] } },
      '/request/query/0/name',
      'only values may have them',
    ],
    [
      'a part that a declared argument does not have',
      header('{{a.b}}'),
      '/request/headers/0/value',
      '`a` is declared, and has no such part',
    ],
    [
      'an unknown name',
      header('{{customer.id}}'),
      '/request/headers/0/value',
      'add "customer" to `callVariables`',
    ],
    [
      'a bound value made of another',
      { bind: { x: '{{contact.id}}', y: '{{x}}' } },
      '/bind/y',
      'cannot be made of another one',
    ],
    [
      'a path parameter that nothing fills',
      {
        request: {
          url: `${origin}/:id`,
          pathParameters: [{ name: 'id', default: 'X-1', useDefault: false }],
        },
      },
      '/request/url',
      '`id` is no known name',
    ],
    [
      'a default path parameter that is dots',
      {
        request: {
          url: `${origin}/:id`,
          pathParameters: [{ name: 'id', default: '%2e.', useDefault: true }],
        },
      },
      '/request/pathParameters/0/default',
      'cannot be `.`',
    ],
    [
      'an argument that would double a query parameter',
      { parameters: strings('status?'), request: { query: [{ name: 'status', value: 'open' }] } },
      '/parameters/properties/status',
      'beside the query parameter',
    ],
    [
      'a bound value that would double a query parameter',
      { bind: { status: 'open' }, request: { url: `${origin}/?status=all` } },
      '/bind/status',
      'beside the query parameter',
    ],
    [
      'a multipart header',
      header('multipart/form-data; boundary=x', 'content-type'),
      '/request/headers/0/value',
      'type `multipart`',
    ],
    [
      'a content type on a multipart body',
      {
        request: {
          method: 'POST',
          headers: [{ name: 'Content-Type', value: 'text/plain' }],
          body: { type: 'multipart', template: [] },
        },
      },
      '/request/headers/0',
      'leave it out',
    ],
    [
      'a body with GET',
      { request: { body: { type: 'json', template: {} } } },
      '/request/body',
      'query parameters',
    ],
    ['a template of none', body('none', 'x'), '/request/body/template', 'has no template'],
    ['a JSON body without template', body('json'), '/request/body/template', 'required'],
    ['text that is not JSON', body('json', '{"a": }'), '/request/body/template', 'must be JSON'],
    [
      'a templated key',
      body('json', { x: { '{{a}}': 1 } }),
      '/request/body/template/x/{{a}}',
      'only values may',
    ],
    [
      'a templated key in text',
      body('json', '{"{{a}}": 1}'),
      '/request/body/template/{{a}}',
      'only values may',
    ],
    [
      'a key that is a prototype',
      body('json', '{"__proto__": {}}'),
      '/request/body/template/__proto__',
      '__proto__',
    ],
    [
      'JSON of great depth',
      body('json', `${'['.repeat(100)}${']'.repeat(100)}`),
      `/request/body/template${'/0'.repeat(64)}`,
      '64 levels',
    ],
    [
      'an unknown name deep in JSON',
      body('json', { x: [1, { y: '{{no}}' }] }),
      '/request/body/template/x/1/y',
      '`no`',
    ],
    ['a form that is text', body('form', 'a=1'), '/request/body/template', 'list of'],
    ['a form with a nested value', body('form', { a: {} }), '/request/body/template/a', 'must be text'],
    [
      'a form field with a templated name',
      body('form', { '{{a}}': '1' }),
      '/request/body/template/{{a}}',
      'name',
    ],
    [
      'a form with a file',
      body('form', [{ name: 'a', value: 'x', fileName: 'f' }]),
      '/request/body/template/0/fileName',
      'multipart',
    ],
    [
      'an unknown field',
      body('multipart', [{ name: 'a', value: 'x', file: 'f' }]),
      '/request/body/template/0/file',
      'fileName',
    ],
    [
      'a field without a name',
      body('multipart', [{ value: 'x' }]),
      '/request/body/template/0/name',
      'must be a name',
    ],
    [
      'a content type with a line break',
      body('multipart', [{ name: 'a', value: 'x', contentType: 'text/plain\r\nX: y' }]),
      '/request/body/template/0/contentType',
      'media type',
    ],
    [
      'an unknown name in a file name',
      body('multipart', [{ name: 'a', value: 'x', fileName: '{{no}}' }]),
      '/request/body/template/0/fileName',
      '`no`',
    ],
    ['text that is none', body('text', { a: 1 }), '/request/body/template', 'must be text'],
    [
      'an optional name in running text',
      body('text', 'Hi {{opt}}'),
      '/request/body/template',
      '| default: ""}}',
    ],
    ['an optional name in XML', body('xml', '<a>{{opt}}</a>'), '/request/body/template', '| default: ""}}'],
    ['XML that is not well-formed', body('xml', '<a>{{a}}'), '/request/body/template', 'well-formed'],
    [
      'a default XML cannot carry',
      body('xml', '<a>{{opt | default: "\u0001"}}</a>'),
      '/request/body/template',
      'control character',
    ],
    [
      'angle brackets in XML',
      {
        request: { method: 'POST', angleBrackets: true, body: { type: 'xml', template: '<a/>' } },
      },
      '/request/angleBrackets',
      'is an element',
    ],
  ])('with %s is refused', (_name, overrides, pointer, message) => {
    expect(checkDefinition(toolDefinition(overrides))).toEqual([
      expect.objectContaining({ pointer, message: expect.stringContaining(message) }),
    ]);
  });

  it.each<[string, Overrides]>([
    ['a default in running text', body('text', 'Hi {{opt | default: ""}}, {{a}}')],
    ['a GET that says it has no body', { request: { body: { type: 'none' } } }],
    ['a custom verb in a segment', url('/models/x:predict')],
    ['numbers and booleans in a form', body('form', { a: 1, b: true })],
    [
      'a form as a list',
      body('form', [
        { name: 'a', value: '{{a}}' },
        { name: 'a', value: 2 },
      ]),
    ],
    [
      'the same name as argument and call variable',
      {
        parameters: strings('order_id?'),
        callVariables: ['order_id'],
        request: { url: `${origin}/orders/{{order_id}}` },
      },
    ],
  ])('may have %s', (_name, overrides) => {
    expect(checkDefinition(toolDefinition(overrides))).toEqual([]);
  });
});
