import { generateArguments, generateDefinition } from '#testing/generated-definition';
import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { checkDefinition } from '../check-definition.js';
import { compileTool } from '../compile-tool.js';
import { openAiTool } from './openai-tool.js';
import type { Schema } from './schema.js';

const frame = { now: new Date(0), facts: {} };

type Json = Record<string, unknown>;

/** A tool with these properties, and no other. */
function toolWith(properties: Record<string, Schema>, required: readonly string[] = []) {
  return openAiTool(toolDefinition({ parameters: { type: 'object', properties, required } }));
}

/** What becomes of one argument. */
function strict(schema: Schema, isRequired = true): unknown {
  const tool = toolWith({ a: schema }, isRequired ? ['a'] : []);
  expect(tool.strict).toBe(true);
  return (tool.parameters as { properties: Json }).properties.a;
}

describe('a function in OpenAI’s strict mode', () => {
  it('requires every argument, allows no other, and has null for those that are optional', () => {
    const tool = openAiTool(toolDefinition({ parameters: strings('order_id', 'note?') }));

    expect(tool).toEqual({
      type: 'function',
      name: 'get_order',
      description: expect.any(String),
      strict: true,
      parameters: {
        type: 'object',
        properties: {
          order_id: { type: 'string' },
          note: { type: ['string', 'null'], description: 'Null when there is none.' },
        },
        required: ['order_id', 'note'],
        additionalProperties: false,
      },
    });
  });

  it('is so at every depth', () => {
    const items = { type: 'object', properties: { sku: { type: 'string' }, count: { type: 'integer' } } };

    expect(strict({ type: 'array', items: { ...items, required: ['sku'] } })).toEqual({
      type: 'array',
      items: {
        type: 'object',
        properties: {
          sku: { type: 'string' },
          count: { type: ['integer', 'null'], description: 'Null when there is none.' },
        },
        required: ['sku', 'count'],
        additionalProperties: false,
      },
    });
  });

  it('without arguments has an empty object for them', () => {
    expect(openAiTool(toolDefinition())).toMatchObject({
      strict: true,
      parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
    });
  });

  it.each<[string, Schema, string]>([
    ['a format', { type: 'string', format: 'date' }, 'A date as YYYY-MM-DD.'],
    [
      'a format of ours',
      { type: 'string', format: 'phone' },
      'A phone number, best with its country: +14155550100.',
    ],
    ['lengths', { type: 'string', minLength: 2, maxLength: 40 }, '2 to 40 characters.'],
    ['one length', { type: 'string', minLength: 1 }, 'At least 1 character.'],
    ['an exact length', { type: 'string', minLength: 4, maxLength: 4 }, 'Exactly 4 characters.'],
    ['a pattern', { type: 'string', pattern: '^ORD-\\d+$' }, 'Must match the regular expression ^ORD-\\d+$.'],
    ['bounds', { type: 'integer', minimum: 1, exclusiveMaximum: 60 }, 'At least 1, less than 60.'],
    ['a bound of zero', { type: 'integer', minimum: 0 }, 'At least 0.'],
    ['a step', { type: 'number', multipleOf: 0.5 }, 'A multiple of 0.5.'],
    ['examples', { type: 'string', examples: ['a', 'b', 'c', 'd'] }, 'For example "a", "b", "c".'],
    ['a default', { type: 'boolean', default: false }, 'Default: false.'],
    ['that it is deprecated', { type: 'string', deprecated: true }, 'No longer of use.'],
  ])('says %s in words, after the description', (_name, schema, words) => {
    expect(strict(schema)).toEqual({ type: schema.type, description: words });
    expect(strict({ ...schema, description: 'What it is' })).toEqual({
      type: schema.type,
      description: `What it is. ${words}`,
    });
  });

  it('has its title for want of a description', () => {
    expect(strict({ type: 'string', title: 'Order number' })).toEqual({
      type: 'string',
      description: 'Order number',
    });
  });

  it('says of an array what its items cannot say', () => {
    expect(strict({ type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true })).toEqual({
      type: 'array',
      items: { type: 'string' },
      description: 'At least 1 item. No item twice.',
    });
  });

  it('leaves a description alone where there is nothing to add to it', () => {
    expect(strict({ type: 'string', description: 'the order number' })).toEqual({
      type: 'string',
      description: 'the order number',
    });
  });

  it.each<[string, Schema, boolean, Json]>([
    ['a list of values', { enum: ['a', 'b'] }, true, { type: 'string', enum: ['a', 'b'] }],
    [
      'an optional list of values',
      { type: 'string', enum: ['a', 'b'] },
      false,
      { type: ['string', 'null'], enum: ['a', 'b', null], description: 'Null when there is none.' },
    ],
    [
      'a default for null',
      { type: 'integer', default: 14 },
      false,
      { type: ['integer', 'null'], description: 'Default: 14. Null for the default.' },
    ],
    [
      'numbers, whole ones among them',
      { type: 'number', enum: [1, 2.5] },
      true,
      { type: 'number', enum: [1, 2.5] },
    ],
    ['one value', { const: 7 }, true, { type: 'integer', enum: [7] }],
    ['a type with null', { type: ['string', 'null'] }, true, { type: ['string', 'null'] }],
    ['null alone', { type: 'null' }, true, { type: 'null' }],
    [
      'several types',
      { type: ['string', 'integer', 'null'], description: 'Number or name' },
      true,
      { anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'null' }], description: 'Number or name' },
    ],
    [
      'values of several types',
      { enum: ['all', 1, 2] },
      true,
      {
        anyOf: [
          { type: 'string', enum: ['all'] },
          { type: 'integer', enum: [1, 2] },
        ],
      },
    ],
    [
      'an object known by its properties',
      { properties: { k: { type: 'string' } }, required: ['k'] },
      true,
      { type: 'object', properties: { k: { type: 'string' } }, required: ['k'], additionalProperties: false },
    ],
  ])('has %s', (_name, schema, isRequired, expected) => {
    expect(strict(schema, isRequired)).toEqual(expected);
  });

  it.each<[string, Schema]>([
    ['an object that anything may be in', { type: 'object' }],
    ['an object open to more', { type: 'object', properties: {}, additionalProperties: true }],
    ['an object of any names', { type: 'object', additionalProperties: { type: 'string' } }],
    ['a value of any type', {}],
    ['a list of anything', { type: 'array' }],
    ['such a thing deep inside', { type: 'array', items: { type: 'object', properties: { a: {} } } }],
    ['values none of which fits', { type: 'string', enum: [1] }],
    ['too many values', { type: 'integer', enum: Array.from({ length: 1000 }, (_, index) => index) }],
    [
      'too many long values',
      { type: 'string', enum: Array.from({ length: 250 }, (_, index) => `${'x'.repeat(60)}${index}`) },
    ],
  ])('is given up for %s, and the schema stays as it is', (_name, schema) => {
    const tool = toolWith({ a: schema, b: { type: 'string', maxLength: 3 } });

    expect(tool.strict).toBe(false);
    expect(tool.parameters).toMatchObject({ properties: { a: schema, b: { type: 'string', maxLength: 3 } } });
  });

  it('is given up where the arguments themselves are open', () => {
    const parameters = { type: 'object', properties: {}, additionalProperties: true };

    expect(openAiTool(toolDefinition({ parameters })).strict).toBe(false);
  });

  it('says in words what is only ours, strict or not', () => {
    const tool = toolWith({ a: {}, phone: { type: 'string', format: 'phone', description: 'Whom to call' } });

    expect(tool.parameters).toMatchObject({
      properties: {
        phone: { type: 'string', description: expect.stringMatching(/^Whom to call\. A phone number/) },
      },
    });
    expect(JSON.stringify(tool)).not.toContain('"format"');
  });

  it('has a description that fits, with what the burden asks whole', () => {
    const description = 'Cancels. '.repeat(111).trim();
    const tool = openAiTool(toolDefinition({ description, burden: 'confirmed' }));

    expect(String(tool.description).length).toBeLessThanOrEqual(1024);
    expect(tool.description).toMatch(/^Cancels\. .*Cancels\.… Ask the caller before using this: .* yes\.$/);
  });

  it('is a schema that strict mode takes, whatever the tool', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const definition = generateDefinition(g);
        if (checkDefinition(definition).length > 0) return;
        const tool = openAiTool(definition);
        if (!tool.strict) return;
        count += 1;
        expectStrict(tool.parameters as Json);
      }),
      { numRuns: 200 },
    );
    expect(count).toBeGreaterThan(20);
  });

  it('takes null for absent: arguments mean the same with nulls where strict mode asks for them', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const definition = generateDefinition(g);
        if (checkDefinition(definition).length > 0) return;
        const { strict: isStrict, parameters } = openAiTool(definition);
        if (!isStrict) return;
        count += 1;
        const schema = parameters as Schema;
        const given = generateArguments(g, definition.parameters, () => 'some text');
        const whole = withNulls(given, schema) as Json;
        const plain = withNulls(given, definition.parameters, isOfNull) as Json;
        const tool = compileTool(definition);

        expect(new Ajv2020({ strict: false }).validate(schema, whole)).toBe(true);
        expect(tool.coerce(whole, frame)).toEqual(tool.coerce(plain, frame));
      }),
      { numRuns: 200 },
    );
    expect(count).toBeGreaterThan(20);
  });
});

