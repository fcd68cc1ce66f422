import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkDefinition } from './check-definition.js';
import type { RenderedRequest } from './compile-request.js';
import { compileTool, type CallFrame } from './compile-tool.js';
import type { ToolDefinition } from './tool-definition.js';

const frame: CallFrame = {
  orgId: '6f1c1f6e-6a0f-4b8e-9c39-6f6b7a9f0a11',
  callId: '0d7e7b6c-0f49-4f3b-8b1e-000000000001',
  agentId: 'agent-7',
  facts: {
    contact: { id: 'C-1', first_name: 'Ada', last_name: 'Lovelace', email: null },
    agent_name: 'Robin',
    direction: 'inbound',
    timezone: 'Asia/Tokyo',
    custom: { tier: 'gold' },
  },
  now: new Date('2026-03-01T23:30:00.000Z'),
};

function prepare(definition: ToolDefinition, input: Record<string, unknown>, from: CallFrame = frame) {
  expect(checkDefinition(definition)).toEqual([]);
  const tool = compileTool(definition);
  const coerced = tool.coerce(input, from);
  return coerced.ok ? tool.prepare(from, coerced.arguments) : coerced;
}

function render(definition: ToolDefinition, input: Record<string, unknown>): RenderedRequest {
  const prepared = prepare(definition, input);
  if (!prepared.ok) throw new Error(`not rendered: ${JSON.stringify(prepared.missing)}`);
  return (prepared as { request: RenderedRequest }).request;
}

describe('the path', () => {
  it.each([
    ['{{order_id}}', 'https://api.example.com/orders/{{order_id}}'],
    ['{ { order_id } }', 'https://api.example.com/orders/{ { order_id } }'],
    [':order_id', 'https://api.example.com/orders/:order_id'],
    ['{order_id}', 'https://api.example.com/orders/{order_id}'],
  ])('takes an argument written as %s', (_syntax, url) => {
    const definition = toolDefinition({ parameters: strings('order_id'), request: { url } });

    expect(render(definition, { order_id: 'ORD 1/2?x#y' })).toMatchObject({
      origin: 'https://api.example.com',
      path: '/orders/ORD%201%2F2%3Fx%23y',
      query: [],
    });
  });

  it.each(['.', '..', '%2e', '%2E.', '%2e%2e', '%252e%252E', '.%25252e'])(
    'refuses %j as a segment, in whatever encoding',
    (value) => {
      const definition = toolDefinition({
        parameters: strings('order_id'),
        request: { url: 'https://api.example.com/orders/{{order_id}}/items' },
      });

      expect(prepare(definition, { order_id: value })).toMatchObject({
        ok: false,
        missing: [
          expect.objectContaining({ name: 'order_id', hint: expect.stringContaining('part of a path') }),
        ],
      });
    },
  );

  it('is divided by what is literal in it, not by what a default says', () => {
    const definition = toolDefinition({
      parameters: strings('a?', 'q?'),
      request: { url: 'https://api.example.com/x/{{a | default: "b/c?d#e&f"}}?q={{q | default: "1&2=3"}}' },
    });

    expect(render(definition, {})).toMatchObject({
      path: '/x/b%2Fc%3Fd%23e%26f',
      query: [['q', '1&2=3']],
    });
  });

  it('refuses text that makes half a character', () => {
    const definition = toolDefinition({
      parameters: strings('id'),
      request: { url: 'https://api.example.com/{{id}}' },
    });

    expect(prepare(definition, { id: '\ud800' })).toMatchObject({ ok: false, missing: [{ name: 'id' }] });
  });

  it('uses the template or the opted-in default of a path parameter', () => {
    const definition = toolDefinition({
      parameters: strings('orderId?'),
      request: {
        url: 'https://api.example.com/customers/:customerId/orders/:orderId',
        pathParameters: [
          { name: 'customerId', value: '{{contact.id}}' },
          { name: 'orderId', default: 'latest', useDefault: true },
        ],
      },
    });

    expect(render(definition, {}).path).toBe('/customers/C-1/orders/latest');
    expect(render(definition, { orderId: 'ORD-7' }).path).toBe('/customers/C-1/orders/ORD-7');
  });

  it('does not use a default nobody opted into', () => {
    const definition = toolDefinition({
      parameters: strings('orderId?'),
      request: {
        url: 'https://api.example.com/orders/:orderId',
        pathParameters: [{ name: 'orderId', default: 'ORD-12345', useDefault: false }],
      },
    });

    expect(prepare(definition, {})).toMatchObject({ ok: false, missing: [{ name: 'orderId' }] });
  });
});

