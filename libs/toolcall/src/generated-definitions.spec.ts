import { generateArguments, generateDefinition } from '#testing/generated-definition';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkDefinition } from './check-definition.js';
import type { RenderedRequest } from './compile-request.js';
import { compileTool, type CallFrame } from './compile-tool.js';
import { parseTemplate, referencesOf, type Reference } from './parse-template.js';
import type { ToolDefinition } from './tool-definition.js';
import { readPath } from './value-path.js';

type Json = Record<string, unknown>;

const frame: CallFrame = {
  orgId: 'o-1',
  agentId: 'agent',
  callId: 'call',
  facts: { contact: { id: 'C-1' }, direction: 'inbound', custom: { tier: 'gold' } },
  now: new Date(0),
  callVariables: { order: { id: 'O-1' } },
};

/** References of the path that no default stands in for. */
function pathReferences({ request: { url, pathParameters = [] } }: ToolDefinition): Reference[] {
  const path = url.split('?')[0]!.replace(/:([a-z]+)|(?<!\{)\{([a-z])\}(?!\})/g, '{{$1$2}}');
  const parsed = parseTemplate(path.slice('https://'.length));
  if (!parsed.ok) throw new Error(parsed.message);
  const filled = pathParameters.map(({ name }) => name);
  return referencesOf(parsed.parts).filter(({ name, filters }) => !filters && !filled.includes(name));
}

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...(Array.isArray(value) ? [] : [key]),
    ...keysOf(item),
  ]);
}

describe('a definition that can be saved', () => {
  it('renders for whatever arguments satisfy its schema, unless the path has nothing to stand in it', () => {
    let saved = 0;
    let rendered = 0;
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const definition = generateDefinition(g);
        if (checkDefinition(definition).length > 0) return;
        saved += 1;
        const tool = compileTool(definition);
        const safe = ['v', 'some text', '0'];
        const given = generateArguments(g, definition.parameters, () => safe[g(fc.nat, 2)]!);
        const coerced = tool.coerce(given, frame);
        if (!coerced.ok) throw new Error(`arguments refused: ${JSON.stringify(coerced.missing)}`);
        const prepared = tool.prepare(frame, coerced.arguments);
        if (prepared.ok) {
          rendered += 1;
          return;
        }
        const bound = Object.keys(definition.bind ?? {});
        const known: Json = { ...frame.facts, ...frame.callVariables, ...coerced.arguments };
        const mayBeAbsent = pathReferences(definition)
          .filter(({ path }) => bound.includes(String(path[0])) || (readPath(known, path) ?? null) === null)
          .map(({ name }) => name);
        expect(mayBeAbsent).toEqual(expect.arrayContaining(prepared.missing.map(({ name }) => name)));
      }),
      { numRuns: 800 },
    );
    expect(saved).toBeGreaterThan(100); // or the generator has stopped making what the test is about
    expect(rendered).toBeGreaterThan(60);
  });

  it('never throws and never moves, whatever the arguments and however little is known', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '',
        '..',
        '%2e',
        'a/b',
        '\r\nX: y',
        '","x":"',
        '{{order.id}}',
        ']]>',
        '</r>',
        '\ud800',
        '\0',
      ),
    );
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const definition = generateDefinition(g);
        if (checkDefinition(definition).length > 0) return;
        const tool = compileTool(definition);
        const leaf = () => g(() => hostile);
        const args = generateArguments(g, definition.parameters, leaf);
        const facts = g(fc.boolean) ? { contact: { id: leaf() }, direction: leaf() } : {};
        const callVariables = g(fc.boolean) ? { order: { id: leaf() } } : undefined;
        const prepared = tool.prepare({ ...frame, facts, callVariables }, args);

        if (prepared.ok) expectInPlace(definition, prepared.request);
        else expect(prepared.missing).not.toEqual([]);
      }),
      { numRuns: 800 },
    );
  });
});

function expectInPlace({ parameters, bind, request }: ToolDefinition, rendered: RenderedRequest): void {
  const { origin, path, query, headers, body } = rendered;
  const url = new URL(`${origin}${path}`);
  expect(url.origin).toBe('https://api.example.com');
  expect(url.pathname).toBe(path);
  expect(path.split('/')).toHaveLength(4);
  for (const [, value] of headers) expect(value).toMatch(/^[\t\x20-\x7e]{0,4096}$/);
  expect((request.headers ?? []).map(({ name }) => name)).toEqual(
    expect.arrayContaining(headers.map(([name]) => name)),
  );
  const spare = [...Object.keys(parameters.properties ?? {}), ...Object.keys(bind ?? {})];
  for (const [name] of query) expect([...spare, 'u', 's', 't']).toContain(name);
  if (body?.type === 'form') for (const [name] of body.pairs) expect([...spare, 'f', 'g']).toContain(name);
  if (body?.type === 'multipart') for (const { name } of body.fields) expect(['m', 'n']).toContain(name);
  if (body?.type !== 'json') return;
  // `k` and `l` are of the objects that arguments may be; the rest is the template's, or a spare argument's name.
  for (const key of keysOf(body.value)) expect([...spare, 'p', 'q', 'r', 'k', 'l']).toContain(key);
}
