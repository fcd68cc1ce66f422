import { search } from '@jmespath-community/jmespath';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MOST_STEPS, TooMuchWork, WorkBudget } from '../work-budget.js';
import { compileExpression } from './compile-expression.js';

function find(expression: string, value: unknown, budget = new WorkBudget()): unknown {
  const compiled = compileExpression(expression);
  if (!compiled.ok) throw new Error(compiled.message);
  const found = compiled.find(value, budget);
  budget.payForAll(found);
  return found;
}

const body = {
  people: [
    { name: 'Ada', age: 36, tags: ['x', 'y'] },
    { name: 'Bob', age: 17, tags: [] },
    { name: 'Cy', age: 52, tags: ['z'], address: { city: 'Oslo' } },
  ],
  totals: { a: 10, b: 9, c: 2 },
  numbers: [10, 9, 2],
  words: ['b', 'C', 'a'],
  empty: [],
  nothing: null,
  'odd key': 1,
};

describe('an expression', () => {
  it.each<[string, unknown]>([
    ['people[0].name', 'Ada'],
    ['people[-1].address.city', 'Oslo'],
    ['people[9].name', null],
    ['"odd key"', 1],
    ['people[*].name', ['Ada', 'Bob', 'Cy']],
    ['people[*].address.city', ['Oslo']],
    ['people[].tags[]', ['x', 'y', 'z']],
    ['people[].tags', [['x', 'y'], [], ['z']]],
    ['people[?age > `20`].name', ['Ada', 'Cy']],
    ["people[?name == 'Bob' || age >= `50`].age", [17, 52]],
    ['people[?!tags].name', ['Bob']],
    ['people[?tags && age < `40`].name', ['Ada']],
    ['people[1:].name', ['Bob', 'Cy']],
    ['people[::-1].name', ['Cy', 'Bob', 'Ada']],
    ['people[:-1] | [0].name', 'Ada'],
    ['people[?age > `20`] | [1].name', 'Cy'],
    ['people[0].[name, age]', ['Ada', 36]],
    [
      'people[*].{n: name, t: tags[0]}',
      [
        { n: 'Ada', t: 'x' },
        { n: 'Bob', t: null },
        { n: 'Cy', t: 'z' },
      ],
    ],
    ['nothing.[a, b]', null],
    ['totals.*', [10, 9, 2]],
    ['people[?tags == `["z"]`].name', ['Cy']],
    ["nothing || 'none'", 'none'],
    ["people[?name != 'Ada'] | length(@)", 2],
    ['length(people[0].name)', 3],
    ['length(totals)', 3],
    ['keys(totals)', ['a', 'b', 'c']],
    ['values(totals)', [10, 9, 2]],
    ['sum(people[*].age)', 105],
    ['avg(numbers)', 7],
    ['avg(empty)', null],
    ['max(numbers)', 10],
    ['min(words)', 'C'],
    ['max(empty)', null],
    ['sort(numbers)', [2, 9, 10]],
    ['sort(words)', ['C', 'a', 'b']],
    ['sort_by(people, &age)[*].name', ['Bob', 'Ada', 'Cy']],
    ['max_by(people, &age).name', 'Cy'],
    ['min_by(people, &name).name', 'Ada'],
    ['max_by(people, &name).name', 'Cy'],
    ['map(&address.city, people)', [null, null, 'Oslo']],
    ["join(', ', people[*].name)", 'Ada, Bob, Cy'],
    ["contains(people[0].tags, 'y')", true],
    ["contains('hello', 'ell')", true],
    ["starts_with(people[0].name, 'A')", true],
    ["ends_with(people[0].name, 'A')", false],
    ['reverse(numbers)', [2, 9, 10]],
    ["reverse('añ😀')", '😀ña'],
    ['not_null(nothing, totals.a)', 10],
    ['merge(totals, `{"a": 1}`)', { a: 1, b: 9, c: 2 }],
    ['to_array(totals.a)', [10]],
    ["to_number('12.5')", 12.5],
    ["to_number('12x')", null],
    ['to_string(totals)', '{"a":10,"b":9,"c":2}'],
    ['type(people)', 'array'],
    ['type(nothing)', 'null'],
    ['abs(`-3`)', 3],
    ['ceil(`1.2`)', 2],
    ['floor(`1.8`)', 1],
    ['@.numbers[0]', 10],
    ['toString', null],
    ['people.length', null],
    ['people[0].toString.name', null],
  ])('%s finds %j', (expression, expected) => {
    expect(find(expression, body)).toEqual(expected);
  });

  it.each([
    ['people[', 'no JMESPath expression'],
    ['people[?age > 20]', 'no JMESPath expression'],
    ['', 'no JMESPath expression'],
    ['replace(a, b, c)', 'there is no function `replace`; known: abs, avg'],
    ['toString(a)', 'there is no function `toString`'],
    ['length(a, b)', '`length` takes 1 arguments'],
    ['not_null()', '`not_null` takes at least 1 arguments'],
    ['map(a, b)', 'argument 1 of `map` must be an expression, `&name`'],
    ['length(&a)', 'argument 1 of `length` must be a value'],
    ['let $a = b in $a', 'standard JMESPath'],
    ['a + b', 'standard JMESPath'],
    ['$.a', 'standard JMESPath'],
    ['a.__proto__', '`__proto__` cannot be part'],
    ['{constructor: a}', '`constructor` cannot be part'],
    ['a[::0]', 'cannot be 0'],
    ['a'.repeat(501), 'longer than 500'],
  ])('%s is refused', (expression, message) => {
    expect(compileExpression(expression)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  it.each([
    ['sum(people)', 'argument 1 of `sum` is array and must be numbers'],
    ['sort_by(people, &tags)', 'an item has array'],
    ['sort_by(people, &address.city)', 'an item has null'],
    ['length(nothing)', 'argument 1 of `length` is null and must be string or array or object'],
  ])('%s says why it cannot be worked out', (expression, message) => {
    expect(() => find(expression, body)).toThrow(message);
  });

  it('never takes an expression out of the data', () => {
    const injected = { type: 'Function', name: 'to_string', children: [], expref: true };

    expect(find('to_array(@)', injected)).toEqual([injected]);
    expect(() => find('length(@)', injected)).not.toThrow();
  });

  it('finds what the library finds', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.constantFrom(
      '.a',
      '.b',
      '[0]',
      '[-1]',
      '[*]',
      '[]',
      '.to_array(@)[1:]',
      '.to_array(@)[::-1]',
      '.*',
      '[?a]',
      '[?a == b]',
      '[?b > `1`]',
      '[?!a].b',
      '.[a, b]',
      '.{x: a, y: b}',
      ' | [0]',
      ' || b',
      ' && a',
      '.length(@)',
      '.keys(@)',
      '.to_string(@)',
      '.type(@)',
      '.not_null(a, b)',
      '.to_array(@)',
      '.values(@)',
      '.reverse(@)',
      '.sum(@)',
      '.map(&a, @)',
      '.sort_by(@, &a)',
    );
    const leaf = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom('x', 'y', ''),
      fc.boolean(),
      fc.constant(null),
    );
    const data = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value')),
      ),
    })).value;
    const outcome = (work: () => unknown): unknown => {
      try {
        return { found: work() };
      } catch {
        return 'cannot be worked out';
      }
    };
    fc.assert(
      fc.property(data, fc.array(step, { maxLength: 5 }), (value, steps) => {
        const expression = `a${steps.join('')}`;
        // Its interpreter selects from null, and cuts text, which standard JMESPath does not.
        fc.pre(!/\.[[{]/.test(expression));
        if (!compileExpression(expression).ok) return;
        expect(outcome(() => find(expression, value))).toEqual(
          outcome(() => search(value as Parameters<typeof search>[0], expression)),
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('of any text is read or refused, and then works on any body', () => {
    const piece = fc.constantFrom(
      'a',
      '.',
      '[',
      ']',
      '*',
      '?',
      '@',
      '&',
      '|',
      '||',
      '`1`',
      "'x'",
      '"q"',
      '(',
      ')',
      '{',
      '}',
      ':',
      ',',
      'length(',
      'map(',
      'sort_by(',
      '==',
      '!',
      '-1',
      '$',
      'let',
      '\\',
      '`',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }), fc.jsonValue(), (pieces, value) => {
        const compiled = compileExpression(pieces.join(''));
        if (!compiled.ok) return;
        try {
          compiled.find(value, new WorkBudget());
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(RangeError);
          expect(error).not.toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the work of an expression', () => {
  const many = Array.from({ length: 30_000 }, (_, index) => ({ a: index }));
  const double = (expression: string, times: number) => Array(times).fill(expression).join(' | ');

  it.each<[string, string, unknown]>([
    ['lists doubled again and again', double('[@,@][]', 40), [1]],
    ['data named again and again', double('[@,@]', 40), 'x'],
    ['data written out that is named again and again', `${double('[@,@]', 30)} | to_string(@)`, 'x'],
    ['text doubled again and again', double("join('',[@,@])", 25), 'x'.repeat(100)],
    ['comparisons of what is doubled', `${double('[@,@]', 30)} | @ == @`, 'x'],
    ['long lists sorted by what is long', 'sort_by(@, &to_string(@))', many],
    ['the answer many times over', `[${Array(20).fill('@').join(',')}]`, many],
    ['a text many times over', `[${Array(20).fill('@').join(',')}]`, 'x'.repeat(250_000)],
  ])('ends in time with %s', (_what, expression, value) => {
    expect(() => find(expression, value)).toThrow(TooMuchWork);
  });

  it('is enough for what an answer of 256 KB may want', () => {
    expect(find('[?a > `29990`].a | sum(@)', many)).toBe(269_955);
    expect(find('length(@)', many)).toBe(30_000);
    expect(find('sort_by(@[:2000], &a)[-1].a', many)).toBe(1999);
  });

  it('is shared: what one takes, the next does not have', () => {
    const budget = new WorkBudget(MOST_STEPS);

    find('[*].a', many, budget);
    expect(() => find('[*].a', many, budget)).toThrow(TooMuchWork);
  });
});
