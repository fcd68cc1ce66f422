import { describe, expect, it } from '@jest/globals';
import { compileCoercion } from '../coerce-arguments.js';
import { parseExactly } from '../exact-json.js';
import { absences, coercionRules, listedLoosely } from './coercion-rules.js';
import { CoercionRun, type CoercionFrame } from './coercion-run.js';
import type { ParameterSchema } from './parameter-schema.js';

const frame: CoercionFrame = {
  now: new Date('2026-11-21T20:30:00Z'),
  facts: { user_number: '+14155559999', timezone: 'America/Los_Angeles' },
};

const string = { type: 'string' };
const integer = { type: 'integer' };
const number = { type: 'number' };
const boolean = { type: 'boolean' };
const format = (name: string) => ({ type: 'string', format: name });
const list = (items: ParameterSchema) => ({ type: 'array', items });
const priority = { type: 'string', enum: ['low', 'In Progress', 'HIGH'] };

/** What was sent for a schema, and what it is taken for; nothing where it is refused. */
type Example = [schema: ParameterSchema, given: unknown, meant?: unknown];

const examples: Record<string, Example[]> = {
  'digits are an integer': [
    [integer, '2', 2],
    [integer, ' +2 ', 2],
    [integer, '-007', -7],
    [integer, '-0', 0],
    [integer, '1.5'],
    [integer, 'two'],
    [integer, '9'.repeat(41)],
    [{ type: 'integer', maximum: 10 }, '11'],
  ],
  'text of a decimal is a number': [
    [number, '-1.5e3', -1500],
    [number, '.5', 0.5],
    [integer, '2.0', 2],
    [integer, '1e3', 1000],
    [number, '1e999'],
    [number, '1,5'],
    [number, '$5'],
    [number, '0x10'],
    [integer, '12345678901234567890.0'],
  ],
  'a word for yes or no is a boolean': [
    ...['true', 'TRUE', ' Yes ', 'y', 'on', '1', 1].map((word): Example => [boolean, word, true]),
    ...['false', 'No', 'n', 'OFF', '0', 0].map((word): Example => [boolean, word, false]),
    [boolean, 'maybe'],
    [boolean, 2],
  ],
  'a number is text as it was written': [
    [string, 12345, '12345'],
    [string, -1.5, '-1.5'],
    [string, parseExactly('[12345678901234567890]'), undefined],
    [string, (parseExactly('[12345678901234567890]') as unknown[])[0], '12345678901234567890'],
    [string, Infinity],
    [string, { $gt: '' }],
    [string, ['a']],
  ],
  'a boolean is text': [[string, true, 'true']],
  'an address has no blanks around it': [
    [format('email'), ' John@X.com ', 'John@X.com'],
    [format('uuid'), '123e4567-e89b-42d3-a456-426614174000\n', '123e4567-e89b-42d3-a456-426614174000'],
    [format('phone'), ' +14155550100', '+14155550100'],
    [format('uri'), ' https://a.example/b ', 'https://a.example/b'],
    [format('email'), 'john at x dot com'],
    [format('email'), 'john@localhost'],
  ],
  'an e-mail address needs no mailto:': [[format('email'), 'mailto:a@b.co', 'a@b.co']],
  'a date is year, month, day': [
    [format('date'), '2026-11-21T14:00:00-08:00', '2026-11-21'],
    [format('date'), '2026/3/1', '2026-03-01'],
    [format('date'), ' 2026.03.01 ', '2026-03-01'],
    [format('date'), 20261121, '2026-11-21'],
    [format('date'), '2026-02-30'],
    [format('date'), '03/04/2026'], // the third of April, or the fourth of March
    [format('date'), 'tomorrow'],
    [format('date'), '2026-11/21'],
  ],
  'a date and time is written in full, in the zone of the call': [
    [format('date-time'), '2026-11-21T14:00:00z', '2026-11-21T14:00:00Z'],
    [format('date-time'), '2026-11-21 14:00+01', '2026-11-21T14:00:00+01:00'],
    [format('date-time'), '2026-11-21T14:00:00.5+0530', '2026-11-21T14:00:00.5+05:30'],
    [format('date-time'), '2026-11-21 14:00 UTC', '2026-11-21T14:00:00Z'],
    [format('date-time'), '2026-11-21T14:00', '2026-11-21T14:00:00-08:00'],
    [format('date-time'), '2026-07-01 14:00:30', '2026-07-01T14:00:30-07:00'],
    [format('date-time'), '2026-03-08T01:59', '2026-03-08T01:59:00-08:00'], // the clocks go forward at 2
    [format('date-time'), '2026-03-08T03:00', '2026-03-08T03:00:00-07:00'],
    [format('date-time'), '2026-11-21'],
    [format('date-time'), '2026-11-31T14:00'],
    [format('date-time'), '2026-11-21T24:00'],
    [format('date-time'), 'at two'],
  ],
  'a time is on the 24-hour clock': [
    [format('time'), '2 pm', '14:00'],
    [format('time'), '12:30 A.M.', '00:30'],
    [format('time'), '12 p.m.', '12:00'],
    [format('time'), '9:05', '09:05'],
    [format('time'), '13 pm'],
    [format('time'), '25:00'],
    [format('time'), 'noon'],
  ],
  'a web address has a scheme and is ASCII': [
    [format('uri'), 'www.example.com/a?b=c', 'https://www.example.com/a?b=c'],
    [format('uri'), 'https://example.com/מה', 'https://example.com/%D7%9E%D7%94'],
    [format('uri'), 'example'],
    [format('uri'), 'not an address'],
  ],
  'a UUID is bare': [
    [format('uuid'), '{123E4567-e89b-42d3-a456-426614174000}', '123E4567-e89b-42d3-a456-426614174000'],
    [format('uuid'), 'urn:uuid:123e4567-e89b-42d3-a456-426614174000', '123e4567-e89b-42d3-a456-426614174000'],
    [format('uuid'), '{x}'],
  ],
  'a phone number is dialled from where the caller is': [
    [format('phone'), '(415) 555-0100', '+14155550100'],
    [format('phone'), 4155550100, '+14155550100'],
    [format('phone'), '1-415-555-0100', '+14155550100'],
    [format('phone'), '+44 (0)20 7946 0018', '+442079460018'],
    [format('phone'), '0044 20 7946 0018', '+442079460018'],
    [format('phone'), '555-0100'],
    [format('phone'), '415 555 0100 ext. 7'],
    [format('phone'), 'call 415 555 0100'],
    [format('phone'), '1-800-FLOWERS'],
  ],
  'a listed value is meant whatever its case': [
    [priority, 'LOW', 'low'],
    [priority, ' in-progress', 'In Progress'],
    [{ enum: [1, 2, 'three'] }, '2', 2],
    [{ type: 'string', enum: ['1', '2'] }, 2, '2'],
    [{ type: 'string', const: 'yes' }, 'YES', 'yes'],
    [{ type: 'string', enum: ['a', 'A'] }, 'a', 'a'],
    [{ type: 'string', enum: ['ab', 'AB'] }, 'Ab'], // either
    [priority, 'urgent'],
  ],
  'text of a JSON list is a list': [
    [list(integer), '[1, "2"]', [1, 2]],
    [list(list(string)), '[["a"], "[\\"b\\"]"]', [['a'], ['b']]],
    [list({ type: 'object', properties: { n: integer } }), '[{"n": "1", "x": 2}]', [{ n: 1 }]],
    [list(integer), '[1, "x"]'],
  ],
  'words in brackets are a list': [[list(string), '[\'a\', "b", c]', ['a', 'b', 'c']]],
  'text with commas is a list': [
    [list(string), 'a, b,,c ', ['a', 'b', 'c']],
    [list(integer), '1,2', [1, 2]],
    [list(integer), '1,x'],
    [{ ...list(string), maxItems: 2 }, 'a,b,c'],
  ],
  'a single value is a list of one': [
    [list(string), 'a', ['a']],
    [list(integer), '5', [5]],
    [list(boolean), true, [true]],
    [list({ type: 'object', properties: { n: integer } }), { n: 1 }, [{ n: 1 }]],
    [list(integer), 'x'],
  ],
  'text of a JSON object is an object': [
    [{ type: 'object', properties: { n: number } }, ' {"n": "1.5"}', { n: 1.5 }],
    [{ type: 'object', properties: { n: number } }, '{"n": '],
    [{ type: 'object', properties: { n: number } }, 'n=1'],
  ],
};

