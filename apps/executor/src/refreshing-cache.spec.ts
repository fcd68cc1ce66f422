import { ServiceError, type ErrorCode } from '#contracts/errors';
import { Deadline } from '#messaging/deadline';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RefreshingCache, type CacheRules } from './refreshing-cache.js';

const rules: CacheRules = { freshMs: 1000, usableMs: 5000, patienceMs: 0, fetchMs: 300, maxEntries: 3 };

/** A fetch that has begun and ends when the test says so. */
interface Fetch {
  readonly key: string;
  readonly timeoutMs: number;
  answer(value: string): void;
  fail(error: Error): void;
}

describe('the refreshing cache', () => {
  let cache: RefreshingCache<string>;
  let fetches: Fetch[] = [];

  const begin = (changes: Partial<CacheRules> = {}) =>
    (cache = new RefreshingCache({ ...rules, ...changes }));
  const get = (key: string, deadlineMs = 10_000) =>
    cache.get(
      key,
      (timeoutMs) =>
        new Promise((resolve, reject) => fetches.push({ key, timeoutMs, answer: resolve, fail: reject })),
      Deadline.in(deadlineMs),
    );
  /** Gets an entry into the cache. */
  const know = async (key: string, value: string) => {
    const got = get(key);
    last().answer(value);
    expect(await got).toBe(value);
  };
  const last = (): Fetch => {
    const fetch = fetches.at(-1);
    if (!fetch) throw new Error('Nothing was fetched');
    return fetch;
  };
  const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const down = (code: ErrorCode = 'service_unavailable') => new ServiceError(code, 'down');
  const codeOf = (error: unknown) => (error as ServiceError).code;
  const gone = () => new ServiceError('tool_not_found', 'gone');

  beforeEach(() => {
    jest.useFakeTimers();
    fetches = [];
    begin();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  describe('while an entry is fresh', () => {
    it('answers from memory', async () => {
      await know('a', 'one');
      await pass(999);

      expect(cache.fresh('a')).toBe('one');
      expect(await get('a')).toBe('one');
      expect(fetches).toHaveLength(1);
    });

    it('has nothing fresh before it was fetched, and from its age of `freshMs` on', async () => {
      expect(cache.fresh('a')).toBeUndefined();
      await know('a', 'one');
      await pass(1000);

      expect(cache.fresh('a')).toBeUndefined();
    });
  });

  describe('without an entry', () => {
    it('fetches once, however many ask', async () => {
      const got = Promise.all([get('a'), get('a'), get('a')]);
      last().answer('one');

      expect(await got).toEqual(['one', 'one', 'one']);
      expect(fetches).toHaveLength(1);
    });

    it('fetches each key for itself, with the time a fetch may take', async () => {
      const got = Promise.all([get('a'), get('b')]);
      for (const fetch of fetches) fetch.answer(`value of ${fetch.key}`);

      expect(await got).toEqual(['value of a', 'value of b']);
      expect(fetches.map(({ timeoutMs }) => timeoutMs)).toEqual([300, 300]);
    });

    it('tells everybody who asked that it failed, and fetches anew for the next', async () => {
      const settled = Promise.allSettled([get('a'), get('a')]);
      const error = down();
      last().fail(error);
      const rejected = { status: 'rejected', reason: error };
      expect(await settled).toEqual([rejected, rejected]);

      await know('a', 'one');
      expect(fetches).toHaveLength(2);
    });

    it('waits no longer than the caller can, and keeps what comes later for the next', async () => {
      const got = get('a', 50).catch(codeOf);
      await pass(50);
      expect(await got).toBe('deadline_exceeded');
      last().answer('one');
      await pass(0);

      expect(cache.fresh('a')).toBe('one');
    });
  });

  describe('when an entry is no longer fresh', () => {
    beforeEach(async () => {
      await know('a', 'one');
      await pass(1000);
    });

    it('without patience answers with the old value at once, and renews it behind the back', async () => {
      expect(await get('a')).toBe('one');
      last().answer('two');
      await pass(0);

      expect(fetches).toHaveLength(2);
      expect(cache.fresh('a')).toBe('two');
    });

    it('renews it once, however many ask', async () => {
      expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual(['one', 'one', 'one']);
      expect(fetches).toHaveLength(2);
    });

    it('without patience hears from the next fetch what the other service said', async () => {
      expect(await get('a')).toBe('one');
      last().fail(gone());
      await pass(0);
      const next = get('a').catch(codeOf);
      last().fail(gone());

      expect(await next).toBe('tool_not_found');
    });
  });

  describe('with patience, when an entry is no longer fresh', () => {
    beforeEach(async () => {
      begin({ patienceMs: 100 });
      await know('a', 'one');
      await pass(1000);
    });

    it('answers with the new value if it comes in time', async () => {
      const got = get('a');
      await pass(99);
      last().answer('two');

      expect(await got).toBe('two');
    });

    it.each([
      ['its patience is over', 10_000, 100],
      ['the caller has no more time', 20, 20],
    ])('answers with the old value when %s, and has the new one later', async (_name, deadlineMs, ms) => {
      const got = get('a', deadlineMs);
      await pass(ms);
      expect(await got).toBe('one');
      last().answer('two');
      await pass(0);

      expect(cache.fresh('a')).toBe('two');
    });

    it('believes at once what the other service says', async () => {
      const got = get('a').catch(codeOf);
      last().fail(gone());

      expect(await got).toBe('tool_not_found');
      await know('a', 'two');
    });

    it.each<[string, Error]>([
      ['service_unavailable', down('service_unavailable')],
      ['deadline_exceeded', down('deadline_exceeded')],
      ['overloaded', down('overloaded')],
      ['internal', down('internal')],
      ['an error of no kind', new Error('surprise')],
    ])('serves the old value when the other service is down: %s', async (_name, error) => {
      const got = get('a');
      last().fail(error);

      expect(await got).toBe('one');
    });

    it('does not ask a service that is down for every call, but once a second', async () => {
      for (const [ms, asked] of [
        [0, 2],
        [500, 2],
        [499, 2],
        [1, 3],
      ] as const) {
        await pass(ms);
        const got = get('a');
        last().fail(down());
        expect(await got).toBe('one');
        expect(fetches).toHaveLength(asked);
      }
    });

    it('serves nothing older than is usable', async () => {
      await pass(3999);
      const usable = get('a');
      last().fail(down());
      expect(await usable).toBe('one');
      await pass(1);
      const error = down();
      const tooOld = get('a');
      last().fail(error);

      await expect(tooOld).rejects.toBe(error);
    });
  });

  describe('told to drop', () => {
    it('forgets what it is told to, and nothing else', async () => {
      await know('org-a x', 'one');
      await know('org-b x', 'two');
      cache.drop((key) => key.startsWith('org-a '));

      expect(cache.fresh('org-a x')).toBeUndefined();
      expect(cache.fresh('org-b x')).toBe('two');
    });

    it('does not keep what was being fetched: the change may not be in it', async () => {
      const before = get('a');
      cache.drop(() => true);
      fetches[0]?.answer('old');
      expect(await before).toBe('old');

      expect(cache.fresh('a')).toBeUndefined();
    });

    it('fetches anew for whoever asks next, beside the fetch that was under way', async () => {
      const before = get('a');
      cache.drop(() => true);
      const after = get('a');
      fetches[1]?.answer('new');
      expect(await after).toBe('new');
      fetches[0]?.answer('old');
      expect(await before).toBe('old');

      expect(cache.fresh('a')).toBe('new');
    });

    it('shares the new fetch, also once the one before has ended', async () => {
      const before = get('a');
      cache.drop(() => true);
      const after = get('a');
      fetches[0]?.answer('old');
      await before;
      const another = get('a');
      fetches[1]?.answer('new');

      expect(await Promise.all([after, another])).toEqual(['new', 'new']);
      expect(fetches).toHaveLength(2);
    });
  });

  describe('told to distrust', () => {
    beforeEach(async () => {
      begin({ patienceMs: 100 });
      await know('a', 'one');
      cache.distrust();
    });

    it('renews an entry before its next use', async () => {
      expect(cache.fresh('a')).toBeUndefined();
      const got = get('a');
      last().answer('two');

      expect(await got).toBe('two');
    });

    it('serves it all the same where it cannot be renewed', async () => {
      const got = get('a');
      last().fail(down());

      expect(await got).toBe('one');
    });

    it('tries at once, also when a renewal has just failed', async () => {
      const got = get('a');
      last().fail(down());
      await got;
      cache.distrust();
      const again = get('a');
      last().answer('two');

      expect(await again).toBe('two');
    });

    it('makes no entry usable for longer', async () => {
      await pass(4000);
      cache.distrust();
      await pass(1000);
      const error = down();
      const got = get('a');
      last().fail(error);

      await expect(got).rejects.toBe(error);
    });
  });

  it('makes room for a new entry by the one unused for longest', async () => {
    for (const key of ['a', 'b', 'c']) await know(key, `value of ${key}`);
    cache.fresh('a');
    await get('b');
    await know('d', 'value of d');

    expect(['a', 'b', 'c', 'd'].filter((key) => cache.fresh(key) !== undefined)).toEqual(['a', 'b', 'd']);
  });
});
