import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compileCoercion } from './coerce-arguments.js';
import { parametersProblems } from './parameters-schema.js';
import { schemaLimits } from './parameters/parameter-schema.js';

/** The problems of one property, `v`, with pointers below it. */
const problemsOf = (v: unknown) =>
  parametersProblems({ type: 'object', properties: { v } }, '/p').map((problem) => ({
    ...problem,
    pointer: problem.pointer.replace('/p/properties/v', ''),
  }));

const properties = (count: number, schema: unknown = {}) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, schema]));

const nested = (levels: number): unknown =>
  levels === 0 ? { type: 'string' } : { type: 'array', items: nested(levels - 1) };

describe('a schema of parameters', () => {
  it('may use all of the language at once', () => {
    const address = {
      type: 'object',
      description: 'Where to',
      properties: { zip: { type: ['string', 'null'], minLength: 5, maxLength: 10, pattern: '^[0-9-]+$' } },
      required: ['zip'],
      additionalProperties: false,
      examples: [{ zip: '94110' }, { zip: null }],
    };
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      title: 'Order',
      properties: {
        address,
        email: { type: 'string', format: 'email', examples: ['a@b.co'] },
        count: { type: 'integer', minimum: 1, maximum: 10, multipleOf: 1, default: 1 },
        price: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1e6, examples: [19.99] },
        gift: { type: 'boolean', default: false, deprecated: true },
        speed: { enum: ['slow', 'fast'], default: 'slow' },
        kind: { const: 'order' },
        tags: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 5, uniqueItems: true },
        more: {
          type: 'object',
          additionalProperties: { type: 'string' },
          minProperties: 1,
          maxProperties: 3,
        },
      },
      required: ['address', 'email'],
    };

    expect(parametersProblems(schema, '')).toEqual([]);
  });

  it.each<[string, unknown, { pointer: string; code: string; message: string; found?: string }]>([
    ['no schema', 5, { pointer: '', code: 'wrong_type', message: 'JSON Schema object', found: 'number 5' }],
    [
      'no type',
      { type: 'text' },
      { pointer: '/type', code: 'wrong_type', message: 'one of the allowed values' },
    ],
    [
      'a type twice',
      { type: ['string', 'string'] },
      { pointer: '/type', code: 'wrong_type', message: 'different' },
    ],
    ['no types', { type: [] }, { pointer: '/type', code: 'wrong_type', message: 'string' }],
    [
      'another dialect',
      { nullable: true },
      { pointer: '/nullable', code: 'unknown_field', message: '["string", "null"]' },
    ],
    [
      'a reference',
      { $ref: '#/x' },
      { pointer: '/$ref', code: 'unknown_field', message: 'write the schema out' },
    ],
    ['a choice', { oneOf: [] }, { pointer: '/oneOf', code: 'unknown_field', message: 'one schema' }],
    [
      'a name of the prototype',
      { toString: 1 },
      { pointer: '/toString', code: 'unknown_field', message: 'supported' },
    ],
    [
      'another format',
      { format: 'int64' },
      { pointer: '/format', code: 'not_allowed', message: 'one of email' },
    ],
    [
      'an inherited format',
      { format: 'toString' },
      { pointer: '/format', code: 'not_allowed', message: 'one of' },
    ],
    [
      'a negative length',
      { minLength: -1 },
      { pointer: '/minLength', code: 'wrong_type', message: '0 or more' },
    ],
    [
      'a bound in words',
      { maximum: '9' },
      { pointer: '/maximum', code: 'wrong_type', message: 'number', found: 'string "9"' },
    ],
    ['no step', { multipleOf: 0 }, { pointer: '/multipleOf', code: 'not_allowed', message: 'above 0' }],
    [
      'more than it allows',
      { type: 'number', minimum: 5, maximum: 3 },
      { pointer: '/minimum', code: 'not_allowed', message: 'above `maximum`, 3', found: 'number 5' },
    ],
    ['an empty list', { enum: [] }, { pointer: '/enum', code: 'wrong_type', message: 'one at least' }],
    [
      'objects in a list',
      { enum: [{}] },
      { pointer: '/enum', code: 'wrong_type', message: 'texts, numbers' },
    ],
    ['a value listed twice', { enum: ['a', 'a'] }, { pointer: '/enum', code: 'duplicate', message: 'once' }],
    [
      'a listed value of another type',
      { type: 'string', enum: ['1', 1] },
      { pointer: '/enum/1', code: 'not_allowed', message: 'does not have the type', found: 'number 1' },
    ],
    ['an object as the one value', { const: {} }, { pointer: '/const', code: 'wrong_type', message: 'text' }],
    [
      'a tuple',
      { type: 'array', items: [{}] },
      { pointer: '/items', code: 'wrong_type', message: 'one schema' },
    ],
    [
      'required as a flag',
      { type: 'string', required: true },
      { pointer: '/required', code: 'wrong_type', message: 'list of names' },
    ],
    [
      'a name required deep inside that is not there',
      { items: { type: 'object', required: ['a'] } },
      { pointer: '/items/required/0', code: 'not_allowed', message: 'not declared' },
    ],
    [
      'a name with a slash',
      { properties: { 'a/b': { type: 1 } } },
      { pointer: '/properties/a~1b/type', code: 'wrong_type', message: 'one of' },
    ],
    [
      'a pattern that would not end',
      { pattern: '(a{1000}){1000}' },
      { pointer: '/pattern', code: 'wrong_format', message: 'too large' },
    ],
    [
      'text too long for its pattern',
      { pattern: '^.{1,400}$', maxLength: 400 },
      { pointer: '/maxLength', code: 'not_allowed', message: 'beside this pattern', found: 'number 400' },
    ],
    [
      'a default of another type',
      { type: 'integer', default: '5' },
      { pointer: '/default', code: 'not_allowed', message: 'must be an integer', found: 'string "5"' },
    ],
    [
      'a default out of bounds',
      { items: { maximum: 3, default: 5 } },
      { pointer: '/items/default', code: 'not_allowed', message: 'at most 3' },
    ],
    [
      'a default with a hole',
      { properties: { a: {} }, required: ['a'], default: {} },
      { pointer: '/default/a', code: 'not_allowed', message: 'is required here' },
    ],
    [
      'a default with too much',
      { properties: {}, additionalProperties: false, default: { b: 1 } },
      { pointer: '/default/b', code: 'not_allowed', message: 'not declared' },
    ],
    [
      'a null that may not be',
      { type: 'string', default: null },
      { pointer: '/default', code: 'not_allowed', message: 'must be a string' },
    ],
    [
      'an example that would have to be read',
      { format: 'phone', examples: ['+14155550100', '(415) 555-0100'] },
      { pointer: '/examples/1', code: 'not_allowed', message: 'does not satisfy' },
    ],
    [
      'an example inside',
      { items: { type: 'integer' }, examples: [[1, 'x']] },
      { pointer: '/examples/0/1', code: 'not_allowed', message: 'must be an integer' },
    ],
    [
      'a single example',
      { example: 5 },
      { pointer: '/example', code: 'unknown_field', message: '`examples`, a list' },
    ],
    ['no list of examples', { examples: 5 }, { pointer: '/examples', code: 'wrong_type', message: 'list' }],
  ])('is refused for %s, saying where, what and what instead', (_what, schema, expected) => {
    expect(problemsOf(schema)).toContainEqual({
      found: expect.any(String),
      ...expected,
      message: expect.stringContaining(expected.message),
    });
  });

  it('is refused with all its problems at once', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'x', pattern: '(' }, b: { enum: [], minLength: -1 }, __proto__: {} },
      required: 'a',
    };

    const pointers = parametersProblems(schema, '').map((problem) => problem.pointer);
    expect(pointers.sort()).toEqual([
      '/properties/a/pattern',
      '/properties/a/type',
      '/properties/b/enum',
      '/properties/b/minLength',
      '/required',
    ]);
  });
});

