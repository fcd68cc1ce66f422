import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { breakerState } from '../executor.metrics.js';
import { BreakerRegistry } from './breaker.registry.js';

const KEY = 'org-a https://api.example.com';

describe('the breakers', () => {
  let breakers: BreakerRegistry;
  let sent = 0;

  const attempt = (status: number, key = KEY) =>
    breakers.run(
      key,
      () => {
        sent += 1;
        return Promise.resolve(status);
      },
      (result) => result >= 500,
    );
  const attempts = async (statuses: readonly number[], key = KEY) => {
    for (const status of statuses) await attempt(status, key);
  };
  const times = (count: number, status: number) => Array.from({ length: count }, () => status);
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

  beforeEach(() => {
    jest.useFakeTimers();
    breakers = new BreakerRegistry();
    sent = 0;
  });

  afterEach(() => {
    breakers.close();
    jest.useRealTimers();
  });

  it.each([
    ['nine failures of nine', times(9, 503), false],
    ['ten failures of ten', times(10, 503), true],
    ['five failures of ten', [...times(5, 200), ...times(5, 503)], false],
    ['six failures of ten', [...times(4, 200), ...times(6, 503)], true],
    ['a hundred successes', times(100, 200), false],
    ['what is not a failure of the upstream', times(100, 404), false],
  ])('after %s: open is %s', async (_name, statuses, isOpen) => {
    await attempts(statuses);

    expect(breakers.open).toBe(isOpen ? 1 : 0);
    expect(await attempt(200)).toEqual(isOpen ? { kind: 'open' } : { kind: 'ran', result: 200 });
  });

  it('hand over what came of an attempt, counted as a failure or not', async () => {
    expect(await attempt(503)).toEqual({ kind: 'ran', result: 503 });
    expect(await attempt(404)).toEqual({ kind: 'ran', result: 404 });
  });

  it('hand on what an attempt throws', async () => {
    const bug = new Error('not an answer');

    await expect(
      breakers.run(
        KEY,
        () => Promise.reject(bug),
        () => false,
      ),
    ).rejects.toBe(bug);
  });

  it('let nothing through while open', async () => {
    await attempts(times(10, 503));
    sent = 0;
    await pass(4999);
    await attempts(times(20, 200));

    expect(sent).toBe(0);
  });

  it('forget a failure after ten seconds', async () => {
    await attempts(times(9, 503));
    await pass(11_000);
    await attempts(times(9, 503));

    expect(breakers.open).toBe(0);
  });

  describe('half-open, after five seconds', () => {
    let answer: (status: number) => void = () => undefined;
    let trial: Promise<unknown>;

    beforeEach(async () => {
      await attempts(times(10, 503));
      await pass(5000);
      sent = 0;
      const answered = new Promise<number>((resolve) => (answer = resolve));
      trial = breakers.run(
        KEY,
        () => answered,
        (status) => status >= 500,
      );
    });

    it('let one attempt try, and no other while it does', async () => {
      expect(await attempt(200)).toEqual({ kind: 'open' });
      expect(sent).toBe(0);
      answer(200);

      expect(await trial).toEqual({ kind: 'ran', result: 200 });
    });

    it('close when it succeeds', async () => {
      answer(200);
      await trial;

      expect(breakers.open).toBe(0);
      expect(await attempt(200)).toEqual({ kind: 'ran', result: 200 });
    });

    it('open for five seconds more when it fails', async () => {
      answer(503);
      expect(await trial).toEqual({ kind: 'ran', result: 503 });
      await pass(4999);
      expect(await attempt(200)).toEqual({ kind: 'open' });
      await pass(1);

      expect(await attempt(200)).toEqual({ kind: 'ran', result: 200 });
    });
  });

  it.each([
    ['organization', 'org-b https://api.example.com'],
    ['origin', 'org-a https://other.example.com'],
  ])('are another one for another %s', async (_name, otherKey) => {
    await attempts(times(10, 503));

    expect(await attempt(200, otherKey)).toEqual({ kind: 'ran', result: 200 });
    expect(await attempt(200)).toEqual({ kind: 'open' });
  });

  it('are two thousand at most: the one made first makes room, and learns anew', async () => {
    await attempts(times(10, 503), 'first');
    await attempts(times(10, 503), 'second');
    for (let index = 0; index < 1998; index += 1) await attempt(200, `filler ${index}`);
    expect(breakers.open).toBe(2);
    const timers = jest.getTimerCount();
    await attempt(200, 'one more');

    expect(breakers.open).toBe(1);
    expect(jest.getTimerCount()).toBe(timers - 1);
    expect(await attempt(200, 'second')).toEqual({ kind: 'open' });
    expect(await attempt(200, 'first')).toEqual({ kind: 'ran', result: 200 });
  });

  it('leave no timer behind when they are closed', async () => {
    await attempts(times(10, 503));
    expect(jest.getTimerCount()).toBeGreaterThan(0);
    breakers.close();

    expect(jest.getTimerCount()).toBe(0);
  });

  it('are counted when they open and close', async () => {
    const counted = async () =>
      (await breakerState.get()).values.map(({ labels, value }) => `${labels.state} ${value}`);
    breakerState.reset();
    await attempts(times(10, 503));
    expect(await counted()).toEqual(['opened 1']);
    await pass(5000);
    await attempt(200);

    expect(await counted()).toEqual(['opened 1', 'closed 1']);
  });
});
