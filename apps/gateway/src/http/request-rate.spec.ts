import { describe, expect, it } from '@jest/globals';
import { RequestRate } from './request-rate.js';

describe('the rate of requests', () => {
  let now = 0;
  const rate = (maxAskers = 10) => new RequestRate({ burst: 3, perSecond: 2, maxAskers }, () => now);
  const takes = (one: RequestRate, asker: string, count: number) =>
    Array.from({ length: count }, () => one.take(asker)).filter(Boolean).length;

  it('lets so many through at once, each asker for itself', () => {
    const one = rate();

    expect(takes(one, 'a', 5)).toBe(3);
    expect(takes(one, 'b', 5)).toBe(3);
  });

  it('lets more through as time passes, and never more than that at once', () => {
    const one = rate();
    takes(one, 'a', 5);

    now += 1000;
    expect(takes(one, 'a', 5)).toBe(2);
    now += 60_000;
    expect(takes(one, 'a', 9)).toBe(3);
  });

  it('remembers only so many', () => {
    const one = rate(2);
    takes(one, 'a', 3);
    takes(one, 'b', 1);
    takes(one, 'c', 1);

    expect(one.take('a')).toBe(true);
    expect(takes(one, 'c', 3)).toBe(2);
  });
});
