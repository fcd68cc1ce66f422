import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { integerOf } from '../exact-json.js';
import { parseTemplate } from '../parse-template.js';
import type { Scope } from '../scope.js';
import { filterProblem } from '../template-filters.js';
import { compileMessages } from './compile-messages.js';

interface Where {
  language?: string;
  timezone?: string;
}

function say(filters: string, value: unknown, facts: Where = { language: 'en-US' }): string | undefined {
  const scope: Scope = {
    orgId: 'o',
    facts,
    now: new Date(0),
    bound: {},
    arguments: {},
    variables: { v: value },
  };
  return compileMessages({ complete: `{{v | ${filters}}}` })(scope, true)?.complete;
}

const rows: [string, unknown, string, Where?][] = [
  ['money: "USD"', 1250.5, '$1,250.50'],
  ['money: "USD"', '1250.5', '$1,250.50'],
  ['money: "USD"', ' -3 ', '-$3.00'],
  ['money: "USD"', 0, '$0.00'],
  ['money: "JPY"', 1250, '¥1,250'],
  ['money: "USD"', 'free', 'free'],
  ['money: "USD"', true, 'true'],
  ['money: "EUR"', 1250.5, '1.250,50 €', { language: 'de' }],
  ['money: "EUR"', 1250.5, '1 250,50 €', { language: 'fr-FR' }],
  ['money: "USD"', 1250.5, '$1,250.50', {}],
  ['money: "USD"', 1250.5, '$1,250.50', { language: 'no such language' }],
  ['money: "USD"', 1250.5, '$1,250.50', { language: 'qq' }],
  ['money: "EUR"', 1250.5, '1.250,50 €', { language: 'de_DE' }],
  ['number', 1234567.891, '1,234,567.891'],
  ['number', '1234.5', '1,234.5'],
  ['number: 1', 2.25, '2.3'],
  ['number: 0', '2.5', '3'],
  ['number', 1234.5, '1.234,5', { language: 'de' }],
  ['number', 'many', 'many'],
  ['number', '12 apples', '12 apples'],
  ['digits', '+1 (415) 555-0100', '1 4 1 5 5 5 5 0 1 0 0'],
  ['digits', 'AB-12x', 'A B 1 2 x'],
  ['digits', 4711, '4 7 1 1'],
  ['digits', integerOf('12345678901234567'), '1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7'],
  ['digits', true, 'true'],
  ['date', '2024-01-18', 'January 18, 2024'],
  ['date', '2024-01-18', 'January 18, 2024', { language: 'en-US', timezone: 'America/Los_Angeles' }],
  ['date', '2024-01-18', '18. Januar 2024', { language: 'de' }],
  ['date: "full"', '2024-01-18', 'Thursday, January 18, 2024'],
  ['date: "medium"', '2024-01-18', 'Jan 18, 2024'],
  ['date: "short"', '2024-01-18', '1/18/24'],
  ['date', '2024-01-18T03:00:00Z', 'January 17, 2024', { language: 'en-US', timezone: 'America/New_York' }],
  ['date', '2024-01-18T03:00:00', 'January 18, 2024', { language: 'en-US', timezone: 'America/New_York' }],
  ['date', '2024-01-18 03:00', 'January 18, 2024', { language: 'en-US', timezone: 'Asia/Tokyo' }],
  ['date', 1705546800, 'January 18, 2024', { language: 'en-US', timezone: 'Asia/Tokyo' }],
  ['date', 1705546800000, 'January 18, 2024'],
  ['date', 5, '5'],
  ['date', 'tomorrow', 'tomorrow'],
  ['date', '2024-02-31', '2024-02-31'],
  ['date', '14:30', '14:30'],
  ['date', '1/18/2024', '1/18/2024'],
  ['time', '2024-01-18T19:30:00Z', '2:30 PM', { language: 'en-US', timezone: 'America/New_York' }],
  ['time', '2024-01-18T19:30:00+01:00', '1:30 PM', { language: 'en-US', timezone: 'America/New_York' }],
  ['time', '2024-01-18T19:30:00.123456+0100', '18:30', { language: 'de', timezone: 'UTC' }],
  ['time', '2024-01-18T19:30:00Z', '7:30 PM', { language: 'en-US', timezone: 'Mars/Olympus' }],
  ['time', '2024-01-18T19:30', '7:30 PM', { language: 'en-US', timezone: 'Asia/Tokyo' }],
  ['time', '9:05', '9:05 AM', { language: 'en-US', timezone: 'Asia/Tokyo' }],
  ['time', '14:30:59', '14:30', { language: 'de' }],
  ['time', '2024-01-18', '2024-01-18'],
  ['time', '25:00', '25:00'],
  ['default: 3 | money: "USD"', null, '$3.00'],
  ['money: "USD" | default: "nothing"', undefined, 'nothing'],
  ['default: "2024-01-18" | date', undefined, 'January 18, 2024'],
];
/** Every row whole: jest would take a missing place for its own. */
const said = rows.map(
  ([filters, value, expected, facts = { language: 'en-US' }]) => [filters, value, expected, facts] as const,
);