describe('arguments no placeholder names', () => {
  const parameters = {
    type: 'object',
    properties: {
      q: { type: 'string' },
      tags: { type: 'array', items: { type: 'string' } },
      n: { type: 'integer', default: 5 },
    },
  };

  it('go to the query of a GET, with their defaults', () => {
    const { query, body } = render(toolDefinition({ parameters }), { q: 'a b&c=d', tags: ['x', 'y'] });

    expect(query).toEqual([
      ['q', 'a b&c=d'],
      ['tags', 'x'],
      ['tags', 'y'],
      ['n', '5'],
    ]);
    expect(body).toBeUndefined();
  });

  it('go to the JSON body of a POST, keeping their types', () => {
    const definition = toolDefinition({ parameters, request: { method: 'POST' } });

    expect(render(definition, { q: 'x', tags: ['y'] }).body).toEqual({
      type: 'json',
      value: { q: 'x', tags: ['y'], n: 5 },
    });
  });

  it('stay out of a body the tool has written itself', () => {
    const definition = toolDefinition({
      parameters,
      request: { method: 'POST', body: { type: 'json', template: { query: '{{q}}' } } },
    });

    expect(render(definition, { q: 'x', tags: ['y'] }).body).toEqual({ type: 'json', value: { query: 'x' } });
  });

  it('are never sent when the schema does not declare them', () => {
    expect(
      render(toolDefinition({ parameters: strings('q') }), { q: 'x', admin: 'true', __proto__: { a: 1 } })
        .query,
    ).toEqual([['q', 'x']]);
  });

  it('give way to what the tool binds', () => {
    const definition = toolDefinition({
      parameters: strings('q', 'customer_id?'),
      bind: { customer_id: '{{contact.id}}' },
    });

    expect(render(definition, { q: 'x', customer_id: 'someone else' }).query).toEqual([
      ['q', 'x'],
      ['customer_id', 'C-1'],
    ]);
  });
});

describe('a JSON body', () => {
  const parameters = {
    type: 'object',
    properties: {
      s: { type: 'string' },
      i: { type: 'integer' },
      f: { type: 'number' },
      b: { type: 'boolean' },
      o: { type: 'object', properties: { k: { type: 'string' } } },
      opt: { type: 'string' },
    },
    required: ['s'],
  };
  const post = (template: unknown) =>
    toolDefinition({ parameters, request: { method: 'POST', body: { type: 'json', template } } });

  it.each<[string, unknown, Record<string, unknown>, unknown]>([
    ['an integer stays a number', { v: '{{i}}' }, { i: '42' }, { v: 42 }],
    ['a float stays a decimal', { v: '{{f}}' }, { f: '1.5' }, { v: 1.5 }],
    ['a boolean stays one', { v: '{{b}}' }, { b: 'true' }, { v: true }],
    ['a string that looks like a number stays a string', { v: '{{s}}' }, { s: '007' }, { v: '007' }],
    ['an object stays one', { v: '{{o}}' }, { o: { k: 'x' } }, { v: { k: 'x' } }],
    [
      'inside other text anything is text',
      { v: 'no. {{i}}: {{b}}' },
      { i: 42, b: false },
      { v: 'no. 42: false' },
    ],
    ['an optional argument that is absent takes its key along', { v: '{{opt}}', w: 1 }, {}, { w: 1 }],
    ['and its place in a list', ['{{opt}}', '{{s}}'], {}, ['x']],
    ['quotes cannot break out', { v: 'a {{s}} b' }, { s: '","vip":true,"' }, { v: 'a ","vip":true," b' }],
    ['a value is not read as a template', { v: '{{s}}' }, { s: '{{contact.id}}' }, { v: '{{contact.id}}' }],
    ['replacement patterns are only text', { v: 'a {{s}}' }, { s: "$& $' $1" }, { v: "a $& $' $1" }],
    [
      'an integer no number can hold is written as it is',
      '{"n": 12345678901234567890}',
      {},
      { n: expect.objectContaining({ rawJSON: '12345678901234567890' }) },
    ],
    ['text with bare placeholders is JSON', '{"n": {{i}}, "s": "<{{s}}>"}', { i: 3 }, { n: 3, s: '<x>' }],
    [
      'context has nested names',
      { v: '{{contact.first_name}} of {{custom.tier}}' },
      {},
      { v: 'Ada of gold' },
    ],
    [
      'today is where the caller is',
      { v: '{{current_date}}', t: '{{current_datetime}}' },
      {},
      { v: '2026-03-02', t: '2026-03-01T23:30:00.000Z' },
    ],
  ])('%s', (_name, template, input, expected) => {
    expect(render(post(template), { s: 'x', ...input }).body).toEqual({ type: 'json', value: expected });
  });

  it('reports every context value that is not known, instead of sending an empty string', () => {
    expect(prepare(post({ a: '{{contact.email}}', b: 'to {{user_number}}' }), { s: 'x' })).toMatchObject({
      ok: false,
      missing: [{ name: 'contact.email' }, { name: 'user_number' }],
    });
  });
});

