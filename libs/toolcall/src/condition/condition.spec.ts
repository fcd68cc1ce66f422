import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileCondition } from './compile-condition.js';
import { parseCondition } from './parse-condition.js';

const body = {
  ok: false,
  count: 3,
  code: '17',
  note: 'Card was DECLINED by bank',
  when: '2026-03-01',
  nothing: null,
  empty: '',
  status: 'error',
  error: { code: 'E1', 'sub-code': 4, list: ['a', 5, null] },
  errors: [{ message: 'no' }],
  'odd key': 1,
  contains: 'x',
};
const headers: Record<string, string> = { 'retry-after': '30', 'x-ok': 'TRUE' };

function judge(source: string, value: unknown = body, status = 200): boolean {
  const parsed = parseCondition(source);
  if (!parsed.ok) throw new Error(parsed.message);
  return compileCondition(parsed.condition)({
    status,
    header: (name) => headers[name],
    body: { kind: 'value', format: 'json', value },
  });
}

describe('a condition', () => {
  it.each<[string, boolean]>([
    ['status == 200', true],
    ['status != 200', false],
    ['api_response_status >= 500', false],
    ['status < 300 AND ok == false', true],
    ['body.status == "error"', true],
    ["error.code == 'E1'", true],
    ['error.code == "E2"', false],
    ['{{error.code}} == "E1"', true],
    ['{{ count }} > 2', true],
    ['error["sub-code"] == 4', true],
    ['error.sub-code >= 4', true],
    ['body["odd key"] == 1', true],
    ['errors[0].message == "no"', true],
    ['errors[1].message == "no"', false],
    ['errors[1].message != "no"', true],
    ['count > 2', true],
    ['count >= 3', true],
    ['count < 3', false],
    ['count <= 2', false],
    ['count == "3"', true],
    ['code == 17', true],
    ['code == "17"', true],
    ['code > 9', true],
    ['code > "9"', true],
    ['code == -17', false],
    ['count == 3.0', true],
    ['ok == "false"', true],
    ['ok == true', false],
    ['note > 5', false],
    ['note <= 5', false],
    ['when >= "2026-02-28"', true],
    ['when < "2026-02-28"', false],
    ['nothing == null', true],
    ['absent == null', true],
    ['ok == null', false],
    ['absent < 1', false],
    ['absent != 1', true],
    ['nothing exists', false],
    ['absent exists', false],
    ['empty exists', true],
    ['ok exists', true],
    ['error exists', true],
    ['exists error.code', true],
    ['exists(error.nope)', false],
    ['NOT absent exists', true],
    ['note contains "DECLINED"', true],
    ['note contains "declined"', false],
    ['code contains 7', true],
    ['error.list contains "a"', true],
    ['error.list contains "5"', true],
    ['error.list contains null', true],
    ['error.list contains "b"', false],
    ['error contains "code"', false],
    ['count contains 3', false],
    ['error == error', false],
    ['error.code == error.list', false],
    ['count == error.sub-code', false],
    ['headers.retry-after == 30', true],
    ['headers.Retry-After > 29', true],
    ['headers["x-ok"] == true', true],
    ['headers.none exists', false],
    ['ok == true OR count == 3', true],
    ['ok == true OR count == 3 AND ok == true', false],
    ['(ok == true OR count == 3) AND ok == false', true],
    ['NOT (ok == false AND count == 3)', false],
    ['not ok == true and count == 3', true],
    ['NOT NOT count == 3', true],
    ['body.contains == "x"', true],
    ['"E1" == error.code', true],
    ['note == "it\\"s"', false],
  ])('%s is %s', (source, expected) => {
    expect(judge(source)).toBe(expected);
  });

  it('sees a list as the body, and XML with one element as with many', () => {
    expect(judge('body[0].a == 1', [{ a: 1 }])).toBe(true);
    const parsed = parseCondition('r.error[0].code == 5');
    if (!parsed.ok) throw new Error(parsed.message);
    const test = compileCondition(parsed.condition);
    const xml = (value: unknown) => ({
      status: 200,
      header: () => undefined,
      body: { kind: 'value', format: 'xml', value } as const,
    });
    expect(test(xml({ r: { error: { code: '5' } } }))).toBe(true);
    expect(test(xml({ r: { error: [{ code: '5' }, { code: '6' }] } }))).toBe(true);
  });

  it.each<[string, number, string]>([
    ['', 1, 'it ends where a path'],
    ['error.code', 11, 'it ends where a comparison'],
    ['error.code = 5', 12, 'equality is written `==`'],
    ['error.code == ', 15, 'it ends where a path'],
    ['error.code == E1 E2', 18, '`E2` stands where AND, OR or the end'],
    ['error.code === 1', 14, '`='],
    ['error.code == "E1', 15, 'closing quote'],
    ['(ok == true', 12, 'where `)` should'],
    ['ok == true)', 11, '`)` stands where AND, OR'],
    ['ok == true && count == 3', 12, 'write AND, OR'],
    ['ok == true AND', 15, 'it ends where'],
    ['!ok', 1, 'write NOT'],
    ['a..b == 1', 2, '`.`'],
    ['a.__proto__ == 1', 1, '`__proto__` cannot be part'],
    ['constructor.name == "x"', 1, '`constructor` cannot be part'],
    ['1 == 1', 1, 'two constants'],
    ['"x" exists', 1, 'always exists'],
    ['"x" contains a', 1, 'left side'],
    ['status == "error"', 1, '`body.status`'],
    ['true == status', 1, '`body.status`'],
    ['headers == 1', 1, 'headers.retry-after'],
    ['headers.a.b == 1', 1, 'headers.retry-after'],
    ['a contains', 11, 'it ends'],
    ['404x', 1, '`4`'],
    ['5XX', 1, '`5`'],
    [`${'('.repeat(20)}a == 1${')'.repeat(20)}`, 17, 'nested too deeply'],
    [`a == "${'x'.repeat(500)}"`, 501, 'longer than 500'],
  ])('written %j is refused at character %i', (source, at, message) => {
    expect(parseCondition(source)).toEqual({ ok: false, at, message: expect.stringContaining(message) });
  });

  it('of any text is read or refused with a place in it', () => {
    const piece = fc.constantFrom(
      'a',
      'body.x',
      '==',
      '!=',
      '<',
      '(',
      ')',
      'AND',
      'OR',
      'NOT',
      'exists',
      'contains',
      '"t"',
      "'",
      '5',
      'null',
      'true',
      '{{a}}',
      ' ',
      '.',
      '[0]',
      'status',
      'headers.x',
      '\\',
      '__proto__',
      '🙂',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(' ')),
          fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
          fc.string(),
        ),
        (source) => {
          const parsed = parseCondition(source);
          if (parsed.ok) expect(typeof judge(source, {})).toBe('boolean');
          else expect(parsed.at >= 1 && parsed.at <= source.length + 1).toBe(true);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('is judged on any answer, and by the rules of logic', () => {
    const value = fc.jsonValue();
    const term = fc.constantFrom('a == 1', 'a exists', 'a.b contains "x"', 'a[0] < 5', 'b != null', 'a >= b');
    fc.assert(
      fc.property(value, value, term, term, (a, b, one, other) => {
        const json = { a, b };
        expect(judge(`NOT (${one})`, json)).toBe(!judge(one, json));
        expect(judge(`${one} AND ${other}`, json)).toBe(judge(one, json) && judge(other, json));
        expect(judge(`${one} OR ${other}`, json)).toBe(judge(one, json) || judge(other, json));
      }),
      { numRuns: 2000 },
    );
  });
});