describe('a schema that is too large', () => {
  const long = 'x'.repeat(schemaLimits.bytes);
  const deepJson = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown;

  it.each<[string, unknown, string]>([
    ['bytes', { type: 'object', description: long }, 'too_large'],
    ['bytes that take two each', { type: 'object', description: 'é'.repeat(40_000) }, 'too_large'],
    ['bytes in names', { type: 'object', properties: { [long]: {} } }, 'too_large'],
    ['properties', { type: 'object', properties: properties(201) }, 'too_large'],
    [
      'properties in all',
      {
        type: 'object',
        properties: { a: { properties: properties(100) }, b: { properties: properties(99) } },
      },
      'too_large',
    ],
    ['levels', { type: 'object', properties: { a: nested(10) } }, 'too_deep'],
    ['levels of JSON', { type: 'object', default: deepJson(100_000) }, 'too_deep'],
    ['levels of what is no schema', deepJson(100_000), 'too_deep'],
    [
      'listed values',
      { type: 'object', properties: { a: { enum: Array.from({ length: 501 }, (_, index) => index) } } },
      'too_large',
    ],
    ['examples', { type: 'object', properties: { a: { examples: new Array(21).fill(1) } } }, 'too_large'],
    ['steps in patterns', { type: 'object', properties: properties(3, { pattern: 'a{400}' }) }, 'too_large'],
    [
      'steps for its own examples',
      {
        type: 'object',
        properties: {
          a: { items: { pattern: '^(?:a|b){100}$' }, default: new Array(50).fill('a'.repeat(400)) },
        },
      },
      'too_large',
    ],
  ])('in %s is refused before anything of it is compiled or tried', (_what, schema, code) => {
    expect(parametersProblems(schema, '')).toContainEqual(expect.objectContaining({ code }));
  });

  it('in patterns has no more of them compiled than it may have', () => {
    const compile = jest.spyOn(RE2JS, 'compile');

    parametersProblems({ type: 'object', properties: properties(200, { pattern: 'a{99}' }) }, '');

    expect(compile.mock.calls.length).toBeLessThanOrEqual(schemaLimits.patternWeight / 99);
    compile.mockRestore();
  });

  it('is one that goes over the limits, not one that just fits', () => {
    expect(parametersProblems({ type: 'object', properties: properties(200) }, '')).toEqual([]);
    expect(parametersProblems({ type: 'object', properties: { a: nested(7) } }, '')).toEqual([]);
  });
});

describe('whatever is sent as a schema', () => {
  const keyword = fc.constantFrom(
    ...[
      'type',
      'properties',
      'required',
      'items',
      'enum',
      'const',
      'format',
      'pattern',
      'default',
      'examples',
    ],
    ...['minimum', 'maxLength', 'additionalProperties', 'uniqueItems', 'multipleOf', '$ref', '__proto__'],
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('object', 'string', ['a'], 'email', '^a', true, 1),
  );
  const piece = fc.dictionary(keyword, value, { maxKeys: 4 });

  it('is refused, or compiles; it never throws', () => {
    fc.assert(
      fc.property(piece, fc.dictionary(fc.string(), fc.oneof(piece, value)), (root, inner) => {
        const schema = { type: 'object', properties: inner, ...root };
        if (parametersProblems(schema, '').length > 0) return;
        compileCoercion(schema)({}, { now: new Date(0), facts: {} });
      }),
      { numRuns: 3000 },
    );
  });
});
