import { frame, prepareTool, renderTool } from '#testing/rendered-tool';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { compileTool, type CallFrame } from './compile-tool.js';

type Overrides = NonNullable<Parameters<typeof toolDefinition>[0]>;
const origin = 'https://api.example.com';

describe('an absent optional argument', () => {
  const everywhere = (template: string): Overrides => ({
    parameters: strings('opt?', 'given'),
    request: {
      method: 'POST',
      url: `${origin}/x?u=${template}`,
      query: [{ name: 'q', value: template }],
      headers: [{ name: 'X-H', value: template }],
      body: { type: 'json', template: { key: template, list: [template, 1], deep: { key: template } } },
    },
  });
  const nothing = { query: [], headers: [], body: { type: 'json', value: { list: [1], deep: {} } } };

  it.each([
    ['alone', '{{opt}}'],
    ['in the midst of text', 'a {{opt}} b'],
    ['beside one that is given', '{{given}}-{{opt}}'],
    ['beside context that is not known', '{{contact.email}} {{opt}}'],
  ])('%s takes its query pair, header, JSON key and place in a list along', (_where, template) => {
    expect(renderTool(toolDefinition(everywhere(template)), { given: 'g' })).toMatchObject(nothing);
  });

  it('takes the field of a form along, and the part of a multipart body', () => {
    const fields = [
      { name: 'a', value: '{{opt}}' },
      { name: 'b', value: 'x{{opt}}' },
      { name: 'c', value: '{{given}}' },
    ];
    const body = (type: 'form' | 'multipart') =>
      renderTool(
        toolDefinition({
          parameters: strings('opt?', 'given'),
          request: { method: 'POST', body: { type, template: fields } },
        }),
        { given: 'g' },
      ).body;

    expect(body('form')).toEqual({ type: 'form', pairs: [['c', 'g']] });
    expect(body('multipart')).toEqual({ type: 'multipart', fields: [{ name: 'c', value: 'g' }] });
  });

  it('that is the whole body leaves no body', () => {
    const definition = toolDefinition({
      parameters: { type: 'object', properties: { payload: { type: 'object' } } },
      request: { method: 'POST', body: { type: 'json', template: '{{payload}}' } },
    });

    expect(renderTool(definition, {}).body).toBeUndefined();
  });

  it('is asked for where it stands in the path: there is no leaving out a segment', () => {
    const definition = toolDefinition({
      parameters: strings('opt?'),
      request: { url: `${origin}/a/{{opt}}/b` },
    });

    expect(prepareTool(definition, {})).toMatchObject({ ok: false, missing: [{ name: 'opt' }] });
  });

  it('is one that an object or a list does not have, too', () => {
    const definition = toolDefinition({
      parameters: {
        type: 'object',
        properties: {
          address: { type: 'object', properties: { street: { type: 'string' } } },
          items: { type: 'array', items: { type: 'string' } },
        },
        required: ['address', 'items'],
      },
      request: {
        query: [
          { name: 'street', value: '{{address.street}}' },
          { name: 'first', value: 'item {{items[0]}}' },
        ],
      },
    });

    expect(renderTool(definition, { address: {}, items: [] }).query).toEqual([]);
    expect(renderTool(definition, { address: { street: 's' }, items: ['i'] }).query).toEqual([
      ['street', 's'],
      ['first', 'item i'],
    ]);
  });

  it('may be null, which JSON can say and text cannot', () => {
    const definition = toolDefinition({
      parameters: { type: 'object', properties: { n: { type: ['string', 'null'] } }, required: ['n'] },
      request: {
        method: 'POST',
        query: [{ name: 'n', value: '{{n}}' }],
        body: { type: 'json', template: { n: '{{n}}', text: '<{{n}}>' } },
      },
    });

    expect(renderTool(definition, { n: null })).toMatchObject({
      query: [],
      body: { type: 'json', value: { n: null } },
    });
  });
});

