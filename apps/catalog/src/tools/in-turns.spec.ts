import { describe, expect, it } from '@jest/globals';
import { inTurns } from './in-turns.js';

describe('what is made in turns', () => {
  it('is made of each, in order, while others have theirs in between', async () => {
    const order: (number | string)[] = [];
    const items = Array.from({ length: 25 }, (_, index) => index);
    const made = inTurns(items, (item) => {
      order.push(item);
      return item * 2;
    });
    setImmediate(() => order.push('another'));

    expect(await made).toEqual(items.map((item) => item * 2));
    expect(order.filter((one) => one !== 'another')).toEqual(items);
    expect(order.indexOf('another')).toBeGreaterThan(0);
    expect(order.indexOf('another')).toBeLessThan(25);
  });

  it('is nothing where there is nothing', async () => {
    expect(await inTurns([], () => 1)).toEqual([]);
  });
});
