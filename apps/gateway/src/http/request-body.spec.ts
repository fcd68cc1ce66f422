import { describe, expect, it } from '@jest/globals';
import { isDeeperThan } from './request-body.js';

describe('the depth of a body', () => {
  it.each<[string, number, boolean]>([
    ['7', 0, false],
    ['null', 0, false],
    ['{}', 0, true],
    ['{}', 1, false],
    ['[[[]]]', 3, false],
    ['[[[]]]', 2, true],
    ['{"a": 1, "b": [{"c": null}], "d": {}}', 3, false],
    ['{"a": 1, "b": [{"c": null}], "d": {}}', 2, true],
  ])('of %s is more than %d: %s', (text, levels, expected) => {
    expect(isDeeperThan(JSON.parse(text), levels)).toBe(expected);
  });

  it('is found without running out of stack', () => {
    expect(isDeeperThan(JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)), 200_000)).toBe(false);
  });
});
