import { EgressClient } from '#egress/egress-client';
import { EgressPolicies } from '#egress/egress-policies';
import { parseEgressAllow } from '#egress/policy-entries';
import { Upstream } from '#egress/testing/upstream';
import { frame, prepareTool } from '#testing/rendered-tool';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import type { Prepared } from '#toolcall/compile-tool';
import type { RequestBody } from '#toolcall/tool-definition';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SaxesParser } from 'saxes';
import { toWire } from './wire-request.js';

/** A request as a server sees it. */
interface Received {
  readonly method: string;
  readonly segments: string[];
  readonly query: [string, string][];
  readonly headers: [string, string][];
  readonly body: string;
}

type BodyType = RequestBody['type'];
const headerNames = (body: BodyType) => [
  'host',
  'connection',
  'X-Value',
  'X-Fixed',
  ...(body === 'none' ? [] : ['Content-Type']),
  'User-Agent',
  'accept-encoding',
  'content-length',
];

/** What language models and callers have been seen to send, and what attackers would. */
const vectors = [
  ...[
    'plain',
    '',
    '.',
    '..',
    '%2e%2e',
    '%252e',
    '..%2f',
    '../admin',
    'a/b',
    '?x=1',
    '#f',
    ';p',
    '\\',
    '//evil.example',
  ],
  ...[
    '@evil.example',
    'evil.example/',
    'x@evil.example/',
    '%00',
    '\0',
    '\r\n',
    '\t',
    '\r\nX-Admin: 1',
    '\n',
    '\ud800',
  ],
  ...['&admin=1', '%26', '+', 'a=b', '","vip":true,"', '\\u0022', '{{contact.id}}', '{{credential.token}}'],
  ...[
    '$&',
    "$'",
    '$1',
    '__proto__',
    '1e999',
    '9007199254740993',
    ']]>',
    '<admin/>',
    '</v>',
    '&lt;',
    '"',
    "'",
  ],
  ...[
    '--boundary',
    '\r\n--boundary--\r\n',
    '嘍嘊',
    '💩',
    '\x7f',
    'é',
    ' ',
    'x'.repeat(5000),
    '<id>',
    '{id}',
    ':id',
  ],
];

const bodies: Partial<Record<BodyType, unknown>> = {
  json: { v: '{{value}}', list: ['{{value}}', { w: 'x{{value}}' }] },
  form: [
    { name: 'v', value: '{{value}}' },
    { name: 'w', value: 'x{{value}}' },
  ],
  multipart: [
    { name: 'v', value: '{{value}}' },
    { name: 'f', value: 'x{{value}}', fileName: 'n{{value}}.txt' },
  ],
  text: 'text: {{value}}.',
  xml: '<v a="{{value}}">x{{value}}<![CDATA[{{value}}]]></v>',
};

