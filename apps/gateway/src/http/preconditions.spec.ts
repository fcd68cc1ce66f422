import { describe, expect, it } from '@jest/globals';
import { entityTag, isKnown, numberFromIfMatch } from './preconditions.js';

describe('If-Match', () => {
  it.each([
    [undefined, undefined],
    ['*', undefined],
    ['"7"', 7],
    [' "7" ', 7],
    [entityTag(123_456), 123_456],
  ])('%s insists on %s', (header, number) => {
    expect(numberFromIfMatch(header)).toBe(number);
  });

  it.each(['W/"7"', '"seven"', '""', '"0"', '"07"', '"-1"', '"7.0"', '"99999999999999999999"'])(
    '%s matches nothing of ours',
    (header) => {
      expect(() => numberFromIfMatch(header)).toThrow(
        expect.objectContaining({ code: 'precondition_failed' }),
      );
    },
  );

  it.each(['', '7', '"7', '7"', '"7" x', '"7", "8"', '**', "'7'"])('%j is no entity tag', (header) => {
    expect(() => numberFromIfMatch(header)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});

describe('If-None-Match', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['"7"', true],
    ['W/"7"', true],
    ['"6","7" , "8"', true],
    ['*', true],
    ['"77"', false],
    ['7', false],
  ])('%s knows "7": %s', (header, known) => {
    expect(isKnown(header, '"7"')).toBe(known);
  });
});
