import { beforeEach, describe, expect, it } from '@jest/globals';
import { ShortMemory } from './short-memory.js';

describe('the short memory', () => {
  let now = 0;
  let looks: string[] = [];
  let stored: Record<string, string> = {};
  let memory: ShortMemory<string>;
  const get = (key: string) =>
    memory.get(key, () => {
      looks.push(key);
      return Promise.resolve(stored[key]);
    });

  beforeEach(() => {
    now = 1000;
    looks = [];
    stored = { a: 'one' };
    memory = new ShortMemory(5000, 2, () => now);
  });

  it('looks once within the time, and shows a change when the time is over', async () => {
    expect(await get('a')).toBe('one');
    delete stored.a;
    now += 4999;
    expect(await get('a')).toBe('one');
    now += 1;
    expect(await get('a')).toBeUndefined();
    expect(looks).toEqual(['a', 'a']);
  });

  it('counts the time from before the look, however long it takes', async () => {
    let found: (value: string) => void = () => undefined;
    const slow = memory.get('a', () => new Promise((resolve) => (found = resolve)));
    now += 5000;
    found('stale');
    await slow;

    expect(await get('a')).toBe('one');
  });

  it('shares one look among callers at the same time', async () => {
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual(['one', 'one', 'one']);
    expect(looks).toEqual(['a']);
  });

  it('does not remember what was not there', async () => {
    await get('b');
    stored.b = 'two';

    expect(await get('b')).toBe('two');
  });

  it('does not remember a failure', async () => {
    await expect(memory.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');

    expect(await get('a')).toBe('one');
  });

  it('forgets at once when told to', async () => {
    await get('a');
    delete stored.a;
    memory.forget('a');

    expect(await get('a')).toBeUndefined();
  });

  it('forgets the oldest when it is full', async () => {
    stored = { a: 'one', b: 'two', c: 'three' };
    for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) await get(key);

    expect(looks).toEqual(['a', 'b', 'c', 'a']);
  });
});
