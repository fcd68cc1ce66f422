import { describe, expect, it } from '@jest/globals';
import { compileCoercion } from './coerce-arguments.js';
import { parseExactly } from './exact-json.js';
import type { CoercionFrame } from './parameters/coercion-run.js';
import { schemaFromVariables } from './parameters/variables.js';

const frame: CoercionFrame = { now: new Date('2026-11-21T20:30:00Z'), facts: {} };

/** Coerces one value, required as `v`. */
const coerceOne = (schema: Record<string, unknown>, given: unknown, from: CoercionFrame = frame) =>
  compileCoercion({ type: 'object', properties: { v: schema }, required: ['v'] })({ v: given }, from);

const hintFor = (schema: Record<string, unknown>, given: unknown, from?: CoercionFrame) => {
  const coerced = coerceOne(schema, given, from);
  return coerced.ok ? undefined : coerced.missing[0]?.hint;
};

describe('what is refused comes with a hint that a model can act on', () => {
  const text = (more: Record<string, unknown>) => ({ type: 'string', ...more });
  const number = (more: Record<string, unknown> = {}) => ({ type: 'number', ...more });

  it.each<[string, Record<string, unknown>, unknown, string]>([
    ['money', number(), '$1,250.50', 'without currency, unit or separators: send 1250.5'],
    ['money with a code', number(), 'USD 99', 'send 99'],
    ['money in words', number(), '12 dollars', 'send 12'],
    ['thousands', { type: 'integer' }, '1,250', 'send 1250'],
    ['cents where none are asked for', { type: 'integer' }, '$1.50', 'must be an integer'],
    ['an amount that may mean two', number(), '1.250,50', 'must be a number'],
    ['an amount in other units', number(), '5k', 'must be a number'],
    ['a share', number(), '50%', 'must be a number'],
    ['number words', number(), 'two', 'must be a number'],
    ['a fraction', { type: 'integer' }, 1.5, 'must be an integer'],
    ['more digits than any number has', { type: 'integer' }, '9'.repeat(50), 'must be an integer'],
    ['maybe', { type: 'boolean' }, 'maybe', 'must be a boolean'],
    ['an object for text', text({}), { $gt: '' }, 'must be a string'],
    [
      'a word for a date',
      text({ format: 'date' }),
      'tomorrow',
      'send a date as YYYY-MM-DD; today is 2026-11-21',
    ],
    ['no date', text({ format: 'date' }), '2026-02-30', 'send a date as YYYY-MM-DD'],
    ['no date at all', text({ format: 'date' }), {}, 'send a date as YYYY-MM-DD'],
    ['a local time', text({ format: 'date-time' }), '2026-11-21T14:00', 'with the offset from UTC'],
    ['the moment', text({ format: 'date-time' }), 'now', 'it is now 2026-11-21T20:30:00Z'],
    ['a time in words', text({ format: 'time' }), 'noon', 'HH:MM on the 24-hour clock'],
    ['a name', text({ format: 'email' }), 'John', 'must be an e-mail address'],
    ['no address', text({ format: 'uri' }), 'x', 'must be a web address'],
    ['no UUID', text({ format: 'uuid' }), 'x', 'must be a UUID'],
    ['a national number', text({ format: 'phone' }), '(415) 555-0100', 'has no country code'],
    ['a short number', text({ format: 'phone' }), '+1 415 555 01', 'too few or too many digits'],
    ['an extension', text({ format: 'phone' }), '+1 415 555 0100 ext 5', 'without extension'],
    ['no number', text({ format: 'phone' }), 'my mobile', 'with its country code, as +14155550100'],
    ['another value than those listed', text({ enum: ['low', 'high'] }), 'urgent', 'one of "low", "high"'],
    ['another value than the one', text({ const: 'yes' }), 'no', 'must be "yes"'],
    ['too little', number({ minimum: 1 }), 0, 'must be at least 1'],
    ['too much', number({ maximum: 10 }), '11', 'must be at most 10'],
    ['the bound itself', number({ exclusiveMaximum: 10 }), 10, 'must be less than 10'],
    ['the lower bound itself', number({ exclusiveMinimum: 1 }), 1, 'must be more than 1'],
    ['another step', number({ multipleOf: 0.01 }), 19.999, 'must be a multiple of 0.01'],
    ['a short text', text({ minLength: 2 }), '💩', 'must have at least 2 characters'],
    ['a long text', text({ maxLength: 1 }), 'ab', 'must have at most 1 character'],
    ['another pattern', text({ pattern: '^ORD-[0-9]+$' }), 'ABC', 'must match the pattern ^ORD-[0-9]+$'],
    ['no list', { type: 'array', items: { type: 'object', properties: {} } }, 5, 'must be an object'],
    ['few items', { type: 'array', minItems: 2 }, [1], 'at least 2 items; it has 1'],
    ['many items', { type: 'array', maxItems: 2 }, [1, 2, 3], 'at most 2 items; it has 3'],
    [
      'the same again',
      { type: 'array', uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      'differ from item 0',
    ],
    ['no object', { type: 'object' }, 5, 'must be an object'],
    [
      'few names',
      { type: 'object', additionalProperties: true, minProperties: 1 },
      {},
      'at least 1 properties',
    ],
    ['many names', { type: 'object', additionalProperties: true, maxProperties: 0 }, { a: 1 }, 'at most 0'],
    ['none of two types', { type: ['integer', 'boolean'] }, 'x', 'must be an integer or a boolean'],
  ])('%s', (_what, schema, given, hint) => {
    expect(hintFor(schema, given)).toContain(hint);
  });

  it.each<[string, Record<string, unknown>, unknown]>([
    ['a price in cents', number({ multipleOf: 0.01 }), 19.99],
    ['as many characters as there are, whatever their size', text({ maxLength: 2, minLength: 2 }), '💩a'],
    ['a whole decimal', { type: 'integer' }, 2.0],
    ['null where it may be', text({ type: ['string', 'null'] }), null],
    ['numbers as of their own type', { type: ['string', 'integer'] }, 5],
    ['digits as text, where text may be', { type: ['integer', 'string'] }, '5'],
    ['anything at all', {}, { a: [1, { b: null }] }],
  ])('and %s is not refused', (_what, schema, given) => {
    expect(coerceOne(schema, given)).toEqual({ ok: true, arguments: { v: given } });
  });

  it('names the day it is where the caller is', () => {
    const there = { now: frame.now, facts: { timezone: 'Asia/Tokyo' } };

    expect(hintFor({ type: 'string', format: 'date' }, 'tomorrow', there)).toContain('today is 2026-11-22');
  });

  it('lists everything missing and wrong at once, with what a model needs to ask for it', () => {
    const coerce = compileCoercion(
      schemaFromVariables([
        { name: 'order', type: 'string', required: true, description: 'Order number', example: 'ORD-1' },
        { name: 'email', type: 'email', required: true },
        { name: 'when', type: 'date' },
        { name: 'source', type: 'string', default: 'phone' },
      ]),
    );

    expect(coerce({ email: 'nobody', when: 'soon' }, frame)).toEqual({
      ok: false,
      missing: [
        { name: 'order', type: 'string', description: 'Order number', example: 'ORD-1' },
        { name: 'email', type: 'string', hint: expect.stringContaining('e-mail') },
        { name: 'when', type: 'string', hint: expect.stringContaining('YYYY-MM-DD') },
      ],
    });
    expect(coerce({ order: 'ORD-2', email: 'a@b.co' }, frame)).toEqual({
      ok: true,
      arguments: { order: 'ORD-2', email: 'a@b.co', source: 'phone' },
    });
  });

  it('names what is nested by its path', () => {
    const coerce = compileCoercion({
      type: 'object',
      properties: {
        address: { type: 'object', properties: { zip: { type: 'string' } }, required: ['zip'] },
        items: {
          type: 'array',
          items: {
            type: 'object',
            properties: { quantity: { type: 'integer', description: 'How many', examples: [1] } },
          },
        },
        notes: { type: 'object', additionalProperties: { type: 'boolean' } },
      },
    });

    const given = { address: {}, items: [{ quantity: 1 }, { quantity: 'x' }], notes: { 'a b': 'y', c: 7 } };
    expect(coerce(given, frame)).toEqual({
      ok: false,
      missing: [
        { name: 'address.zip', type: 'string' },
        {
          name: 'items[1].quantity',
          type: 'integer',
          description: 'How many',
          example: 1,
          hint: 'must be an integer',
        },
        { name: 'notes.c', type: 'boolean', hint: expect.stringContaining('boolean') },
      ],
    });
  });
});

describe('a national phone number', () => {
  const phone = { type: 'string', format: 'phone' };
  const given = '(415) 555-0100';

  it.each<[string, CoercionFrame['facts'], string | undefined]>([
    ['the caller’s own number', { user_number: '+14155559999', language: 'de-DE' }, '+14155550100'],
    ['a number that several countries share', { user_number: '+15555550100' }, '+14155550100'],
    ['the language of the call', { language: 'es_US', custom: { region: 'DE' } }, '+14155550100'],
    ['a language without a country', { language: 'en', custom: { region: 'us' } }, '+14155550100'],
    ['what the orchestrator says', { custom: { region: 'US' } }, '+14155550100'],
    ['nothing, where there is nothing', { language: 'en', custom: { region: 'EMEA' } }, undefined],
    ['nothing, where there is rubbish', { user_number: 'anonymous', language: '??' }, undefined],
  ])('is read by %s', (_source, facts, expected) => {
    const coerced = coerceOne(phone, given, { now: frame.now, facts });

    expect(coerced.ok ? coerced.arguments.v : undefined).toBe(expected);
  });

  it('is read by the tool’s default, where the call tells nothing', () => {
    const schema = { type: 'object', properties: { v: phone } };
    const coerce = compileCoercion(schema, { region: 'GB' });
    const fromUs = { now: frame.now, facts: { user_number: '+14155559999' } };

    expect(coerce({ v: '020 7946 0018' }, frame)).toMatchObject({ arguments: { v: '+442079460018' } });
    expect(coerce({ v: given }, fromUs)).toMatchObject({ arguments: { v: '+14155550100' } });
  });
});

describe('an integer beyond 2^53', () => {
  const digits = '12345678901234567890';
  const [raw] = parseExactly(`[${digits}]`) as unknown[];

  it.each<[string, Record<string, unknown>, unknown, string]>([
    ['as a number for an integer', { type: 'integer' }, raw, digits],
    ['as text for an integer', { type: 'integer' }, digits, digits],
    ['as a number for a number', { type: 'number' }, raw, digits],
    ['as a number for text', { type: 'string' }, raw, `"${digits}"`],
    ['as text for text', { type: 'string' }, digits, `"${digits}"`],
    ['in a list', { type: 'array', items: { type: 'integer' } }, `[${digits}]`, `[${digits}]`],
    ['below a bound', { type: 'integer', maximum: 2e19, multipleOf: 10 }, raw, digits],
    ['of one of two types', { type: ['integer', 'null'] }, raw, digits],
    ['where anything may be', {}, raw, digits],
  ])('keeps its digits %s', (_where, schema, given, expected) => {
    const coerced = coerceOne(schema, given);

    expect(JSON.stringify(coerced.ok && coerced.arguments.v)).toBe(expected);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ type: 'integer', maximum: 9007199254740993 }, 'must be at most'],
    [{ type: 'integer', multipleOf: 7 }, 'must be a multiple of 7'],
    [{ type: 'integer', enum: [12345678901234567000] }, 'must be 12345678901234567000'],
    [{ type: 'boolean' }, 'must be a boolean'],
    [{ type: 'object' }, 'must be an object'],
  ])('is held to its schema all the same: %j', (schema, hint) => {
    expect(hintFor(schema, raw)).toContain(hint);
  });
});

