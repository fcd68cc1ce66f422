import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileTool } from '../compile-tool.js';
import { normalizeDefinition } from '../normalize-definition.js';
import { importTools } from './import-tools.js';
import { importFormats, type ImportRequest, type ImportResult } from './imported.js';
import { readShellWords } from './shell-words.js';

/** What a result says to anybody: all of it but the secrets. */
function shown(result: ImportResult): string {
  if (!result.ok) return JSON.stringify(result);
  return JSON.stringify({ ...result, secrets: undefined });
}

/** Imports; whatever has no problems has to compile. */
function importAndCompile(request: ImportRequest): ImportResult {
  const result = importTools(request);
  if (result.ok) {
    for (const { definition, problems } of result.tools) {
      if (problems.length === 0) compileTool(normalizeDefinition(definition));
    }
  } else expect(result.problems.length).toBeGreaterThan(0);
  return result;
}

const shellPiece = fc.oneof(
  fc.constantFrom(
    ...[
      'curl ',
      'curl',
      ' ',
      '\n',
      '\\\n',
      '\\',
      "'",
      '"',
      "$'",
      '$',
      '${',
      '}',
      '{{',
      '}}',
      '$(',
      ')',
      '`',
      '^',
      '^\n',
      '^"',
      '%A%',
    ],
    ...[
      '-H ',
      '-d ',
      '-F ',
      '-u ',
      '-b ',
      '-G ',
      '-X ',
      '--data-urlencode ',
      '--next ',
      '--json ',
      '-',
      '--',
      '@',
      '@-',
      '<<EOF\n',
      'EOF\n',
    ],
    ...[
      'https://api.example.com/',
      '{"a":',
      '{{x}}',
      '}',
      '[',
      ']',
      ':id',
      '<id>',
      '{id}',
      '?a=b&c=d',
      '#',
      '=',
      '&',
      '|',
      ';',
      '>',
    ],
    ...[
      'Authorization: Bearer ',
      'Content-Type: application/json',
      'Content-Type: application/xml',
      'Cookie: a=b',
      '\u0000',
      '\ud800',
      '“',
    ],
  ),
  fc.string({ maxLength: 8, unit: 'binary' }),
);

describe('any text as a curl command', () => {
  it('gives tools or problems, and never throws', () => {
    fc.assert(
      fc.property(fc.array(shellPiece, { maxLength: 40 }), fc.boolean(), (pieces, isBegun) => {
        importAndCompile({
          format: 'curl',
          source: `${isBegun ? 'curl https://api.example.com/x ' : ''}${pieces.join('')}`,
        });
      }),
      { numRuns: 500 },
    );
  });

  it('is split into the words it was made of, however each is quoted', () => {
    const quotes: readonly ((word: string) => string)[] = [
      (word) => `'${word.replaceAll("'", `'\\''`)}'`,
      (word) => `"${word.replace(/[$`"\\]/g, '\\$&')}"`,
      (word) => `$'${word.replace(/['\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}'`,
      (word) =>
        word === ''
          ? "''"
          : word.replace(/[^]/gu, (character) => (character === '\n' ? "'\n'" : `\\${character}`)),
    ];
    const quoted = fc.record({
      word: fc
        .string({ maxLength: 20, unit: 'grapheme' })
        .filter((word) => !/[\r\0]/.test(word) && !/\\[ \t]*\n/.test(word) && !/^\w+=/.test(word)),
      quote: fc.constantFrom(...quotes),
    });

    fc.assert(
      fc.property(fc.array(quoted, { maxLength: 8 }), (parts) => {
        const line = `curl ${parts.map(({ word, quote }) => quote(word)).join(' \\\n ')}`;
        const { commands, problems } = readShellWords(line);

        expect(problems).toEqual([]);
        expect(commands).toHaveLength(1);
        expect(commands[0]?.words.map(({ text }) => text)).toEqual([
          'curl',
          ...parts.map(({ word }) => word),
        ]);
      }),
      { numRuns: 300 },
    );
  });
});

