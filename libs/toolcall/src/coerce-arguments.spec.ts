import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCoercion } from './coerce-arguments.js';
import { schemaFromVariables } from './parameters-schema.js';

const property = (schema: Record<string, unknown>) =>
  compileCoercion({ type: 'object', properties: { v: schema }, required: ['v'] });

describe('coercion', () => {
  it.each<[string, Record<string, unknown>, unknown, unknown]>([
    ['text of digits is an integer', { type: 'integer' }, ' 2 ', 2],
    ['text of a decimal is a number', { type: 'number' }, '-1.5e3', -1500],
    ['yes is true', { type: 'boolean' }, 'Yes', true],
    ['"false" is false', { type: 'boolean' }, 'false', false],
    ['a number for a text is kept as written', { type: 'string' }, 12345, '12345'],
    ['digits for a text stay text', { type: 'string' }, '007', '007'],
    ['items of a list, too', { type: 'array', items: { type: 'integer' } }, ['1', 2], [1, 2]],
    [
      'and what is nested',
      { type: 'object', properties: { n: { type: 'number' } } },
      { n: '1', x: 'dropped' },
      { n: 1 },
    ],
  ])('%s', (_name, schema, given, expected) => {
    expect(property(schema)({ v: given })).toEqual({ ok: true, arguments: { v: expected } });
  });

  it.each<[string, Record<string, unknown>, unknown, string]>([
    ['money is no number', { type: 'number' }, '$1,250.50', 'must be a number'],
    [
      'an integer too large to be exact is refused',
      { type: 'integer' },
      '9007199254740993',
      'must be an integer',
    ],
    ['a fraction is no integer', { type: 'integer' }, '1.5', 'must be an integer'],
    ['maybe is no boolean', { type: 'boolean' }, 'maybe', 'must be a boolean'],
    ['tomorrow is no date', { type: 'string', format: 'date' }, 'tomorrow', 'YYYY-MM-DD'],
    ['the 30th of February is no date', { type: 'string', format: 'date' }, '2026-02-30', 'YYYY-MM-DD'],
    ['an object is no text', { type: 'string' }, { $gt: '' }, 'must be a string'],
    ['only what is listed', { type: 'string', enum: ['low', 'high'] }, 'urgent', '"low", "high"'],
    ['numbers have bounds', { type: 'number', maximum: 10 }, 11, '<= 10'],
  ])('%s', (_name, schema, given, hint) => {
    expect(property(schema)({ v: given })).toMatchObject({
      ok: false,
      missing: [{ name: 'v', hint: expect.stringContaining(hint) }],
    });
  });

  it('lists everything missing or wrong at once, with what a model needs to ask for it', () => {
    const coerce = compileCoercion(
      schemaFromVariables([
        { name: 'order', type: 'string', required: true, description: 'Order number', example: 'ORD-1' },
        { name: 'email', type: 'email', required: true },
        { name: 'when', type: 'date' },
        { name: 'source', type: 'string', default: 'phone' },
      ]),
    );

    expect(coerce({ email: 'nobody', when: 'soon' })).toEqual({
      ok: false,
      missing: expect.arrayContaining([
        { name: 'order', type: 'string', description: 'Order number', example: 'ORD-1' },
        { name: 'email', type: 'string', hint: 'must be an e-mail address' },
        { name: 'when', type: 'string', hint: 'must be a date as YYYY-MM-DD' },
      ]),
    });
    expect(coerce({ order: 'ORD-2', email: 'a@b.co' })).toEqual({
      ok: true,
      arguments: { order: 'ORD-2', email: 'a@b.co', source: 'phone' },
    });
  });

  it('does not let a pattern hold the event loop', () => {
    const coerce = property({ type: 'string', pattern: '^(a+)+$' });

    expect(coerce({ v: `${'a'.repeat(50_000)}!` }).ok).toBe(false); // hours with a backtracking engine
  });

  it('never changes its input, reaches a prototype, or throws', () => {
    const coerce = compileCoercion({
      type: 'object',
      properties: {
        a: { type: 'integer', default: 1 },
        o: { type: 'object', properties: { b: { type: 'boolean' } } },
      },
    });

    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'o', '__proto__', 'constructor', 'x'), fc.jsonValue()),
        (input) => {
          const before = JSON.stringify(input);
          coerce(input);
          expect(JSON.stringify(input)).toBe(before);
          expect(({} as Record<string, unknown>).b).toBeUndefined();
        },
      ),
      { numRuns: 1000 },
    );
  });
});