describe('what an argument can do to a request on the wire', () => {
  let upstream: Upstream;
  let client: EgressClient;
  beforeAll(async () => {
    upstream = await Upstream.start();
    client = new EgressClient(new EgressPolicies({ allow: parseEgressAllow('127.0.0.1/32') }));
  });
  afterAll(async () => {
    await client.close();
    await upstream.stop();
  });

  const origin = () => `http://127.0.0.1:${upstream.port}`;

  /** The request as received, or why there was none. */
  async function send(prepared: Prepared): Promise<Received | Extract<Prepared, { ok: false }>> {
    if (!prepared.ok) return prepared;
    const before = upstream.requests.length;
    const result = await client.send({ ...toWire(prepared.request), orgId: 'org', maxBytes: 1000 });
    expect(result).toMatchObject({ kind: 'response' });
    expect(upstream.requests).toHaveLength(before + 1);
    return parse(upstream.requests.at(-1)!);
  }

  /** One definition with the value in one place, or in all that take any text. */
  const definition = (
    where: 'path' | 'query' | 'header' | 'body',
    body: BodyType = 'none',
    value = '{{value}}',
  ) =>
    toolDefinition({
      parameters: strings('value'),
      request: {
        method: 'POST',
        url: `${origin()}/v1/${where === 'path' ? value : 'x'}/end?fixed=1${where === 'query' ? `&u=${value}` : ''}`,
        query: where === 'query' ? [{ name: 'q', value: `x${value}` }] : [],
        headers: [
          { name: 'X-Value', value: where === 'header' ? value : 'v' },
          { name: 'X-Fixed', value: 'yes' },
        ],
        body: body === 'none' ? { type: 'none' } : { type: body, template: bodies[body] },
      },
    });

  const isRefusal = (outcome: object): outcome is Extract<Prepared, { ok: false }> => 'missing' in outcome;

  function expectFrame(received: Received, body: BodyType): void {
    expect(received.method).toBe('POST');
    expect(received.segments).toHaveLength(4);
    expect([received.segments[1], received.segments[3]]).toEqual(['v1', 'end']);
    expect(received.headers.map(([name]) => name)).toEqual(headerNames(body));
    expect(received.headers.find(([name]) => name === 'host')?.[1]).toBe(`127.0.0.1:${upstream.port}`);
  }

  it.each(vectors)('in the path: %j is one segment, or nothing is sent', async (value) => {
    const received = await send(prepareTool(definition('path'), { value }));

    const cannotBe = ['', '.', '..', '%2e%2e', '%252e', '\ud800'].includes(value);
    expect(isRefusal(received)).toBe(cannotBe);
    if (isRefusal(received)) return;
    expectFrame(received, 'none');
    expect(decodeURIComponent(received.segments[2]!)).toBe(value);
    expect(received.query).toEqual([['fixed', '1']]);
  });

  it.each(vectors)('in the query: %j is one value', async (value) => {
    const received = await send(prepareTool(definition('query'), { value }));

    if (isRefusal(received)) throw new Error('refused');
    expectFrame(received, 'none');
    const sent = value.toWellFormed();
    expect(received.query).toEqual([
      ['fixed', '1'],
      ['u', sent],
      ['q', `x${sent}`],
    ]);
  });

  it.each(vectors)('in a header: %j is one line of printable ASCII, or nothing is sent', async (value) => {
    const received = await send(prepareTool(definition('header'), { value }));

    expect(isRefusal(received)).toBe(!/^[\t\x20-\x7e]{0,4096}$/.test(value));
    if (isRefusal(received)) return;
    expectFrame(received, 'none');
    expect(received.headers.find(([name]) => name === 'X-Value')?.[1]).toBe(value.trim());
  });

  it.each(vectors)('in JSON: %j is one string', async (value) => {
    const received = await send(prepareTool(definition('body', 'json'), { value }));

    if (isRefusal(received)) throw new Error('refused');
    expectFrame(received, 'json');
    expect(JSON.parse(received.body)).toEqual({ v: value, list: [value, { w: `x${value}` }] });
  });

  it.each(vectors)('in a form: %j is one value', async (value) => {
    const received = await send(prepareTool(definition('body', 'form'), { value }));

    if (isRefusal(received)) throw new Error('refused');
    expectFrame(received, 'form');
    const sent = value.toWellFormed();
    expect([...new URLSearchParams(received.body)]).toEqual([
      ['v', sent],
      ['w', `x${sent}`],
    ]);
  });

  it.each(vectors)('in a multipart body: %j is one field and one file', async (value) => {
    const received = await send(prepareTool(definition('body', 'multipart'), { value }));

    if (isRefusal(received)) throw new Error('refused');
    expectFrame(received, 'multipart');
    const contentType = received.headers.find(([name]) => name === 'Content-Type')![1];
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- for servers, whose memory it would take; here it is the oracle
    const form = await new Response(received.body, { headers: { 'content-type': contentType } }).formData();
    const sent = value.toWellFormed();
    const file = form.get('f') as File;
    expect([...form.keys()]).toEqual(['v', 'f']);
    expect(form.get('v')).toBe(sent.replace(/\r\n|\r|\n/g, '\r\n'));
    expect(await file.text()).toBe(`x${sent}`);
    expect(file.name).toBe(`n${sent}.txt`);
    expect(file.type).toBe('text/plain; charset=utf-8');
  });

  it.each(vectors)('in text: %j is text', async (value) => {
    const received = await send(prepareTool(definition('body', 'text'), { value }));

    if (isRefusal(received)) throw new Error('refused');
    expectFrame(received, 'text');
    expect(received.body).toBe(`text: ${value.toWellFormed()}.`);
  });

  it.each(vectors)('in XML: %j is text and attribute value, or nothing is sent', async (value) => {
    const received = await send(prepareTool(definition('body', 'xml'), { value }));

    expect(isRefusal(received)).toBe(value.includes('\0') || value === '\ud800');
    if (isRefusal(received)) return;
    expectFrame(received, 'xml');
    expect(readXml(received.body)).toEqual({ names: ['v'], a: value, text: `x${value}${value}` });
  });

  it.each(vectors)('a value of the context fares no better than an argument: %j', async (value) => {
    const from = { ...frame, facts: { contact: { first_name: value } } };
    const ofContext = (where: 'path' | 'header') =>
      send(prepareTool(definition(where, 'none', '{{contact.first_name}}'), { value: '' }, from));
    const ofArgument = (where: 'path' | 'header') => send(prepareTool(definition(where), { value }));

    for (const where of ['path', 'header'] as const) {
      const [expected, actual] = [await ofArgument(where), await ofContext(where)];
      expect(isRefusal(actual)).toBe(isRefusal(expected));
      if (isRefusal(actual) || isRefusal(expected)) continue;
      expect(actual).toEqual(expected);
    }
  });
});

function parse(request: string): Received {
  const end = request.indexOf('\r\n\r\n');
  const [line = '', ...lines] = request.slice(0, end).split('\r\n');
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?');
  return {
    method,
    segments: path.split('/'),
    query: [...new URLSearchParams(query)],
    headers: lines.map((one) => {
      const colon = one.indexOf(':');
      return [one.slice(0, colon), one.slice(colon + 1).trim()];
    }),
    body: Buffer.from(request.slice(end + 4), 'latin1').toString(),
  };
}

function readXml(text: string): { names: string[]; a: string; text: string } {
  const result = { names: [] as string[], a: '', text: '' };
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    result.names.push(name);
    result.a = String(attributes.a);
  });
  parser.on('text', (piece) => (result.text += piece));
  parser.on('cdata', (piece) => (result.text += piece));
  parser.write(text).close();
  return result;
}
