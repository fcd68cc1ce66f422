import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule from 'ajv-formats';
import fc from 'fast-check';
import { compileCoercion } from '../coerce-arguments.js';
import { parseExactly } from '../exact-json.js';
import { parametersProblems } from '../parameters-schema.js';
import type { CoercionFrame } from './coercion-run.js';
import { formats } from './formats.js';

/** Somebody else's reading of JSON Schema and its formats; `time` and `phone` are ours. */
const oracle = addFormatsModule
  .default(new Ajv2020({ strict: false, multipleOfPrecision: 9, formats: { phone: formats.phone } }), [
    'email',
    'date',
    'date-time',
    'uri',
    'uuid',
  ])
  .addFormat('time', formats.time);

const facts = fc.record(
  {
    user_number: fc.constantFrom('+14155559999', '+442079460018', 'anonymous'),
    timezone: fc.constantFrom('America/Los_Angeles', 'Asia/Kolkata', 'Mars/Base'),
    language: fc.constantFrom('en-US', 'de', '??'),
  },
  { requiredKeys: [] },
);
const frame = facts.map((known): CoercionFrame => ({ now: new Date('2026-11-21T20:30:00Z'), facts: known }));

const words = ['low', 'HIGH', 'in progress', '', '1', 'null'];
const bounds = <Name extends string>(low: Name, high: Name, value: fc.Arbitrary<number>) =>
  fc.tuple(value, value, fc.integer({ min: 0, max: 3 })).map(([a, b, which]) => ({
    ...(which & 1 && { [low]: Math.min(a, b) }),
    ...(which & 2 && { [high]: Math.max(a, b) }),
  }));
const small = fc.nat(4);

const scalar = fc.oneof(
  fc
    .tuple(bounds('minLength', 'maxLength', fc.nat(12)), fc.constantFrom({}, { pattern: '^[a-z0-9 ]*$' }))
    .map((parts) => Object.assign({ type: 'string' }, ...parts) as object),
  fc.constantFrom(...Object.keys(formats)).map((format) => ({ type: 'string', format })),
  fc.uniqueArray(fc.constantFrom(...words), { minLength: 1 }).map((list) => ({ type: 'string', enum: list })),
  fc.constantFrom({ enum: [1, 'a', null, true] }, { const: 'Yes' }, { type: 'integer', enum: [1, 2, 30] }),
  fc
    .tuple(
      fc.constantFrom('integer', 'number'),
      bounds('minimum', 'maximum', fc.integer({ min: -50, max: 50 })),
      fc.constantFrom({}, {}, { multipleOf: 2 }, { multipleOf: 0.01 }, { exclusiveMinimum: 0 }),
    )
    .map(([type, ...parts]) => Object.assign({ type }, ...parts) as object),
  fc.constantFrom({ type: 'boolean' }, { type: 'null' }, {}, { type: ['string', 'null'], maxLength: 5 }),
  fc
    .uniqueArray(fc.constantFrom('string', 'integer', 'number', 'boolean', 'null'), { minLength: 2 })
    .map((type) => ({ type })),
);

const names = ['a', 'b', 'c'];
const { schema } = fc.letrec<{ schema: object; object: object }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: scalar },
    fc
      .tuple(
        tie('schema'),
        bounds('minItems', 'maxItems', small),
        fc.constantFrom({}, { uniqueItems: true }, { type: ['array', 'null'] }),
      )
      .map(([items, ...parts]) => Object.assign({ type: 'array', items }, ...parts) as object),
    tie('object'),
  ),
  object: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), tie('schema'), { maxKeys: 3 }),
      fc.subarray(names),
      fc.constantFrom({}, { additionalProperties: false }, { additionalProperties: true }),
      fc.option(tie('schema'), { nil: undefined }),
      bounds('minProperties', 'maxProperties', small),
    )
    .map(([properties, required, further, furtherSchema, counts]) => ({
      type: 'object',
      properties,
      required: required.filter((name) => Object.hasOwn(properties, name)),
      ...(furtherSchema ? { additionalProperties: furtherSchema } : further),
      ...counts,
    })),
}));
const parameters = fc
  .dictionary(fc.constantFrom(...names), schema, { minKeys: 1 })
  .map((properties) => ({ type: 'object', properties, required: Object.keys(properties).slice(1) }));