describe('what models really send', () => {
  const rows = Object.entries(examples).flatMap(([rule, list]) =>
    list.map(([schema, given, meant]) => [rule, given, meant, schema] as const),
  );

  it.each(rows)('%s: %j is %j', (_rule, given, meant, schema) => {
    const coerce = compileCoercion({ type: 'object', properties: { v: schema }, required: ['v'] });

    const coerced = coerce({ v: given }, frame);

    if (meant === undefined) expect(coerced).toMatchObject({ ok: false, missing: [expect.anything()] });
    else expect(coerced).toEqual({ ok: true, arguments: { v: meant } });
  });

  it('has examples of every rule, that it applies to and that it does not', () => {
    expect(Object.keys(examples).sort()).toEqual(coercionRules.map((rule) => rule.name).sort());
  });

  it.each(coercionRules)('is read by its own rule: $name', (rule) => {
    const [schema, given] = (examples[rule.name] ?? []).find((one) => one.length === 3) as Example;

    const asked = { schema, run: new CoercionRun(frame), listed: () => listedLoosely(schema) };
    const meant = rule.read(given, asked);

    expect(meant).toBeDefined();
    expect(meant).not.toEqual(given);
  });
});

const absent = Symbol('absent');

describe('what stands for no value', () => {
  /** What an optional argument becomes. */
  const rows: Record<string, [ParameterSchema, unknown, unknown][]> = {
    'null is no value, unless the schema has it': [
      [string, null, absent],
      [{ type: 'integer', default: 7 }, null, 7],
      [{ type: ['string', 'null'] }, null, null],
      [{ enum: ['a', null] }, null, null],
      [{}, null, null],
    ],
    'blank text is no value, unless the schema has it': [
      [string, '', absent],
      [string, ' \n', absent],
      [integer, '', absent],
      [list(string), '', absent],
      [{ type: 'string', minLength: 0 }, '', ''],
      [{ type: 'string', enum: ['', 'a'] }, '', ''],
    ],
    'the word null is no value, where no text is asked for': [
      [integer, 'null', absent],
      [list(integer), 'undefined', absent],
      [string, 'null', 'null'],
    ],
  };

  it.each(Object.entries(rows).flatMap(([sign, list]) => list.map((row) => [sign, ...row] as const)))(
    '%s: %j, given %j',
    (_sign, schema, given, expected) => {
      const coerce = compileCoercion({ type: 'object', properties: { v: schema } });

      const becomes = expected === absent ? {} : { v: expected };
      expect(coerce({ v: given }, frame)).toEqual({ ok: true, arguments: becomes });
    },
  );

  it('has examples of every sign', () => {
    expect(Object.keys(rows)).toEqual(absences.map((absence) => absence.name));
  });

  it.each([null, '', undefined])('%j for a required argument is missing, not wrong', (given) => {
    const coerce = compileCoercion({ type: 'object', properties: { v: string }, required: ['v'] });

    expect(coerce({ v: given }, frame)).toEqual({ ok: false, missing: [{ name: 'v', type: 'string' }] });
  });
});
