import { ServiceError } from '#contracts/errors';
import { describe, expect, it } from '@jest/globals';
import { readRange, statsRange } from './time-range.js';

const NOW = new Date('2026-06-15T12:00:00Z');

describe('the range of a list', () => {
  it('is open where nothing is asked', () => {
    expect(readRange({})).toEqual({});
    expect(readRange({ from: '2026-01-01T01:00:00+01:00' })).toEqual({
      from: new Date('2026-01-01T00:00:00Z'),
    });
  });
});

describe('the range of statistics', () => {
  it.each<[string, object, string, string]>([
    ['the last 24 hours', {}, '2026-06-14T12:00:00Z', '2026-06-15T12:00:00Z'],
    ['until now', { from: '2026-06-01T00:00:00Z' }, '2026-06-01T00:00:00Z', '2026-06-15T12:00:00Z'],
    [
      'the 24 hours before `to`',
      { to: '2026-06-02T00:00:00Z' },
      '2026-06-01T00:00:00Z',
      '2026-06-02T00:00:00Z',
    ],
    [
      '400 days',
      { from: '2025-01-01T00:00:00Z', to: '2026-02-05T00:00:00Z' },
      '2025-01-01T00:00:00Z',
      '2026-02-05T00:00:00Z',
    ],
    [
      '31 days by hour',
      { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', groupBy: 'hour' },
      '2026-01-01T00:00:00Z',
      '2026-02-01T00:00:00Z',
    ],
  ])('is %s', (_what, asked, from, to) => {
    expect(statsRange(asked, NOW)).toEqual({ from: new Date(from), to: new Date(to) });
  });

  it.each<[string, object, string, string]>([
    [
      'ends as it begins',
      { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      '/from',
      'before `to`',
    ],
    ['begins in the future', { from: '2026-06-15T12:00:00.001Z' }, '/from', 'before `to`'],
    ['is too long', { from: '2025-01-01T00:00:00Z', to: '2026-02-05T00:00:00.001Z' }, '/from', '400 days'],
    [
      'has too many hours',
      { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00.001Z', groupBy: 'hour' },
      '/from',
      '31 days',
    ],
    ['names a leap second', { to: '2016-12-31T23:59:60Z' }, '/to', 'leap second'],
  ])('is refused when it %s', (_what, asked, pointer, message) => {
    const refusal = refusalOf(() => statsRange(asked, NOW));

    expect(refusal).toMatchObject({ code: 'invalid_request', details: { problems: [{ pointer }] } });
    expect(refusal?.message).toContain(message);
  });
});

function refusalOf(act: () => unknown): ServiceError | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  return undefined;
}
