import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkDefinition } from './check-definition.js';
import { compileTool } from './compile-tool.js';
import type { ToolDefinition, ToolDefinitionInput } from './tool-definition.js';
import { secretNames } from './secret-reference.js';
import { Secret } from './secret.js';

type Request = Partial<ToolDefinitionInput['request']>;
const frame = { orgId: 'org', facts: {}, now: new Date(0) };
const SECRET = 'sk_live/+"\\ü 93';

const tool = (request: Request, more: Partial<ToolDefinitionInput> = {}) =>
  toolDefinition({ parameters: strings('note?'), ...more, request: { method: 'POST', ...request } });
const problemsOf = (definition: ToolDefinition) =>
  checkDefinition(definition).map(({ pointer, code, message }) => [pointer, code, message]);

/** The request as it is shown, and as it goes out. */
function render(definition: ToolDefinition, given: Record<string, unknown> = {}, value = SECRET) {
  const compiled = compileTool(definition);
  const prepared = compiled.prepare(frame, given);
  if (!prepared.ok) throw new Error('It was not prepared');
  const values = new Map(compiled.secrets.map((name) => [name, new Secret(value)]));
  return { shown: prepared.request, sent: compiled.writeSecrets(prepared.scope, values) };
}

const places: [string, Request, (value: string) => object][] = [
  [
    'a header',
    { headers: [{ name: 'Authorization', value: 'Bearer {{CRM_API_KEY}}' }] },
    (value) => ({ headers: [['Authorization', `Bearer ${value}`]] }),
  ],
  [
    'a query parameter',
    { query: [{ name: 'key', value: '{{CRM_API_KEY}}' }] },
    (value) => ({ query: [['key', value]] }),
  ],
  [
    'the query of the URL',
    { url: 'api.example.com/x?key={{CRM_API_KEY}}' },
    (value) => ({ query: [['key', value]] }),
  ],
  [
    'a JSON body',
    { body: { type: 'json', template: { auth: ['{{CRM_API_KEY}}', 'key={{CRM_API_KEY}};'] } } },
    (value) => ({ body: { type: 'json', value: { auth: [value, `key=${value};`] } } }),
  ],
  [
    'a JSON body written as text',
    { body: { type: 'json', template: '{"key": {{CRM_API_KEY}}}' } },
    (value) => ({ body: { type: 'json', value: { key: value } } }),
  ],
  [
    'a form',
    { body: { type: 'form', template: { key: '{{ CRM_API_KEY }}' } } },
    (value) => ({ body: { type: 'form', pairs: [['key', value]] } }),
  ],
  [
    'a field of a multipart body',
    { body: { type: 'multipart', template: [{ name: 'key', value: '{{CRM_API_KEY}}' }] } },
    (value) => ({ body: { type: 'multipart', fields: [{ name: 'key', value }] } }),
  ],
];