describe('a default', () => {
  it('stands for what is absent or null, in every position, keeping its type', () => {
    const definition = toolDefinition({
      parameters: {
        type: 'object',
        properties: { n: { type: ['integer', 'null'] }, s: { type: 'string' } },
      },
      bind: { who: '{{contact.email | default: "nobody@example.com"}}' },
      request: {
        method: 'POST',
        url: `${origin}/{{s | default: "all"}}?n={{n | default: 1}}`,
        query: [{ name: 'q', value: 'x{{s | default: "-"}}' }],
        headers: [{ name: 'X-H', value: '{{user_number | default: "unknown"}}' }],
        body: {
          type: 'json',
          template: { n: '{{n | default: 5}}', b: '{{s | default: true}}', who: '{{who}}' },
        },
      },
    });

    expect(renderTool(definition, { n: null })).toMatchObject({
      path: '/all',
      query: [
        ['n', '1'],
        ['q', 'x-'],
      ],
      headers: [['X-H', 'unknown']],
      body: { value: { n: 5, b: true, who: 'nobody@example.com' } },
    });
    expect(renderTool(definition, { n: 0, s: 's' })).toMatchObject({
      path: '/s',
      query: [
        ['n', '0'],
        ['q', 'xs'],
      ],
      body: { value: { n: 0, b: 's' } },
    });
  });

  it('does not stand for an empty text, which is what somebody said', () => {
    const definition = toolDefinition({
      parameters: strings('s?'),
      request: { query: [{ name: 's', value: '{{s | default: "x"}}' }] },
    });

    expect(renderTool(definition, { s: '' }).query).toEqual([['s', '']]);
  });

  it('may be written with quotes inside the strings of a JSON body that is text, escaped or not', () => {
    const template = `{"a": "{{s | default: "x"}}", "b": "{{s | default: \\"y\\"}}", "c": {{n | default: "z"}}, "d": "<{{s | default: 'w'}}>"}`;
    const definition = toolDefinition({
      parameters: strings('s?', 'n?'),
      request: { method: 'POST', body: { type: 'json', template } },
    });

    expect(renderTool(definition, {}).body).toEqual({
      type: 'json',
      value: { a: 'x', b: 'y', c: 'z', d: '<w>' },
    });
  });
});

describe('a path parameter', () => {
  const url = `${origin}/customers/:customerId/orders/x-{{orderId}}`;

  it('has its default for whatever is absent: argument, context or part of its own template', () => {
    const definition = toolDefinition({
      request: {
        url,
        pathParameters: [
          { name: 'customerId', value: 'c-{{contact.email}}', default: 'any one', useDefault: true },
          { name: 'orderId', default: 'latest', useDefault: true },
        ],
      },
    });

    expect(renderTool(definition, {}).path).toBe('/customers/any%20one/orders/x-latest');
    expect(renderTool(definition, {}, { ...frame, facts: { contact: { email: 'a@b.example' } } }).path).toBe(
      '/customers/c-a%40b.example/orders/x-latest',
    );
  });

  it('is filled by the argument of its name, or by its own template in its stead', () => {
    const definition = toolDefinition({
      parameters: strings('orderId', 'customerId?'),
      request: { url, pathParameters: [{ name: 'customerId', value: '{{contact.id}}' }] },
    });

    expect(renderTool(definition, { orderId: '7/8', customerId: 'someone else' }).path).toBe(
      '/customers/C-1/orders/x-7%2F8',
    );
  });

  it('names what its template misses, once', () => {
    const definition = toolDefinition({
      parameters: strings('orderId'),
      request: { url, pathParameters: [{ name: 'customerId', value: '{{contact.email}}' }] },
    });

    expect(prepareTool(definition, { orderId: '1' })).toEqual({
      ok: false,
      missing: [{ name: 'contact.email' }],
      missingCallVariables: [],
    });
  });
});