const secret = fc
  .stringMatching(/^[A-Za-z0-9_.+/=-]{12,40}$/)
  .filter(
    (text) =>
      !/^[.=_-]|here$|placeholder$|\.\.\.$|^(?:your|my|put|add|paste|enter|insert|replace)[\s_-]/i.test(
        text,
      ) && !/^[xX_.-]+$/.test(text),
  );
const secretPlaces: readonly ((value: string) => string)[] = [
  (value) => `-H 'Authorization: Bearer ${value}'`,
  (value) => `-H 'Authorization: Basic ${Buffer.from(`ada:${value}`).toString('base64')}'`,
  (value) => `-H 'Authorization: ApiKey ${value}'`,
  (value) => `-H 'X-API-Key: ${value}'`,
  (value) => `-H "x-auth-token:${value}"`,
  (value) => `-H 'Cookie: sid=${value}; theme=dark'`,
  (value) => `-b 'session=${value}'`,
  (value) => `-u 'ada:${value}'`,
  (value) => `-u '${value}:'`,
  (value) => `--oauth2-bearer ${value}`,
  (value) => `--url-query 'api_key=${value}'`,
  (value) => `-G --data-urlencode 'access_token=${value}'`,
  (value) => `-d 'client_secret=${encodeURIComponent(value)}'`,
  (value) => `-H 'Content-Type: application/json' -d '{"password":"${value}","n":1}'`,
  (value) => `-H 'Content-Type: application/json' -d '{"auth":{"token":"${value}"}}'`,
  (value) => `-F 'api_key=${value}'`,
  (value) => `-H 'Content-Type: application/xml' -d '<login><password>${value}</password></login>'`,
];

describe('a secret in a curl command', () => {
  it('is in no definition, credential, problem or remark', () => {
    const place = fc.constantFrom(...secretPlaces);
    const url = fc.constantFrom(
      'https://api.example.com/v1/x',
      'api.example.com',
      'https://api.example.com/:id?a=b',
    );

    fc.assert(
      fc.property(secret, fc.array(place, { minLength: 1, maxLength: 3 }), url, (value, places, target) => {
        const result = importTools({
          format: 'auto',
          source: `curl ${target} ${places.map((at) => at(value)).join(' ')}`,
        });

        expect(shown(result)).not.toContain(value);
        expect(shown(result)).not.toContain(encodeURIComponent(value));
        expect(shown(result)).not.toContain(Buffer.from(`ada:${value}`).toString('base64'));
      }),
      { numRuns: 300 },
    );
  });

  it('is found where it stands, alone', () => {
    fc.assert(
      fc.property(secret, fc.constantFrom(...secretPlaces.slice(0, 14)), (value, place) => {
        const result = importTools({
          format: 'curl',
          source: `curl https://api.example.com/x ${place(value)}`,
        });

        expect(result).toMatchObject({ ok: true, credentials: [{ found: true }] });
        expect(result.ok && result.secrets.size).toBe(1);
      }),
      { numRuns: 500 },
    );
  });
});