describe('a value said', () => {
  it.each(said)('with %s: %j is %j', (filters, value, expected, facts) => {
    expect(say(filters, value, facts)).toBe(expected);
  });

  it('is left unsaid when it is not there, with any filter', () => {
    for (const filter of ['money: "USD"', 'number', 'digits', 'date', 'time']) {
      expect(say(filter, undefined)).toBeUndefined();
      expect(say(filter, null)).toBeUndefined();
    }
  });

  it('is said whatever it is', () => {
    const filter = fc.constantFrom(
      'money: "EUR"',
      'number',
      'number: 2',
      'digits',
      'date',
      'date: "full"',
      'time',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.double(),
      fc.string(),
      fc.date().map(String),
      fc.stringMatching(/^\d{1,5}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|\+\d\d:\d\d)?)?$/),
    );
    fc.assert(
      fc.property(filter, value, (name, one) => {
        expect(() => say(name, one)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });

  it('is said right by each, however many languages and zones have been asked for', () => {
    for (let n = 0; n < 400; n += 1) say('money: "USD"', n, { language: `en-x-${n.toString(36)}` });

    expect(say('money: "EUR"', 1250.5, { language: 'de' })).toBe('1.250,50 €');
    expect(say('money: "USD"', 1250.5, { language: 'en-US' })).toBe('$1,250.50');
  });
});

describe('a filter for words', () => {
  const problem = (template: string, position: Parameters<typeof filterProblem>[1] = 'message') => {
    const parsed = parseTemplate(template);
    if (!parsed.ok) throw new Error(parsed.message);
    const [reference] = parsed.parts;
    if (typeof reference !== 'object') throw new Error('no placeholder');
    return filterProblem(reference.filters![0]!, position);
  };

  it.each([
    ['{{v | money}}', 'ISO 4217'],
    ['{{v | money: "DOLLARS"}}', 'ISO 4217'],
    ['{{v | money: "usd"}}', 'ISO 4217'],
    ['{{v | money: 5}}', 'ISO 4217'],
    ['{{v | number: 21}}', '0 to 20'],
    ['{{v | number: 1.5}}', '0 to 20'],
    ['{{v | number: "2"}}', '0 to 20'],
    ['{{v | digits: 3}}', 'takes no value'],
    ['{{v | date: "weekday"}}', 'one of "full"'],
    ['{{v | time: "short"}}', 'takes no value'],
    ['{{v | shout}}', 'is not known; here there are: default, money, number, digits, date, time'],
  ])('written %s is refused', (template, message) => {
    expect(problem(template)).toContain(message);
  });

  it.each(['path', 'query', 'header', 'body', 'bind'] as const)('has no place in a %s', (position) => {
    expect(problem('{{v | money: "USD"}}', position)).toContain(
      'is not for this place; here there are: default',
    );
  });
});