describe('`<name>`', () => {
  const request = {
    method: 'POST' as const,
    url: `${origin}/users/<user_name>?q=<q>`,
    headers: [{ name: 'X-H', value: 'h <q>' }],
    body: { type: 'json' as const, template: { a: '<q>', n: '<n>', b: 'x<contact.id>y' } },
  };
  const parameters = {
    type: 'object',
    properties: { user_name: { type: 'string' }, q: { type: 'string' }, n: { type: 'integer' } },
    required: ['user_name', 'q', 'n'],
  };
  const given = { user_name: 'ada l', q: 'Q', n: 3 };

  it('is a placeholder everywhere in the request of a tool that has opted in', () => {
    expect(
      renderTool(toolDefinition({ parameters, request: { ...request, angleBrackets: true } }), given),
    ).toMatchObject({
      path: '/users/ada%20l',
      query: [['q', 'Q']],
      headers: [['X-H', 'h Q']],
      body: { value: { a: 'Q', n: 3, b: 'xC-1y' } },
    });
  });

  it('is text anywhere else', () => {
    expect(renderTool(toolDefinition({ parameters, request }), given)).toMatchObject({
      path: '/users/%3Cuser_name%3E',
      headers: [['X-H', 'h <q>']],
      body: { value: { a: '<q>' } },
    });
  });
});

describe('a list', () => {
  const parameters = {
    type: 'object',
    properties: { tags: { type: 'array', items: { type: 'string' } }, o: { type: 'object' } },
  };

  it('that is all of a value makes a pair of each item, in query and form', () => {
    const pair = [{ name: 'tag', value: '{{tags}}' }];
    const query = toolDefinition({ parameters, request: { query: pair } });
    const form = toolDefinition({
      parameters,
      request: { method: 'POST', body: { type: 'form', template: pair } },
    });
    const tags = ['a', null, 'b&c'];
    const pairs = [
      ['tag', 'a'],
      ['tag', 'b&c'],
    ];

    expect(renderTool(query, { tags }).query).toEqual(pairs);
    expect(renderTool(form, { tags }).body).toEqual({ type: 'form', pairs });
    expect(renderTool(query, { tags: [] }).query).toEqual([]);
  });

  it('within text is JSON, as is an object', () => {
    const definition = toolDefinition({
      parameters,
      request: { query: [{ name: 'a', value: 'x{{tags}}{{o}}' }] },
    });

    expect(renderTool(definition, { tags: ['a'], o: { k: 1 } }).query).toEqual([['a', 'x["a"]{"k":1}']]);
  });
});

describe('arguments no placeholder names', () => {
  const parameters = strings('a', 'b?');

  it('are a form where the tool’s own Content-Type says so', () => {
    const headers = [{ name: 'content-type', value: 'application/x-www-form-urlencoded; charset=utf-8' }];

    expect(
      renderTool(toolDefinition({ parameters, request: { method: 'POST', headers } }), { a: '1' }).body,
    ).toEqual({ type: 'form', pairs: [['a', '1']] });
  });

  it('go nowhere where the tool says that there is no body', () => {
    const definition = toolDefinition({ parameters, request: { method: 'PUT', body: { type: 'none' } } });

    expect(renderTool(definition, { a: '1' })).toMatchObject({ query: [], body: undefined });
  });

  it('go to the query of a DELETE, beside its body if it has one', () => {
    const definition = toolDefinition({
      parameters,
      request: { method: 'DELETE', body: { type: 'json', template: { b: '{{b}}' } } },
    });

    expect(renderTool(definition, { a: '1', b: '2' })).toMatchObject({
      query: [['a', '1']],
      body: { value: { b: '2' } },
    });
  });

  it('are never sent beside a query parameter of the same name, declared or not', () => {
    const definition = toolDefinition({
      parameters: { ...strings('a'), additionalProperties: true },
      request: { url: `${origin}/?status=open`, query: [{ name: 'limit', value: '10' }] },
    });

    expect(renderTool(definition, { a: '1', status: 'all', limit: '1000', other: 'x' }).query).toEqual([
      ['status', 'open'],
      ['limit', '10'],
      ['a', '1'],
      ['other', 'x'],
    ]);
  });

  it('never stand in for what comes from the context or the call', () => {
    const definition = toolDefinition({
      parameters: { type: 'object', additionalProperties: true },
      callVariables: ['customer'],
      request: {
        query: [
          { name: 'mail', value: '{{contact.email}}' },
          { name: 'customer', value: '{{customer.id}}' },
        ],
      },
    });

    expect(
      prepareTool(definition, { contact: { email: 'evil@example.com' }, customer: { id: 'C-666' } }),
    ).toMatchObject({ ok: false, missing: [{ name: 'contact.email' }, { name: 'customer.id' }] });
  });
});

