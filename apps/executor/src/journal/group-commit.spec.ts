import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GroupCommit } from './group-commit.js';

/** A write that has begun and ends when the test says so. */
interface Write {
  readonly items: readonly string[];
  succeed(): void;
  fail(error: Error): void;
}

describe('a group commit', () => {
  let writes: Write[] = [];
  let underWay = 0;
  let mostUnderWay = 0;

  const write = (items: readonly string[]): Promise<readonly string[]> => {
    underWay += 1;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    const ended = new Promise<readonly string[]>((resolve, reject) =>
      writes.push({ items, succeed: () => resolve(items.map((item) => `${item} done`)), fail: reject }),
    );
    return ended.finally(() => (underWay -= 1));
  };
  const groups = (limits: { maxItems?: number; maxWrites?: number; lingerMs?: number } = {}) =>
    new GroupCommit(write, { maxItems: 100, maxWrites: 1, ...limits });
  const batches = () => writes.map(({ items }) => items);
  /** Lets this turn of the event loop end, and so many milliseconds pass. */
  const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);

  beforeEach(() => {
    jest.useFakeTimers();
    writes = [];
    underWay = 0;
    mostUnderWay = 0;
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('writes what comes alone at the end of the turn it came in', async () => {
    const done = groups().add('a');
    expect(batches()).toEqual([]);
    await pass();
    expect(batches()).toEqual([['a']]);
    writes[0]?.succeed();

    expect(await done).toBe('a done');
  });

  it('writes what comes in one turn together, and gives each its own result', async () => {
    const group = groups();
    const done = ['a', 'b', 'c'].map((item) => group.add(item));
    await pass();
    expect(batches()).toEqual([['a', 'b', 'c']]);
    writes[0]?.succeed();

    expect(await Promise.all(done)).toEqual(['a done', 'b done', 'c done']);
  });

  it('gathers what comes while a write is under way, and writes it as soon as that has ended', async () => {
    const group = groups();
    void group.add('a');
    await pass();
    for (const item of ['b', 'c']) {
      void group.add(item);
      await pass();
    }
    expect(batches()).toEqual([['a']]);
    writes[0]?.succeed();
    await pass();

    expect(batches()).toEqual([['a'], ['b', 'c']]);
    expect(mostUnderWay).toBe(1);
  });

  it('has as many writes under way as it may, and no more', async () => {
    const group = groups({ maxWrites: 2 });
    for (const item of ['a', 'b', 'c', 'd']) {
      void group.add(item);
      await pass();
    }
    expect(batches()).toEqual([['a'], ['b']]);
    writes[1]?.succeed();
    await pass();

    expect(batches()).toEqual([['a'], ['b'], ['c', 'd']]);
    expect(mostUnderWay).toBe(2);
  });

  it('splits what is more than a batch may hold', async () => {
    const group = groups({ maxItems: 2 });
    const done = ['a', 'b', 'c', 'd', 'e'].map((item) => group.add(item));
    for (const turn of [0, 1, 2]) {
      await pass();
      writes[turn]?.succeed();
    }

    expect(await Promise.all(done)).toEqual(['a', 'b', 'c', 'd', 'e'].map((item) => `${item} done`));
    expect(batches()).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('begins the writes of a split at once where several may be under way', async () => {
    const group = groups({ maxItems: 2, maxWrites: 2 });
    for (const item of ['a', 'b', 'c', 'd', 'e']) void group.add(item);
    await pass();

    expect(batches()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('lingers from the first item on, for more to come', async () => {
    const group = groups({ lingerMs: 20 });
    void group.add('a');
    await pass(15);
    void group.add('b');
    await pass(4);
    expect(batches()).toEqual([]);
    await pass(1);

    expect(batches()).toEqual([['a', 'b']]);
  });

  it('lingers again after a batch, from its own first item on', async () => {
    const group = groups({ lingerMs: 20 });
    void group.add('a');
    await pass(15);
    void group.add('b');
    await pass(5);
    writes[0]?.succeed();
    await pass();
    void group.add('c');
    await pass(19);
    expect(batches()).toEqual([['a', 'b']]);
    await pass(1);

    expect(batches()).toEqual([['a', 'b'], ['c']]);
  });

  it('tells of a failed write whoever was in it, and nobody else', async () => {
    const group = groups({ maxItems: 2 });
    const settled = Promise.allSettled(['a', 'b', 'c'].map((item) => group.add(item)));
    await pass();
    const down = new Error('the database is away');
    writes[0]?.fail(down);
    await pass();
    writes[1]?.succeed();

    expect(await settled).toEqual([
      { status: 'rejected', reason: down },
      { status: 'rejected', reason: down },
      { status: 'fulfilled', value: 'c done' },
    ]);
  });

  it('goes on after a failed write', async () => {
    const group = groups();
    const failed = expect(group.add('a')).rejects.toThrow('away');
    await pass();
    writes[0]?.fail(new Error('away'));
    await failed;
    const done = group.add('b');
    await pass();
    writes[1]?.succeed();

    expect(await done).toBe('b done');
  });
});
