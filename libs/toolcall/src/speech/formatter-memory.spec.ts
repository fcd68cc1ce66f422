import { describe, expect, it } from '@jest/globals';
import { FormatterMemory } from './formatter-memory.js';

describe('the memory of formatters', () => {
  it('makes each once, as long as it is kept', () => {
    const memory = new FormatterMemory<object>(2);
    const first = memory.get('a', () => ({}));

    expect(memory.get('a', () => ({}))).toBe(first);
    memory.get('b', () => ({}));
    expect(memory.get('a', () => ({}))).toBe(first);
    memory.get('c', () => ({}));
    expect(memory.get('a', () => ({}))).not.toBe(first);
  });

  it('never holds more than it may', () => {
    const memory = new FormatterMemory<object>(10);

    for (let n = 0; n < 100; n += 1) memory.get(String(n), () => ({}));

    expect(memory.size).toBe(10);
  });
});
