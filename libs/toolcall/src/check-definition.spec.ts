import { strings, toolDefinition, toolInput } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkDefinition, checkInput } from './check-definition.js';
import { compileTool } from './compile-tool.js';
import { normalizeDefinition } from './normalize-definition.js';

type Overrides = Parameters<typeof toolDefinition>[0];

describe('a definition', () => {
  it.each<[string, Overrides, string, string]>([
    [
      'a placeholder in the host',
      { request: { url: 'https://{{host}}/x' } },
      '/request/url',
      'move it to the path',
    ],
    [
      'a named segment for a host',
      { request: { url: 'https://{host}/x' } },
      '/request/url',
      'move it to the path',
    ],
    [
      'a placeholder in the port',
      { request: { url: 'https://a.example:{{p}}/' } },
      '/request/url',
      'move it to the path',
    ],
    [
      'a user name in the URL',
      { request: { url: 'https://me:pw@api.example.com/' } },
      '/request/url',
      'vault',
    ],
    ['another scheme', { request: { url: 'ftp://api.example.com/' } }, '/request/url', 'https://'],
    ['a fragment', { request: { url: 'https://api.example.com/#x' } }, '/request/url', 'fragment'],
    ['a backslash', { request: { url: 'https://api.example.com\\@evil.com/' } }, '/request/url', 'backslash'],
    ['an upward segment', { request: { url: 'https://api.example.com/a/%2e%2E/b' } }, '/request/url', '..'],
    [
      'a templated query name',
      { request: { url: 'https://api.example.com/?{{q}}=1' } },
      '/request/url',
      'name of a query',
    ],
    [
      'an unknown name in the URL',
      { request: { url: 'https://api.example.com/{{ordr}}' } },
      '/request/url',
      '`ordr` is no known name',
    ],
    [
      'an unknown name in a header',
      { request: { headers: [{ name: 'X-A', value: '{{nobody}}' }] } },
      '/request/headers/0/value',
      '`nobody`',
    ],
    [
      'an open placeholder',
      { request: { headers: [{ name: 'X-A', value: '{{a' }] } },
      '/request/headers/0/value',
      '{{name}}',
    ],
    [
      'a prototype in a path',
      { request: { headers: [{ name: 'X-A', value: '{{contact.__proto__}}' }] } },
      '/request/headers/0/value',
      '__proto__',
    ],
    [
      'the Host header',
      { request: { headers: [{ name: 'host', value: 'evil.com' }] } },
      '/request/headers/0/name',
      'frames the message',
    ],
    [
      'a forwarding header',
      { request: { headers: [{ name: 'X-Forwarded-For', value: '1' }] } },
      '/request/headers/0/name',
      'only a proxy may',
    ],
    [
      'a trace header',
      { request: { headers: [{ name: 'TraceParent', value: '1' }] } },
      '/request/headers/0/name',
      'trace context',
    ],
    [
      'a correlation header',
      { request: { headers: [{ name: 'x-allison-call-id', value: '1' }] } },
      '/request/headers/0/name',
      'correlation',
    ],
    [
      'a header twice',
      {
        request: {
          headers: [
            { name: 'A', value: '1' },
            { name: 'a', value: '2' },
          ],
        },
      },
      '/request/headers/1/name',
      'more than once',
    ],
    ['a body on a GET', { request: { body: { type: 'json', template: {} } } }, '/request/body', 'no body'],
    [
      'a body that is not JSON',
      { request: { method: 'POST', body: { type: 'json', template: '{"a": ' } } },
      '/request/body/template',
      'must be JSON',
    ],
    [
      'an unknown name deep in a body',
      { request: { method: 'POST', body: { type: 'json', template: { a: [{ 'b/c': '{{x}}' }] } } } },
      '/request/body/template/a/0/b~1c',
      '`x`',
    ],
    ['a bound context name', { bind: { contact: 'x' } }, '/bind/contact', 'already'],
    ['an unknown name bound', { bind: { a: '{{b}}' } }, '/bind/a', '`b`'],
    [
      'a path parameter nowhere in the URL',
      { request: { pathParameters: [{ name: 'id' }] } },
      '/request/pathParameters/0/name',
      'no segment',
    ],
    [
      'a default for a path nobody opted into',
      {
        parameters: strings('id'),
        request: { url: 'https://a.example/:id', pathParameters: [{ name: 'id', default: 'CUST-1' }] },
      },
      '/request/pathParameters/0/default',
      'on purpose',
    ],
    ['parameters of another type', { parameters: { type: 'array' } }, '/parameters/type', 'must be "object"'],
    [
      'a keyword that is not supported',
      { parameters: { type: 'object', oneOf: [] } },
      '/parameters/oneOf',
      'not supported',
    ],
    [
      'a reference elsewhere',
      { parameters: { type: 'object', properties: { a: { $ref: 'https://x' } } } },
      '/parameters/properties/a/$ref',
      'not supported',
    ],
    [
      'a pattern RE2 cannot read',
      { parameters: { type: 'object', properties: { a: { pattern: '(?=a)' } } } },
      '/parameters/properties/a/pattern',
      'RE2',
    ],
    [
      'an unknown format',
      { parameters: { type: 'object', properties: { a: { format: 'zip' } } } },
      '/parameters/properties/a/format',
      'one of email',
    ],
    [
      'a parameter called __proto__',
      {
        parameters: JSON.parse('{"type":"object","properties":{"__proto__":{}}}') as Record<string, unknown>,
      },
      '/parameters/properties/__proto__',
      'cannot be called',
    ],
    [
      'a required name not declared',
      { parameters: { type: 'object', required: ['a'] } },
      '/parameters/required/0',
      'not declared',
    ],
    [
      'a default that does not fit',
      { parameters: { type: 'object', properties: { a: { type: 'integer', default: 'x' } } } },
      '/parameters/properties/a/default',
      'does not satisfy',
    ],
    [
      'a schema that is none',
      { parameters: { type: 'object', properties: { a: { type: 'text' } } } },
      '/parameters/properties/a/type',
      'allowed values',
    ],
    [
      'a response path that cannot be read',
      { response: { variables: [{ name: 'a', path: 'a..b' }] } },
      '/response/variables/0/path',
      'orders[0].status',
    ],
    [
      'a variable twice',
      {
        response: {
          variables: [
            { name: 'a', path: 'a' },
            { name: 'a', path: 'b' },
          ],
        },
      },
      '/response/variables/1/name',
      'more than once',
    ],
  ])('with %s is refused', (_name, overrides, pointer, message) => {
    const problems = checkDefinition(toolDefinition(overrides));

    expect(problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ pointer, message: expect.stringContaining(message) }),
      ]),
    );
  });

  it('is refused with all its problems at once', () => {
    const problems = checkDefinition(
      toolDefinition({
        bind: { 'a b': 'x' },
        request: { url: 'https://{{h}}/', headers: [{ name: 'te', value: '{{x}}' }] },
      }),
    );

    expect(problems.map((problem) => problem.pointer).sort()).toEqual([
      '/bind/a b',
      '/request/headers/0/name',
      '/request/headers/0/value',
      '/request/url',
    ]);
  });

  it.each([
    ['api.example.com/orders', 'https://api.example.com/orders'],
    ['localhost:8080/x', 'https://localhost:8080/x'],
    ['//api.example.com', 'https://api.example.com'],
    [' http://api.example.com ', 'http://api.example.com'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
  ])('gets its scheme: %s becomes %s', (url, expected) => {
    expect(toolDefinition({ request: { url } }).request.url).toBe(expected);
  });

  it('may say its timeout in seconds and its parameters as variables, but not both ways', () => {
    const input = toolInput({
      variables: [{ name: 'id', type: 'integer', required: true }],
      request: { timeoutSeconds: 1.5 },
    });

    expect(normalizeDefinition(input)).toMatchObject({
      parameters: { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] },
      request: { timeoutMs: 1500 },
    });
    expect(
      checkInput({ ...input, parameters: {}, request: { ...input.request, timeoutMs: 5 } }).map(
        (one) => one.pointer,
      ),
    ).toEqual(['/variables', '/request/timeoutSeconds']);
  });

  it('that passes compiles and renders, whatever text its templates are made of', () => {
    const piece = fc.constantFrom(
      '{{a}}',
      '{{b}}',
      '{{contact.id}}',
      'x',
      ' ',
      '/',
      ':a',
      '{a}',
      '..',
      '?',
      '&',
      '=',
      '#',
      '%2e',
      '"',
      '{',
      '}',
      '{{',
      '}}',
      '\\',
      '@',
      '\n',
    );
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

    fc.assert(
      fc.property(text, text, text, fc.oneof(text, fc.jsonValue()), (path, query, header, template) => {
        const definition = toolDefinition({
          parameters: strings('a', 'b?'),
          request: {
            method: 'POST',
            url: `https://api.example.com/${path}`,
            query: [{ name: 'q', value: query }],
            headers: [{ name: 'X-H', value: header }],
            body: { type: 'json', template },
          },
        });
        if (checkDefinition(definition).length > 0) return;
        const tool = compileTool(definition);
        const frame = { orgId: 'o', facts: { contact: { id: '1' } }, now: new Date(0) };
        const coerced = tool.coerce({ a: 'v' }, frame);
        if (!coerced.ok) throw new Error('arguments that satisfy the schema were refused');
        const prepared = tool.prepare(frame, coerced.arguments);
        if (prepared.ok) expect(prepared.request.origin).toBe('https://api.example.com');
        else expect(prepared.missing.map((one) => one.name)).toEqual(expect.arrayContaining(['b']));
      }),
      { numRuns: 3000 },
    );
  });
});
