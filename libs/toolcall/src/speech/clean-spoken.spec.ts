import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cleanSpoken } from './clean-spoken.js';

describe('what is spoken', () => {
  it.each([
    ['plain words', 'Hello, Mr. Smith! Your total is $1,250.50 (incl. 5% tax).', undefined],
    ['other scripts', 'Grüße, 你好, 안녕하세요, नमस्ते, مرحبا, 😀👩‍👩‍👧', undefined],
    ['the joiner Persian is written with', 'می‌خواهم', undefined],
    ['sums', '2*3 is 6, 2 * 3 too; 3 < 5 and 5 > 3', undefined],
    ['names with underscores', 'the field order_id_5', undefined],
    ['HTML', '<p>Dear <b>Ada</b>,</p><p>it is<br/>done</p>', 'Dear Ada, it is done'],
    ['SSML', '<speak>Hi <break time="1s"/>there<audio src="x"/></speak>', 'Hi there'],
    ['a script', 'ok<script>alert("x")</script> then', 'ok then'],
    ['a comment', 'ok<!-- <b>no</b> --> then', 'ok then'],
    ['a tag never closed', 'ok <b onclick="x', 'ok b onclick="x'],
    ['tags hidden in tags', 'a<<b>b>c', 'ab>c'],
    ['entities', 'Tom &amp; Jerry &#39;n&#x27; &quot;co&quot;&nbsp;&lt;3', 'Tom & Jerry \'n\' "co" <3'],
    ['markup behind entities', '&lt;b&gt;x&amp;lt;/b&amp;gt;', 'x'],
    ['emphasis', '**Very** *much* __so__ _here_, ~~not~~ `there`', 'Very much so here, not there'],
    ['headings and lists', '# Orders\n\n- one\n- two\n> three', 'Orders one two three'],
    ['numbered steps, whose numbers stay', '1. Turn it off\n2. Turn it on', '1. Turn it off 2. Turn it on'],
    ['links and pictures', 'See [our site](https://x.example) ![logo](y.png)', 'See our site logo'],
    ['a table', '|a|b|\n|---|---|\n|1|2|', 'a b 1 2'],
    ['code', '```json\n{"a": 1}\n```', '{"a": 1}'],
    ['a masked number', '****1234', '1234'],
    ['line breaks and tabs', ' one\r\n\ttwo\u2028three\u00a0four ', 'one two three four'],
    ['control characters', 'a\u0000b\u0007c\u001bd', 'abcd'],
    ['directions', 'a\u202eb\u2066c\u200fd', 'abcd'],
    ['invisible letters', 'a\u200b\u{e0041}\u{e007f}b', 'ab'],
    ['halves of a character', 'a\ud800b', 'ab'],
    ['nothing but markup', '<break/> **', ''],
  ])('with %s is fit for it', (_what, text, expected = text) => {
    expect(cleanSpoken(text)).toBe(expected);
  });

  it('is at most 2000 characters, cut between words', () => {
    const cut = cleanSpoken('word '.repeat(1000));

    expect(cut.length).toBeLessThanOrEqual(2000);
    expect(cut).toMatch(/ word…$/);
    expect(cleanSpoken('x'.repeat(5000))).toBe(`${'x'.repeat(1999)}…`);
    expect(cleanSpoken('😀'.repeat(1500)).isWellFormed()).toBe(true);
  });

  const piece = fc.constantFrom(
    '<',
    '>',
    '</',
    '/>',
    'b',
    'script',
    '<!--',
    '-->',
    '&',
    '&lt;',
    '&amp;',
    'amp;',
    '&#60;',
    '*',
    '**',
    '_',
    '__',
    '`',
    '```',
    '~',
    '#',
    '# ',
    '- ',
    '\n',
    ' ',
    '[',
    ']',
    '](',
    '(',
    ')',
    '|',
    '---',
    '\u202e',
    '\u0000',
    '\u200d',
    '\ud800',
    '\t',
    'x',
    '1',
    '🙂',
    'break time="1s"',
  );

  it('has no markup, nothing invisible and no stray blanks, whatever came, and is clean once cleaned', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
          fc.string({ unit: 'binary', maxLength: 200 }),
        ),
        (text) => {
          const clean = cleanSpoken(text);

          expect(clean).not.toMatch(/<[a-z/!?]/i);
          expect(clean).not.toMatch(/\*\*|__|~~|`|\]\(|\|/);
          expect(clean).not.toMatch(/&(lt|gt|amp|quot|apos|nbsp|#\d+);/);
          expect(clean).not.toMatch(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u);
          expect(clean).not.toMatch(/[^\S ]|  |^ | $/);
          expect(clean.length).toBeLessThanOrEqual(2000);
          expect(cleanSpoken(clean)).toBe(clean);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it('has no markup however deep it is hidden', () => {
    const deep = `&${'amp;'.repeat(1500)}lt;b>x`;
    const clean = cleanSpoken(deep);

    expect(clean).not.toMatch(/<b|&lt;|&amp;/);
    expect(cleanSpoken(clean)).toBe(clean);
  });
});
