import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileAllowing, compileHiding, REDACTED } from './filter-value.js';
import { parsePattern, type PathPattern } from './path-pattern.js';

const patterns = (texts: readonly string[]): PathPattern[] =>
  texts.map((text) => {
    const parsed = parsePattern(text);
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.pattern;
  });
const hide = (deny: string[], redact: string[], value: unknown) =>
  compileHiding(patterns(deny), patterns(redact))?.(value);
const allow = (paths: string[], value: unknown) => compileAllowing(patterns(paths))?.(value);

const body = {
  id: 7,
  card: { number: '4111', owner: { name: 'Ada' } },
  orders: [
    { id: 1, items: [{ sku: 'a', cost: 2 }, { sku: 'b' }] },
    { id: 2, items: [{ sku: 'c', cost: 3 }] },
  ],
};

describe('what a tool hides', () => {
  it.each<[string, string[], string[], object]>([
    ['a field', ['card'], [], { id: 7, orders: body.orders }],
    ['a field of a field', ['card.owner.name'], [], { ...body, card: { number: '4111', owner: {} } }],
    ['redacted', [], ['card'], { ...body, card: REDACTED }],
    ['redacted and denied', ['card'], ['card', 'card.number'], { id: 7, orders: body.orders }],
    ['an item', ['orders[1]'], [], { ...body, orders: [body.orders[0], null] }],
    [
      'a field of an item',
      [],
      ['orders[1].id'],
      { ...body, orders: [body.orders[0], { ...body.orders[1], id: REDACTED }] },
    ],
    [
      'a field of every item',
      ['orders[*].items'],
      ['orders[*].id'],
      { ...body, orders: [{ id: REDACTED }, { id: REDACTED }] },
    ],
    [
      'a field of every item of every item, and more of one',
      ['orders[*].items[*].cost', 'orders[0].id'],
      [],
      {
        ...body,
        orders: [{ items: [{ sku: 'a' }, { sku: 'b' }] }, { id: 2, items: [{ sku: 'c' }] }],
      },
    ],
    ['every item', ['orders[*]'], [], { ...body, orders: [null, null] }],
    ['one item denied, all redacted', ['orders[0]'], ['orders[*]'], { ...body, orders: [null, REDACTED] }],
    ['what is not there', ['nothing', 'card.x.y', 'orders[9].id', 'id.x'], ['orders[*].items[5]'], body],
  ])('%s is gone or marked', (_what, deny, redact, expected) => {
    const before = structuredClone(body);

    expect(hide(deny, redact, body)).toEqual(expected);
    expect(body).toEqual(before);
  });

  it.each<[string, unknown, unknown]>([
    ['orders[*].ssn', { orders: { ssn: '1', id: 2 } }, { orders: { id: 2 } }],
    ['orders[0].ssn', { orders: { ssn: '1', id: 2 } }, { orders: { id: 2 } }],
    ['[*].ssn', { ssn: '1', id: 2 }, { id: 2 }],
    ['[*].ssn', [{ ssn: '1', id: 2 }], [{ id: 2 }]],
    ['orders[*]', { orders: 'one' }, {}],
  ])('%s is hidden also where a list of one is written without its brackets', (path, value, expected) => {
    expect(hide([path], [], value)).toEqual(expected);
  });

  it('is copied only where it changes', () => {
    const hidden = hide(['card.number'], [], body) as typeof body;

    expect(hidden.orders).toBe(body.orders);
    expect(hide(['nothing'], [], body)).toBe(body);
  });

  it('leaves no trace of a value, wherever it stands', () => {
    const secret = 'Zx81-secret';
    const path = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.nat(2)), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(path, fc.boolean(), fc.boolean(), (steps, everywhere, redacts) => {
        const value = steps.reduceRight<unknown>(
          (inner, step) =>
            typeof step === 'number' ? [...Array<null>(step).fill(null), inner] : { x: 1, [step]: inner },
          secret,
        );
        const text = steps
          .map((step) => (typeof step === 'string' ? `.${step}` : everywhere ? '[*]' : `[${step}]`))
          .join('')
          .replace(/^\./, '');

        const left = redacts ? hide([], [text], value) : hide([text], [], value);

        expect(JSON.stringify(value)).toContain(secret);
        expect(JSON.stringify(left ?? null)).not.toContain(secret);
      }),
    );
  });
});

describe('what a tool allows', () => {
  it.each<[string[], unknown]>([
    [['id'], { id: 7 }],
    [['card.owner'], { card: { owner: { name: 'Ada' } } }],
    [['card.owner', 'card.owner.name', 'id'], { id: 7, card: { owner: { name: 'Ada' } } }],
    [['orders[*].id'], { orders: [{ id: 1 }, { id: 2 }] }],
    [['orders[1].id'], { orders: [null, { id: 2 }] }],
    [['orders[*].items[0].sku'], { orders: [{ items: [{ sku: 'a' }] }, { items: [{ sku: 'c' }] }] }],
    [['nothing', 'id.x'], {}],
    [[], {}],
  ])('as %j is all that stays', (paths, expected) => {
    expect(allow(paths, body)).toEqual(expected);
  });

  it('is the same where a list of one is written without its brackets', () => {
    expect(allow(['orders[*].id'], { orders: { id: 1, x: 2 } })).toEqual({ orders: { id: 1 } });
    expect(allow(['orders[*]'], { orders: { id: 1 }, x: 1 })).toEqual({ orders: { id: 1 } });
  });
});

describe('a path with `[*]`', () => {
  it.each([
    ['a[*', 'cannot be read'],
    ['', 'is empty'],
    ['a[*]b', 'needs a `.` after `[*]`'],
    ['a[*].__proto__', '`__proto__` cannot be part'],
    ['a..b[*]', 'cannot be read'],
  ])('written %j is refused', (text, message) => {
    expect(parsePattern(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });
});
