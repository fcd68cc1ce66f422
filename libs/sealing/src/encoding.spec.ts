import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBase64Url, decodeKey } from './encoding.js';

describe('decodeBase64Url', () => {
  it('gives back the bytes of every canonical text', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64Url(Buffer.from(bytes).toString('base64url'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    ['padding', 'AAA='],
    ['a character of the other alphabet', 'AA+A'],
    ['white space', 'AA A'],
    ['a line break at the end', 'AAAA\n'],
    ['a bit that no byte uses', 'AAF'],
    ['a length no bytes have', 'AAAAA'],
  ])('refuses %s', (_what, text) => {
    expect(decodeBase64Url(text)).toBeUndefined();
  });

  it('refuses another number of bytes than expected', () => {
    expect(decodeBase64Url('AAAA', 3)).toEqual(Buffer.alloc(3));
    expect(decodeBase64Url('AAAA', 4)).toBeUndefined();
  });
});

describe('decodeKey', () => {
  it('takes what `openssl rand -base64 32` writes', () => {
    expect(decodeKey(Buffer.alloc(32, 0xfb).toString('base64'))).toEqual(Buffer.alloc(32, 0xfb));
  });

  it.each([
    ['31 bytes', Buffer.alloc(31).toString('base64')],
    ['33 bytes', Buffer.alloc(33).toString('base64')],
    ['no padding', Buffer.alloc(32).toString('base64url')],
    ['hexadecimal', Buffer.alloc(32).toString('hex')],
    ['nothing', ''],
  ])('refuses %s', (_what, text) => {
    expect(decodeKey(text)).toBeUndefined();
  });
});