describe('headers', () => {
  const definition = toolDefinition({
    parameters: strings('note?'),
    request: {
      headers: [
        { name: 'X-Note', value: '{{note}}' },
        { name: 'X-Fixed', value: 'yes' },
      ],
    },
  });

  it.each(['a\r\nX-Admin: 1', 'a\nb', 'a\0', 'é', '嘍嘊', '💩', '\x7f', 'x'.repeat(5000)])(
    'never carry %j',
    (note) => {
      expect(prepare(definition, { note })).toMatchObject({
        ok: false,
        missing: [{ name: 'note', hint: expect.stringContaining('X-Note') }],
      });
    },
  );

  it('are left out when their optional argument is absent', () => {
    expect(render(definition, {}).headers).toEqual([['X-Fixed', 'yes']]);
  });
});

describe('whatever the arguments are', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '..',
      '../x',
      '%2e%2e',
      '\r\nX: y',
      '","a":"',
      '{{contact.id}}',
      '__proto__',
      '@evil.com',
      '//evil.com',
      '?a=b',
      '#f',
      ';p',
      '\0',
    ),
  );
  const definition = toolDefinition({
    parameters: strings('seg', 'q', 'h', 'j'),
    request: {
      method: 'POST',
      url: 'https://api.example.com/v1/{{seg}}/x-{{seg}}?fixed=1&q={{q}}',
      query: [{ name: 'q2', value: 'a{{q}}' }],
      headers: [{ name: 'X-H', value: 'v{{h}}' }],
      body: { type: 'json', template: { a: '{{j}}', b: ['{{j}}', { c: 'x{{j}}' }] } },
    },
  });
  const tool = compileTool(definition);

  it('a request has the origin, segments, header names, query names and JSON shape of its definition', () => {
    fc.assert(
      fc.property(text, text, text, text, (seg, q, h, j) => {
        const coerced = tool.coerce({ seg, q, h, j }, frame);
        if (!coerced.ok) return;
        const prepared = tool.prepare(frame, coerced.arguments);
        if (!prepared.ok) return;
        const { origin, path, query, headers, body } = prepared.request;
        const url = new URL(
          `${origin}${path}?${query.map(([n, v]) => `${encodeURIComponent(n)}=${encodeURIComponent(v)}`).join('&')}`,
        );
        expect(url.origin).toBe('https://api.example.com');
        expect(url.pathname).toBe(path); // nothing left for a parser to resolve
        expect(url.pathname.split('/')).toHaveLength(4);
        expect(url.pathname.split('/').slice(0, 2)).toEqual(['', 'v1']);
        expect([...url.searchParams.keys()]).toEqual(['fixed', 'q', 'q2']);
        expect(url.searchParams.get('q')).toBe(q.toWellFormed());
        expect(headers.map(([name]) => name)).toEqual(['X-H']);
        expect(headers[0]![1]).toMatch(/^[\t\x20-\x7e]*$/);
        expect(body).toEqual({ type: 'json', value: { a: j, b: [j, { c: `x${j}` }] } });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what is said', () => {
  const said = (
    overrides: Parameters<typeof toolDefinition>[0],
    succeeded: boolean,
    variables: Record<string, unknown>,
  ) => {
    const tool = compileTool(toolDefinition(overrides));
    const coerced = tool.coerce({ q: 'shoes' }, frame);
    const prepared = coerced.ok && tool.prepare(frame, coerced.arguments);
    if (!prepared || !prepared.ok) throw new Error('not prepared');
    return tool.say(prepared.scope, succeeded, variables);
  };
  const messages = {
    start: 'Looking for {{q}}',
    complete: 'Your order is {{orders[0].status}}',
    failure: 'Sorry, {{contact.first_name}}',
  };

  it('has the arguments, the context and the response in it', () => {
    const parameters = strings('q');

    expect(said({ parameters, messages }, true, { orders: [{ status: 'shipped' }] })).toEqual({
      start: 'Looking for shoes',
      complete: 'Your order is shipped',
    });
    expect(said({ parameters, messages }, false, {})).toEqual({
      start: 'Looking for shoes',
      failure: 'Sorry, Ada',
    });
  });

  it('is left out rather than said with a hole in it', () => {
    expect(said({ parameters: strings('q'), messages }, true, {})).toEqual({ start: 'Looking for shoes' });
  });

  it('is nothing where the agent speaks naturally', () => {
    expect(
      said({ parameters: strings('q'), messages: { ...messages, speakNaturally: true } }, true, {}),
    ).toBeUndefined();
  });
});
