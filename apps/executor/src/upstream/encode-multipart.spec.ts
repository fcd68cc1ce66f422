import { describe, expect, it } from '@jest/globals';
import { encodeMultipart } from './encode-multipart.js';

describe('a multipart body', () => {
  it('is written as browsers write it', () => {
    const { contentType, text } = encodeMultipart(
      [
        { name: 'plain', value: 'one\ntwo' },
        { name: 'typed', value: '{"a":1}', contentType: 'application/json' },
        { name: 'file "1"\r\n', value: 'a\nb', fileName: 'n"ö\r\n.txt' },
        { name: 'csv', value: '', fileName: 'e.csv', contentType: 'text/csv' },
      ],
      () => 'BOUND',
    );

    expect(contentType).toBe('multipart/form-data; boundary=BOUND');
    expect(text.split('\r\n')).toEqual([
      '--BOUND',
      'Content-Disposition: form-data; name="plain"',
      '',
      'one',
      'two',
      '--BOUND',
      'Content-Disposition: form-data; name="typed"',
      'Content-Type: application/json',
      '',
      '{"a":1}',
      '--BOUND',
      'Content-Disposition: form-data; name="file %221%22%0D%0A"; filename="n%22ö%0D%0A.txt"',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'a\nb',
      '--BOUND',
      'Content-Disposition: form-data; name="csv"; filename="e.csv"',
      'Content-Type: text/csv',
      '',
      '',
      '--BOUND--',
      '',
    ]);
  });

  it('has a boundary that is in none of its values', () => {
    const boundaries = ['taken', 'also', 'free'];

    expect(
      encodeMultipart(
        [
          { name: 'a', value: 'xx--taken\r\n' },
          { name: 'b', value: 'also' },
        ],
        () => boundaries.shift()!,
      ).contentType,
    ).toBe('multipart/form-data; boundary=free');
  });

  it('has another boundary each time, too long to be guessed', () => {
    const all = Array.from({ length: 100 }, () => encodeMultipart([]).contentType);

    expect(new Set(all).size).toBe(100);
    for (const one of all) expect(one).toMatch(/boundary=-{4}patchbay[0-9a-f]{32}$/);
  });
});
