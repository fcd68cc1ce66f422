import { describe, expect, it } from '@jest/globals';
import { decideOutcome } from './decide-outcome.js';

const rules = [
  { when: '4xx', outcome: 'sorry' },
  { when: '404', outcome: 'no_such_order', say: 'There is no such order' },
];

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
    expect(decideOutcome(status, writes)).toMatchObject(expected);
  });

  it.each([
    [404, 'no_such_order'],
    [403, 'sorry'],
    [500, 'upstream_error'],
  ])('%i is called %s by the rules of the tool, the exact one first', (status, outcome) => {
    expect(decideOutcome(status, false, rules)).toMatchObject({ outcome, status: 'failed' });
  });
});
