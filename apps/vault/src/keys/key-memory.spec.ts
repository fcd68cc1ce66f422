import { beforeEach, describe, expect, it } from '@jest/globals';
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { KeyMemory } from './key-memory.js';

const makeKey = () => createSecretKey(randomBytes(32));

describe('the memory of keys', () => {
  let now: number;
  let memory: KeyMemory;
  let unwrapped: string[];
  const get = (name: string) =>
    memory.get(name, () => {
      unwrapped.push(name);
      return Promise.resolve(makeKey());
    });

  beforeEach(() => {
    now = 0;
    unwrapped = [];
    memory = new KeyMemory({ keptMs: 1000, maxKeys: 3 }, () => now);
  });

  it('unwraps a key once, however many ask, until its time is over', async () => {
    const keys = await Promise.all([get('a'), get('a'), get('a')]);
    now = 999;
    keys.push(await get('a'));

    expect(new Set(keys).size).toBe(1);
    now = 1000;
    expect(await get('a')).not.toBe(keys[0]);
    expect(unwrapped).toEqual(['a', 'a']);
  });

  it('holds so many keys at most, the oldest go', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'd', 'b']) await get(name);

    expect(memory.size).toBe(3);
    await get('a');
    expect(unwrapped).toEqual(['a', 'b', 'c', 'd', 'a']);
  });

  it('does not remember a failure', async () => {
    const failing = () => Promise.reject<KeyObject>(new Error('away'));
    await expect(Promise.all([memory.get('a', failing), memory.get('a', failing)])).rejects.toThrow('away');

    expect(await get('a')).toBeDefined();
  });

  it('forgets what it is told to, and nothing else', async () => {
    for (const name of ['org1 a', 'org1 b', 'org2 a']) await get(name);
    memory.forget((name) => name.startsWith('org1 '));
    for (const name of ['org1 a', 'org2 a']) await get(name);

    expect(unwrapped).toEqual(['org1 a', 'org1 b', 'org2 a', 'org1 a']);
  });
});