describe('arguments that would take too long', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  const strings = { type: 'array', items: { type: 'string', pattern: '^(a+)+$' } };

  it.each<[string, Record<string, unknown>, unknown, string]>([
    ['many values', { type: 'array', items: {} }, new Array(10_001).fill(1), '10000 values'],
    ['many values inside of anything', {}, { a: new Array(10_001).fill(1) }, '10000 values'],
    [
      'many names',
      { additionalProperties: true, type: 'object' },
      Object.fromEntries(new Array(10_001).fill(0).map((_, index) => [index, 1])),
      '10000 values',
    ],
    ['much text', { type: 'string' }, 'a'.repeat(65_537), '65536 characters'],
    [
      'much text in pieces',
      { type: 'array', items: { type: 'string' } },
      new Array(7).fill('a'.repeat(10_000)),
      '65536 characters',
    ],
    ['much text of JSON', { type: 'array' }, `[${'1,'.repeat(33_000)}1]`, '65536 characters'],
    ['a long text for a pattern', { type: 'string', pattern: '^.{1,400}$' }, 'a'.repeat(2000), 'at most'],
    ['many texts for a pattern', strings, new Array(40).fill('a'.repeat(1500)), 'steps to check'],
    [
      'many values of another type',
      { type: 'array', items: { type: 'integer' } },
      new Array(251).fill('5'),
      '250 values',
    ],
    ['deep values', {}, deep(40), '32 levels deep'],
  ])('are refused, whatever they are: %s', (_what, schema, given, hint) => {
    expect(hintFor(schema, given)).toContain(hint);
  });

  it('are told from what is only wrong in many places, of which 50 are named', () => {
    const coerced = coerceOne({ type: 'array', items: { type: 'integer' } }, new Array(1000).fill('x'));

    expect(coerced.ok ? 0 : coerced.missing.length).toBe(50);
  });

  it('are looked at in a number of steps that grows with them, also where items have to differ', () => {
    const reads: number[] = [];
    const countedItem = (name: string) => ({
      get a() {
        reads.push(1);
        return name;
      },
    });
    const schema = {
      type: 'array',
      uniqueItems: true,
      items: { type: 'object', properties: { a: { type: 'string' } } },
    };

    const items = Array.from({ length: 2000 }, (_, index) => countedItem(`item ${index}`));
    expect(coerceOne(schema, items).ok).toBe(true);
    expect(reads).toHaveLength(items.length);
  });

  it('are not looked at to their end once 50 are wrong, or once they are too much', () => {
    let looks = 0;
    const wrong = {
      get a() {
        looks += 1;
        return 'soon';
      },
    };
    const items = (schema: object) => ({
      type: 'array',
      items: { type: 'object', properties: { a: schema } },
    });

    coerceOne(items({ type: 'string', format: 'date' }), new Array(2000).fill(wrong));
    expect(looks).toBeLessThanOrEqual(2 * 51); // asked whether it is there, then for it
    looks = 0;
    coerceOne(
      items({ type: 'string', pattern: '^(?:s|oo|n){50}$' }),
      new Array(2000).fill({ a: 's'.repeat(600) }),
    );
    coerceOne(items({ type: 'array', items: { type: 'string' } }), new Array(2000).fill(wrong));
    expect(looks).toBeLessThanOrEqual(2 * 251);
  });

  it('have their readings counted where unions are in unions, and each level doubles them', () => {
    let looks = 0;
    const leaf = {
      get a() {
        looks += 1;
        return 'x';
      },
    };
    const union = (levels: number): Record<string, unknown> =>
      levels === 0
        ? { type: 'object', properties: { a: { type: 'integer' } } }
        : { type: ['array', 'boolean'], items: union(levels - 1) };
    const wrapped = (levels: number): unknown => (levels === 0 ? leaf : [wrapped(levels - 1)]);

    const coerced = coerceOne({ type: 'array', items: union(7) }, new Array(2000).fill(wrapped(7)));

    expect(coerced.ok).toBe(false);
    expect(looks).toBeLessThan(10_000);
  });
});