const vocabulary = [
  ...[
    'openapi',
    'paths',
    '/x/{id}',
    'get',
    'post',
    'parameters',
    'name',
    'in',
    'schema',
    'requestBody',
    'content',
    'application/json',
  ],
  ...[
    '$ref',
    'allOf',
    'oneOf',
    'anyOf',
    'properties',
    'items',
    'type',
    'enum',
    'required',
    'nullable',
    'default',
    'servers',
    'url',
    'variables',
  ],
  ...[
    'security',
    'components',
    'securitySchemes',
    'schemas',
    'info',
    'item',
    'request',
    'method',
    'header',
    'key',
    'value',
    'body',
    'mode',
    'raw',
  ],
  ...[
    'urlencoded',
    'formdata',
    'auth',
    'bearer',
    'token',
    'path',
    'host',
    'query',
    'methodType',
    'authType',
    'authToken',
    'urlTemplate',
  ],
  ...[
    'pathParameters',
    'messages',
    'headers',
    'description',
    'example',
    'examples',
    'additionalProperties',
    '__proto__',
    'constructor',
  ],
];
const words = [
  ...[
    '3.0.0',
    '3.1.0',
    '#/paths/~1x~1{id}',
    '#/components/schemas/A',
    '#',
    '#/',
    'https://api.example.com/{{x}}',
    'path',
    'query',
    'object',
    'array',
  ],
  ...[
    'GET',
    'POST',
    'raw',
    'bearer',
    '{{x}}',
    '{ { x } }',
    ':id',
    '<x>',
    '{"a":1}',
    'Bearer tok',
    'none',
    'jwtAuth',
    'x',
  ],
];

/** JSON with the names the formats have, in places they do not have them in. */
const { document: strangeDocument } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { depthSize: 'medium', maxDepth: 6 },
    fc.oneof(
      fc.constantFrom(...words),
      fc.string({ maxLength: 6 }),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.dictionary(fc.oneof(fc.constantFrom(...vocabulary), fc.string({ maxLength: 4 })), tie('document'), {
      maxKeys: 6,
    }),
    fc.array(tie('document'), { maxLength: 4 }),
  ),
}));

describe('any JSON in any format', () => {
  const documents = importFormats.filter((format) => format !== 'curl');

  it('gives tools or problems, and never throws', () => {
    fc.assert(
      fc.property(fc.constantFrom('auto' as const, ...documents), strangeDocument, (format, source) => {
        importAndCompile({ format, source });
      }),
      { numRuns: 500 },
    );
  });

  it('as text gives what it gives as JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...documents), strangeDocument, (format, source) => {
        const plain = JSON.parse(JSON.stringify(source)) as unknown;
        if (typeof plain === 'string') return;
        const asText = importTools({ format, source: JSON.stringify(plain) });

        expect(asText).toEqual(importTools({ format, source: plain }));
      }),
      { numRuns: 300 },
    );
  });

  it('within the frame of an OpenAPI document, of a collection or of a tool, too', () => {
    const frames: readonly ((inside: unknown) => ImportRequest)[] = [
      (inside) => ({ format: 'openapi', source: openApi({ parameters: inside }) }),
      (inside) => ({
        format: 'openapi',
        source: openApi({ parameters: [{ name: 'a', in: 'query', schema: inside }] }),
      }),
      (inside) => ({ format: 'openapi', source: openApi({ requestBody: inside }) }),
      (inside) => ({
        format: 'openapi',
        source: openApi({ requestBody: { content: { 'application/json': { schema: inside } } } }),
      }),
      (inside) => ({
        format: 'openapi',
        source: openApi({
          requestBody: { content: { 'multipart/form-data': { schema: inside, encoding: inside } } },
        }),
      }),
      (inside) => ({ format: 'openapi', source: openApi({ security: inside, servers: inside }) }),
      (inside) => ({
        format: 'openapi',
        source: {
          ...openApi({ security: [{ A: [] }] }),
          components: { schemas: { A: inside }, securitySchemes: { A: inside } },
        },
      }),
      (inside) => ({
        format: 'postman',
        source: { info: {}, item: [{ name: 'x', request: inside }], variable: inside, auth: inside },
      }),
      (inside) => ({
        format: 'postman',
        source: {
          info: {},
          item: [
            {
              name: 'x',
              request: { url: 'https://api.example.com', method: 'POST', body: inside, header: inside },
            },
          ],
        },
      }),
      (inside) => ({
        format: 'http_tool',
        source: {
          name: 'x',
          methodType: 'POST',
          url: 'https://api.example.com/:a',
          parameters: inside,
          pathParameters: inside,
        },
      }),
      (inside) => ({
        format: 'api_action',
        source: {
          name: 'x',
          method: 'POST',
          url: 'https://api.example.com',
          variables: inside,
          auth: inside,
          body: inside,
        },
      }),
      (inside) => ({
        format: 'http_action',
        source: {
          name: 'x',
          endpointMethod: 'POST',
          endpointUrl: 'https://api.example.com/<a>',
          variables: inside,
          messages: inside,
        },
      }),
      (inside) => ({
        format: 'custom_integration',
        source: {
          name: 'x',
          urlTemplate: 'https://api.example.com/{a}',
          parameters: inside,
          responseMapping: inside,
        },
      }),
      (inside) => ({
        format: 'patchbay',
        source: {
          key: 'x',
          name: 'x',
          description: 'ten letters',
          request: { method: 'POST', url: 'https://api.example.com', body: inside },
        },
      }),
    ];

    fc.assert(
      fc.property(fc.constantFrom(...frames), strangeDocument, (frame, inside) => {
        importAndCompile(frame(inside));
      }),
      { numRuns: 500 },
    );
  });
});

