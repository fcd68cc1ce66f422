import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './page-cursor.js';

const ID = '01983f6e-6a0f-7b8e-9c39-6f6b7a9f0a11';
const cursorOf = (text: string) => Buffer.from(text).toString('base64url');

describe('a cursor', () => {
  it('leads back to where it was made, to the millisecond', () => {
    const moments = fc.date({
      min: new Date('0001-01-01'),
      max: new Date('4999-12-31'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moments, fc.uuid(), (startedAt, executionId) => {
        expect(decodeCursor(encodeCursor({ startedAt, executionId }))).toEqual({ startedAt, executionId });
      }),
    );
  });

  it.each([
    ['text of another kind', 'page-2'],
    ['a position without an id', cursorOf('1700000000000')],
    ['a position with another id', cursorOf('1700000000000 7')],
    ['a time out of reach', cursorOf(`999999999999999 ${ID}`)],
    ['more than a position', cursorOf(`1700000000000 ${ID}; DROP TABLE x`)],
  ])('is refused when it is %s', (_what, cursor) => {
    expect(() => decodeCursor(cursor)).toThrow('/cursor: must be the `nextCursor` of an earlier page');
  });

  it('is never anything but refused or a position, whatever is sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string().map(cursorOf)), (cursor) => {
        expect(() => decodeCursor(cursor)).toThrow('/cursor');
      }),
    );
  });
});