describe('a secret that a template names', () => {
  it.each(places)(
    'goes into %s after everything else, and is shown by its name until then',
    (_place, request, at) => {
      const definition = tool(request);
      const value = request.headers ? 'sk_live_93' : SECRET;

      const { shown, sent } = render(definition, {}, value);

      expect(problemsOf(definition)).toEqual([]);
      expect(secretNames(definition)).toEqual(['CRM_API_KEY']);
      expect(shown).toMatchObject(at('‹secret: CRM_API_KEY›'));
      expect(sent).toMatchObject({ ok: true, request: at(value) });
    },
  );

  it.each<[string, Request, Partial<ToolDefinitionInput>, string]>([
    ['the path', { url: 'api.example.com/{{CRM_API_KEY}}' }, {}, '/request/url'],
    [
      'a path parameter',
      { url: 'api.example.com/:id', pathParameters: [{ name: 'id', value: '{{CRM_API_KEY}}' }] },
      {},
      '/request/pathParameters/0/value',
    ],
    ['text', { body: { type: 'text', template: 'key {{CRM_API_KEY}}' } }, {}, '/request/body/template'],
    ['XML', { body: { type: 'xml', template: '<a>{{CRM_API_KEY}}</a>' } }, {}, '/request/body/template'],
    [
      'the name of a file',
      { body: { type: 'multipart', template: [{ name: 'f', value: 'x', fileName: '{{CRM_API_KEY}}' }] } },
      {},
      '/request/body/template/0/fileName',
    ],
    ['a bound value', {}, { bind: { note: '{{CRM_API_KEY}}' } }, '/bind/note'],
  ])('is refused in %s, with what to do', (_place, request, more, pointer) => {
    expect(problemsOf(tool(request, more))).toEqual([
      [
        pointer,
        'not_allowed',
        expect.stringMatching(
          /^`CRM_API_KEY` is declared nowhere, and spelled like the name of a secret.*move it there, or declare it$/,
        ),
      ],
    ]);
  });

  it('is refused in the host, like any placeholder', () => {
    expect(problemsOf(tool({ url: 'https://{{CRM_API_KEY}}.example.com/' }))).toMatchObject([
      ['/request/url', 'not_allowed', expect.anything()],
    ]);
  });

  it.each(['complete', 'failure', 'start'] as const)('is refused in the message `%s`', (kind) => {
    const query = [{ name: 'key', value: '{{CRM_API_KEY}}' }];

    expect(problemsOf(tool({ query }, { messages: { [kind]: 'It is {{CRM_API_KEY}}' } }))).toEqual([
      [`/messages/${kind}`, 'not_allowed', '`CRM_API_KEY` is a secret of the request, which is never said'],
    ]);
  });

  it.each(['| default: "x"', '| default: 1'])('takes no filter (%s)', (filter) => {
    expect(problemsOf(tool({ query: [{ name: 'key', value: `{{CRM_API_KEY ${filter}}}` }] }))).toEqual([
      [
        '/request/query/0/value',
        'not_allowed',
        '`CRM_API_KEY` is a secret, which goes out as it is; leave the filter out',
      ],
    ]);
  });

  it.each<[string, Partial<ToolDefinitionInput>]>([
    ['an argument', { parameters: strings('REGION') }],
    ['a bound value', { bind: { REGION: 'eu' } }],
    ['a call variable', { callVariables: ['REGION'] }],
  ])('is none where the name is that of %s', (_what, more) => {
    const definition = tool({ query: [{ name: 'region', value: '{{REGION}}' }] }, more);

    expect(problemsOf(definition)).toEqual([]);
    expect(secretNames(definition)).toEqual([]);
  });

  it.each(['crm_api_key', 'Crm', 'CRM-KEY', 'CRM.KEY', '_KEY', 'A'.repeat(65)])(
    'is not called `%s`',
    (name) => {
      const [problem] = problemsOf(tool({ query: [{ name: 'key', value: `{{${name}}}` }] }));

      expect(problem?.[1]).not.toBeUndefined();
      expect(secretNames(tool({ query: [{ name: 'key', value: `{{${name}}}` }] }))).toEqual([]);
    },
  );

  it('may be one of ten in a tool, no more', () => {
    const query = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ name: `q${at}`, value: `{{KEY_${at}}}` }));

    expect(problemsOf(tool({ query: query(10) }))).toEqual([]);
    expect(problemsOf(tool({ query: query(11) }))).toEqual([
      ['/request', 'too_large', 'names 11 secrets; a tool may name 10'],
    ]);
  });

  describe('and arguments', () => {
    const request: Request = {
      headers: [
        { name: 'X-Key', value: '{{CRM_API_KEY}}' },
        { name: 'X-Note', value: 'note {{note}}' },
      ],
      query: [{ name: 'q', value: '{{note}}' }],
      body: {
        type: 'json',
        template: { key: 'k {{CRM_API_KEY}}', note: '{{note}}', mixed: '{{note}} {{CRM_API_KEY}}' },
      },
    };

    it.each(['{{CRM_API_KEY}}', '{ {CRM_API_KEY} }', '<CRM_API_KEY>', '$CRM_API_KEY'])(
      'that spell its name stay what they are (%s)',
      (note) => {
        const { sent } = render(tool(request), { note }, 'sk_live_93');

        expect(sent).toMatchObject({
          request: {
            headers: [
              ['X-Key', 'sk_live_93'],
              ['X-Note', `note ${note}`],
            ],
            query: [['q', note]],
            body: { value: { key: 'k sk_live_93', note, mixed: `${note} sk_live_93` } },
          },
        });
      },
    );

    it('of its very name, where a schema takes any, go nowhere', () => {
      const open = { ...strings(), additionalProperties: true };
      const definition = tool({ query: [{ name: 'key', value: '{{CRM_API_KEY}}' }] }, { parameters: open });

      const { shown, sent } = render(definition, { CRM_API_KEY: 'forged' });

      expect(JSON.stringify([shown, sent])).not.toContain('forged');
      expect(sent).toMatchObject({ request: { query: [['key', SECRET]] } });
    });

    it('never make a secret appear where no template names one, whatever both are', () => {
      const definition = tool({
        headers: [{ name: 'X-Key', value: '{{CRM_API_KEY}}' }],
        query: [{ name: 'q', value: '{{note}}' }],
        body: { type: 'form', template: { a: '{{note}}', b: 'b={{CRM_API_KEY}}' } },
      });
      fc.assert(
        fc.property(
          fc.string({ unit: 'grapheme' }),
          fc.stringMatching(/^[\x21-\x7e]{8,40}$/),
          (note, value) => {
            const { sent } = render(definition, { note }, value);

            expect(sent).toMatchObject({
              request: {
                headers: [['X-Key', value]],
                query: [['q', note]],
                body: {
                  pairs: [
                    ['a', note],
                    ['b', `b=${value}`],
                  ],
                },
              },
            });
          },
        ),
      );
    });
  });

  it.each(['a\r\nX-Evil: 1', 'a\0b', 'naïve', 'x'.repeat(5000)])(
    'does not go into a header when it is %j',
    (value) => {
      const { sent } = render(tool({ headers: [{ name: 'X-Key', value: '{{CRM_API_KEY}}' }] }), {}, value);

      expect(sent.ok).toBe(false);
      expect(sent.ok || [...sent.faults.unusable]).toEqual([
        ['CRM_API_KEY', 'does not fit into the header X-Key: it takes 4096 characters of printable ASCII'],
      ]);
    },
  );

  it('does not show when what it is in is printed', () => {
    const secret = new Secret('sk_live_93');

    expect(`${String(secret)} ${JSON.stringify({ secrets: [secret] })}`).not.toContain('sk_live');
  });
});