const told = fc.constantFrom<unknown>(
  ...['2', ' -7 ', '1.5', '$1,250.50', 'yes', 'No', 'low', 'IN-PROGRESS', 'x, y', '1,2', "['a']", 'null', ''],
  ...['[1, "2"]', '{"a": 1}', '{"a": "yes", "b": null}', '[', '(415) 555-0100', ' a@b.co ', 'mailto:a@b.co'],
  ...['2026-11-21', '2026/1/2', '2026-11-21 14:00', '2026-11-21T14:00:00z', '2 pm', '14:00', 'tomorrow'],
  ...['example.com', 'https://a.example/ü', '12345678901234567890', '{123e4567-e89b-42d3-a456-426614174000}'],
  ...[0, 1, 2, 30, -1.25, 1e21, Infinity, NaN, true, false, null, [], {}, [[1], ['1']], { a: { b: ['2'] } }],
  (parseExactly('[12345678901234567890]') as unknown[])[0],
);
const value = fc.oneof(told, fc.array(told, { maxLength: 4 }), fc.jsonValue({ maxDepth: 4 }), fc.string());
const given = fc.dictionary(fc.constantFrom(...names, 'd', '__proto__', 'constructor'), value);

describe('whatever the schema, and whatever a model sends', () => {
  it('coerced arguments satisfy the schema, and coercing them again changes nothing', () => {
    let accepted = 0;
    fc.assert(
      fc.property(parameters, given, frame, (schema, input, call) => {
        fc.pre(parametersProblems(schema, '').length === 0);
        const coerce = compileCoercion(schema);
        const before = JSON.stringify(input);

        const coerced = coerce(input, call);

        expect(JSON.stringify(input)).toBe(before);
        if (!coerced.ok) {
          expect(coerced.missing.length).toBeGreaterThan(0);
          return;
        }
        accepted += 1;
        const sent: unknown = JSON.parse(JSON.stringify(coerced.arguments));
        if (!oracle.validate(schema, sent)) throw new Error(oracle.errorsText());
        expect(coerce(coerced.arguments, call)).toEqual(coerced);
      }),
      { numRuns: 4000 },
    );
    expect(accepted).toBeGreaterThan(150);
  });

  it('what satisfies the schema by another reading of it is not refused', () => {
    const plain = scalar.filter((one) => !('format' in one));
    const text = fc.stringMatching(/^[a-z0-9]{1,12}$/); // a blank stands for nothing
    const likely = fc.oneof(text, fc.integer({ min: -60, max: 60 }), fc.constantFrom(...words), fc.boolean());
    let valid = 0;
    fc.assert(
      fc.property(plain, likely, frame, (property, sent, call) => {
        const schema = { type: 'object', properties: { v: property }, required: ['v'] };
        fc.pre(sent !== '' && parametersProblems(schema, '').length === 0);
        if (!oracle.validate(schema, { v: sent })) return;
        valid += 1;

        expect(compileCoercion(schema)({ v: sent }, call)).toEqual({ ok: true, arguments: { v: sent } });
      }),
      { numRuns: 1000 },
    );
    expect(valid).toBeGreaterThan(100);
  });

  it('hints repeat no more of it than an amount', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9$., +@:/-]{24,80}$/);
    const everywhere = {
      type: 'object',
      properties: {
        ...Object.fromEntries(Object.keys(formats).map((format) => [format, { type: 'string', format }])),
        integer: { type: 'integer' },
        number: { type: 'number' },
        boolean: { type: 'boolean' },
        list: { type: 'array', items: { type: 'integer' } },
        object: { type: 'object', properties: {} },
        listed: { enum: ['a', 'b'] },
        pattern: { type: 'string', pattern: '^x$' },
        long: { type: 'string', maxLength: 3 },
      },
    };
    const coerce = compileCoercion(everywhere);

    fc.assert(
      fc.property(secret, frame, (text, call) => {
        const coerced = coerce(
          Object.fromEntries(Object.keys(everywhere.properties).map((name) => [name, text])),
          call,
        );
        const hints = coerced.ok ? '' : JSON.stringify(coerced.missing);
        for (let at = 0; at + 20 <= text.length; at += 1) {
          expect(hints).not.toContain(text.slice(at, at + 20));
        }
        expect(coerced.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