describe('what a tool binds', () => {
  it('is not asked of the model, even where the schema requires it', () => {
    const definition = toolDefinition({
      parameters: strings('customer_id', 'q'),
      bind: { customer_id: '{{contact.id}}' },
    });

    expect(compileTool(definition).coerce({ q: 'x', customer_id: 'someone else' }, frame)).toEqual({
      ok: true,
      arguments: { q: 'x' },
    });
    expect(renderTool(definition, { q: 'x' }).query).toEqual([
      ['q', 'x'],
      ['customer_id', 'C-1'],
    ]);
  });

  it('is absent with the optional argument it is made of, and nobody else’s value takes its place', () => {
    const definition = toolDefinition({
      parameters: { ...strings('opt?'), additionalProperties: true },
      bind: { who: 'user-{{opt}}' },
      request: { query: [{ name: 'who', value: '{{who}}' }] },
    });

    expect(renderTool(definition, { who: 'evil' }).query).toEqual([]);
    expect(renderTool(definition, { opt: '1', who: 'evil' }).query).toEqual([['who', 'user-1']]);
  });
});

describe('a name that several know', () => {
  // What a tool binds is nobody else's: a definition that binds a name of the context or the call is refused.
  const definition = toolDefinition({
    parameters: strings('language?', 'order?'),
    callVariables: ['order'],
    request: {
      query: [
        { name: 'language', value: '{{language | default: "default"}}' },
        { name: 'order', value: '{{order | default: "default"}}' },
      ],
    },
  });
  const given = { language: 'argument', order: 'argument' };
  const callVariables = { order: 'call' };

  it.each<[string, CallFrame['facts'], Record<string, string>, Record<string, string>, [string, string]]>([
    ['the context', { language: 'context' }, given, callVariables, ['context', 'argument']],
    ['the argument', {}, given, callVariables, ['argument', 'argument']],
    ['an earlier tool of the call', {}, {}, callVariables, ['default', 'call']],
    ['the default', {}, {}, {}, ['default', 'default']],
  ])('is said by %s', (_who, facts, args, call, [language, order]) => {
    expect(renderTool(definition, args, { ...frame, facts, callVariables: call }).query).toEqual([
      ['language', language],
      ['order', order],
    ]);
  });
});

describe('call variables', () => {
  const definition = toolDefinition({
    parameters: strings('order_id?'),
    callVariables: ['customer', 'order_id', 'note'],
    request: {
      query: [
        { name: 'customer', value: '{{customer.id}}' },
        { name: 'order', value: '{{order_id}}' },
        { name: 'note', value: '{{note | default: "none"}}' },
      ],
    },
  });
  const within = (callVariables: Record<string, unknown>) => ({ ...frame, callVariables });

  it('stand behind the arguments, and before defaults', () => {
    const callVariables = { customer: { id: 'C-9' }, order_id: 'O-1', note: null };

    expect(renderTool(definition, {}, within(callVariables)).query).toEqual([
      ['customer', 'C-9'],
      ['order', 'O-1'],
      ['note', 'none'],
    ]);
    expect(renderTool(definition, { order_id: 'O-2' }, within(callVariables)).query).toContainEqual([
      'order',
      'O-2',
    ]);
  });

  it('that are absent are missing, and said to come from another tool', () => {
    expect(prepareTool(definition, {}, within({}))).toEqual({
      ok: false,
      missing: [{ name: 'customer.id', description: expect.stringContaining('earlier tool') }],
      missingCallVariables: ['customer.id'],
    });
  });
});
