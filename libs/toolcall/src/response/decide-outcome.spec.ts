import { describe, expect, it } from '@jest/globals';
import type { OutcomeRule } from '../tool-definition.js';
import type { Answer } from './answer.js';
import { compileOutcomes } from './decide-outcome.js';

const answer = (status: number, value: unknown = {}): Answer => ({
  status,
  header: (name) => (name === 'x-error' ? 'E42' : undefined),
  body: { kind: 'value', format: 'json', value },
});
const decide = (rules: OutcomeRule[], writes: boolean, given: Answer) =>
  compileOutcomes(rules, writes).decide(given);

describe('the outcome of a status', () => {
  it.each<[number, boolean, object]>([
    [200, false, { status: 'succeeded', outcome: 'ok' }],
    [204, true, { status: 'succeeded', outcome: 'ok' }],
    [302, false, { status: 'failed', outcome: 'redirected', code: 'upstream_refused' }],
    [400, false, { status: 'failed', outcome: 'invalid', retryable: false }],
    [401, false, { status: 'failed', outcome: 'unauthorized', code: 'upstream_refused' }],
    [404, false, { status: 'failed', outcome: 'not_found', retryable: false }],
    [418, false, { status: 'failed', outcome: 'invalid' }],
    [429, true, { status: 'failed', outcome: 'rate_limited', retryable: true }],
    [500, true, { status: 'failed', outcome: 'upstream_error', code: 'upstream_error', retryable: true }],
    [502, false, { status: 'failed', outcome: 'upstream_error', retryable: true }],
    [502, true, { status: 'unknown', outcome: 'upstream_error', code: 'outcome_unknown', retryable: false }],
    [504, true, { status: 'unknown', code: 'outcome_unknown' }],
  ])('%i, writing: %s', (status, writes, expected) => {
    expect(decide([], writes, answer(status))).toMatchObject(expected);
  });
});

describe('the rules of a tool', () => {
  const rules: OutcomeRule[] = [
    { when: 'body.error.code == "card_declined"', outcome: 'declined', succeeded: false },
    { when: '404', outcome: 'no_such_order', succeeded: true },
    { when: '409', outcome: 'taken' },
    { when: '4xx', outcome: 'sorry' },
    { when: 'timeout', outcome: 'slow' },
    { when: 'headers.x-error == "E42" AND status >= 500', outcome: 'e42' },
  ];

  it.each<[string, Answer, object]>([
    [
      'a 200 with an error inside',
      answer(200, { error: { code: 'card_declined' } }),
      { outcome: 'declined', status: 'failed', code: 'upstream_refused', retryable: false },
    ],
    [
      'a 404 with that error, the first rule counting',
      answer(404, { error: { code: 'card_declined' } }),
      { outcome: 'declined', status: 'failed' },
    ],
    [
      'a 404 that is an answer',
      answer(404),
      { outcome: 'no_such_order', status: 'succeeded', code: undefined },
    ],
    ['a status before its class', answer(409), { outcome: 'taken', status: 'failed' }],
    ['a class', answer(403), { outcome: 'sorry', status: 'failed', rule: rules[3] }],
    ['a header', answer(503), { outcome: 'e42', status: 'failed', code: 'upstream_error', retryable: true }],
    ['none that applies', answer(200), { outcome: 'ok', status: 'succeeded', rule: undefined }],
  ])('say what %s means', (_what, given, expected) => {
    expect({ code: undefined, rule: undefined, ...decide(rules, false, given) }).toMatchObject(expected);
  });

  it('make a write failed whose 2xx says so, never unknown', () => {
    expect(decide(rules, true, answer(200, { error: { code: 'card_declined' } }))).toMatchObject({
      status: 'failed',
      outcome: 'declined',
    });
  });

  it.each<[string, OutcomeRule, string]>([
    ['its status alone', { when: '504', outcome: 'x', succeeded: false }, 'unknown'],
    ['a condition on the status', { when: 'status >= 500', outcome: 'x', succeeded: false }, 'unknown'],
    ['a rule that names it', { when: 'error exists', outcome: 'x' }, 'unknown'],
    ['what it says', { when: 'error exists', outcome: 'x', succeeded: false }, 'failed'],
  ])("a gateway's 504 to a write is decided by %s", (_what, rule, status) => {
    expect(decide([rule], true, answer(504, { error: 1 }))).toMatchObject({ status, outcome: 'x' });
  });

  it('have one for an answer that did not come', () => {
    expect(compileOutcomes(rules, false).timeout).toBe(rules[4]);
    expect(compileOutcomes([], false).timeout).toBeUndefined();
  });

  it.each([{ kind: 'empty' } as const, { kind: 'invalid', message: 'x' } as const])(
    'find nothing in a body that is %j',
    (body) => {
      const given = { ...answer(200), body };

      expect(decide([{ when: 'error == null', outcome: 'fine' }], false, given)).toMatchObject({
        outcome: 'fine',
      });
      expect(decide([{ when: 'error exists', outcome: 'bad' }], false, given)).toMatchObject({
        outcome: 'ok',
      });
    },
  );
});
