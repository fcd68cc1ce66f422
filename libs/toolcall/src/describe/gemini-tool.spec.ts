import { generateDefinition } from '#testing/generated-definition';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkDefinition } from '../check-definition.js';
import { geminiTool } from './gemini-tool.js';
import type { Schema } from './schema.js';

type Json = Record<string, unknown>;

function toolWith(properties: Record<string, Schema>): Json {
  return geminiTool(toolDefinition({ parameters: { type: 'object', properties } }));
}

function subset(schema: Schema): unknown {
  const { parameters } = toolWith({ a: schema }) as { parameters?: { properties: Json } };
  return parameters?.properties.a;
}

describe('a function declaration of Gemini', () => {
  it('has its arguments as an OpenAPI schema, without what that does not have', () => {
    const parameters = { ...strings('order_id', 'note?'), additionalProperties: false };
    const tool = geminiTool(toolDefinition({ parameters }));

    expect(tool).toEqual({
      name: 'get_order',
      description: expect.any(String),
      parameters: {
        type: 'OBJECT',
        properties: { order_id: { type: 'STRING' }, note: { type: 'STRING' } },
        required: ['order_id'],
        propertyOrdering: ['order_id', 'note'],
      },
    });
  });

  it('without arguments has no parameters: an object without properties is refused', () => {
    expect(Object.keys(geminiTool(toolDefinition()))).toEqual(['name', 'description']);
  });

  it.each<[string, Schema, Json]>([
    ['null', { type: ['integer', 'null'] }, { type: 'INTEGER', nullable: true }],
    ['a list of texts', { enum: ['a', 'b'] }, { type: 'STRING', format: 'enum', enum: ['a', 'b'] }],
    [
      'a list with null',
      { type: ['string', 'null'], enum: ['a', null] },
      { type: 'STRING', nullable: true, format: 'enum', enum: ['a'] },
    ],
    ['one text', { const: 'a' }, { type: 'STRING', format: 'enum', enum: ['a'] }],
    ['a list of numbers', { enum: [1, 2] }, { type: 'INTEGER', description: 'One of 1, 2.' }],
    ['a list with an empty text', { enum: ['', 'a'] }, { type: 'STRING', description: 'One of "", "a".' }],
    ['one number', { const: 7 }, { type: 'INTEGER', description: 'Always 7.' }],
    ['a date and time', { type: 'string', format: 'date-time' }, { type: 'STRING', format: 'date-time' }],
    [
      'another format',
      { type: 'string', format: 'email' },
      { type: 'STRING', description: 'An e-mail address.' },
    ],
    [
      'what it has keywords for',
      { type: 'string', title: 'T', description: 'D', minLength: 1, maxLength: 9, pattern: '^x' },
      { type: 'STRING', title: 'T', description: 'D', minLength: 1, maxLength: 9, pattern: '^x' },
    ],
    [
      'bounds, exclusive ones in words',
      { type: 'number', minimum: 0, exclusiveMaximum: 9, multipleOf: 3 },
      { type: 'NUMBER', minimum: 0, description: 'Less than 9. A multiple of 3.' },
    ],
    [
      'a default and examples in words',
      { type: 'integer', default: 14, examples: [7] },
      { type: 'INTEGER', description: 'Default: 14. For example 7.' },
    ],
    [
      'a list of things',
      { type: 'array', items: { type: 'boolean' }, minItems: 1, uniqueItems: true },
      { type: 'ARRAY', items: { type: 'BOOLEAN' }, minItems: 1, description: 'No item twice.' },
    ],
  ])('has %s', (_name, schema, expected) => {
    expect(subset(schema)).toEqual(expected);
  });

  it.each<[string, Schema]>([
    ['a value of any type', {}],
    ['a value of several types', { type: ['string', 'integer'] }],
    ['an object that anything may be in', { type: 'object' }],
    [
      'an object open to more',
      { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: true },
    ],
    ['an object that nothing is in', { type: 'object', properties: {} }],
    ['a list of anything', { type: 'array' }],
    ['such a thing deep inside', { type: 'array', items: { type: 'array' } }],
  ])('has the schema as it is for %s', (_name, schema) => {
    const tool = toolWith({ a: schema });

    expect(tool).not.toHaveProperty('parameters');
    expect(tool.parametersJsonSchema).toMatchObject({ type: 'object', properties: { a: schema } });
  });

  it('is one that Gemini takes, whatever the tool', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const definition = generateDefinition(g);
        if (checkDefinition(definition).length > 0) return;
        const { parameters } = geminiTool(definition);
        if (!parameters) return;
        count += 1;
        expectInSubset(parameters as Json);
      }),
      { numRuns: 200 },
    );
    expect(count).toBeGreaterThan(20);
  });
});

const known = [
  ...['type', 'title', 'description', 'nullable', 'format', 'enum', 'minLength', 'maxLength', 'pattern'],
  ...['minimum', 'maximum', 'items', 'minItems', 'maxItems'],
  ...['properties', 'required', 'propertyOrdering', 'minProperties', 'maxProperties'],
];

/** The rules of Gemini's schemas, for a schema and all in it. */
function expectInSubset(schema: Json): void {
  expect(known).toEqual(expect.arrayContaining(Object.keys(schema)));
  expect(['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL']).toContain(schema.type);
  if (schema.enum) expect([schema.type, schema.format]).toEqual(['STRING', 'enum']);
  if (schema.type === 'ARRAY') expectInSubset(schema.items as Json);
  if (schema.type !== 'OBJECT') return;
  const properties = Object.entries(schema.properties as Json);
  expect(properties.length).toBeGreaterThan(0);
  expect(properties.map(([name]) => name)).toEqual(
    expect.arrayContaining((schema.required ?? []) as string[]),
  );
  for (const [, property] of properties) expectInSubset(property as Json);
}