function openApi(operation: object) {
  return {
    openapi: '3.1.0',
    servers: [{ url: 'https://api.example.com' }],
    paths: { '/x/{id}': { post: { operationId: 'x', ...operation } } },
  };
}

describe('a megabyte made to be slow', () => {
  const MEGABYTE = 1_000_000;
  const fill = (piece: string) => piece.repeat(Math.floor(MEGABYTE / piece.length));
  const curl = 'curl https://api.example.com/x ';

  it.each<[string, string]>([
    ['open braces', `${curl}-d '${fill('{')}'`],
    ['blanks after open braces', `${curl}-d '{{${fill(' ')}'`],
    ['placeholders', `${curl}-d 'a=${fill('{{a}}')}'`],
    ['quotes', `${curl}${fill(`"'`)}`],
    ['backslashes', `${curl}-d "${fill('\\')}"`],
    ['dollars', `${curl}-d "${fill('$')}"`],
    ['here-documents', `${curl}${fill('<<A\n')}`],
    ['semicolons of form parameters', `${curl}-F 'a=b${fill(';type=')}'`],
    ['blanks in a form parameter', `${curl}-F 'a=b;type=${fill(' ')};'`],
    ['options', `${curl}${fill('-d a ')}`],
    ['carets', `curl ^"https://api.example.com/x^" ${fill('^')}`],
    ['JSON strings', `${curl}-H 'Content-Type: application/json' -d '[${fill('"a",')}"b"]'`],
    [
      'JSON nested',
      `${curl}-H 'Content-Type: application/json' -d '${'['.repeat(400_000)}${']'.repeat(400_000)}'`,
    ],
    ['markup', `${curl}-H 'Content-Type: application/xml' -d '${fill('<a ')}'`],
    ['beginnings of keys', `${curl}-d '${fill('eyJaaaaaaaa.')}'`],
    ['YAML dashes', fill('- ')],
    ['YAML questions', fill('? ')],
    ['YAML brackets', fill('[')],
    ['YAML lines', fill('a:\n')],
    ['YAML anchors', fill('&a ')],
  ])('of %s is answered', (_name, source) => {
    for (const format of ['auto', 'openapi'] as const) {
      const result = importTools({ format, source });

      expect(shown(result).length).toBeGreaterThan(0);
    }
  });

  it('of references that fan out is cut to what a tool can have', () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [
        `S${n}`,
        {
          type: 'object',
          properties: Object.fromEntries(
            'abcdefghij'.split('').map((key) => [key, { $ref: `#/components/schemas/S${n + 1}` }]),
          ),
        },
      ]),
    );
    const operation = {
      requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } } },
    };
    const result = importTools({
      format: 'openapi',
      source: { ...openApi(operation), components: { schemas } },
    });

    expect(result).toMatchObject({ ok: true, tools: [{ problems: [] }] });
  });
});