const known = [
  'type',
  'description',
  'enum',
  'anyOf',
  'properties',
  'required',
  'additionalProperties',
  'items',
];

/** The rules of strict mode, for a schema and all in it. */
function expectStrict(schema: Json): void {
  expect(known).toEqual(expect.arrayContaining(Object.keys(schema)));
  expect('type' in schema || 'anyOf' in schema).toBe(true);
  for (const branch of (schema.anyOf ?? []) as Json[]) expectStrict(branch);
  const types = [schema.type].flat();
  if (types.includes('array')) expectStrict(schema.items as Json);
  if (!types.includes('object')) return;
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(Object.keys(schema.properties as Json));
  for (const property of Object.values(schema.properties as Json)) expectStrict(property as Json);
}

/** The value as a model in strict mode would give it: null for what is absent. */
function withNulls(
  value: unknown,
  schema: Schema,
  isFilled: (property: Schema) => boolean = () => true,
): unknown {
  if (Array.isArray(value)) return value.map((item) => withNulls(item, schema.items ?? {}, isFilled));
  if (typeof value !== 'object' || value === null) return value;
  const given = value as Json;
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
      if (Object.hasOwn(given, name)) return [[name, withNulls(given[name], property, isFilled)]];
      return isFilled(property) ? [[name, null]] : [];
    }),
  );
}

/** Whether null is a value of its own here, and not a way to say that there is none. */
function isOfNull({ type }: Schema): boolean {
  return [type].flat().includes('null');
}
