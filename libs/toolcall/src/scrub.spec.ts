import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Scrubber } from './scrub.js';

const secret = 'sk_live_a+b/c "quoted" <&> ü 93!~';
const encodings: [string, (text: string) => string][] = [
  ['as it is', (text) => text],
  ['as JSON', (text) => JSON.stringify(text).slice(1, -1)],
  ['as XML', (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')],
  [
    'as an attribute',
    (text) => text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[one] ?? '&quot;'),
  ],
  ['percent-encoded', encodeURIComponent],
  [
    'percent-encoded in lower case',
    (text) => encodeURIComponent(text).replace(/%../g, (one) => one.toLowerCase()),
  ],
  ['form-encoded', (text) => new URLSearchParams({ a: text }).toString().slice(2)],
  ['in hexadecimal', (text) => Buffer.from(text).toString('hex')],
  ['in base64', (text) => Buffer.from(text).toString('base64')],
  ['in base64 for URLs', (text) => Buffer.from(text).toString('base64url')],
  ['in base64 behind one byte', (text) => Buffer.from(`u${text}`).toString('base64')],
  ['in base64 between others', (text) => Buffer.from(`us${text}:rest`).toString('base64')],
];

describe('a secret echoed', () => {
  it.each(encodings)('%s is taken out', (_name, encode) => {
    const plain = 'sk_live_51HxWq9z_canary';
    const clean = new Scrubber([plain]).scrub(`before ${encode(plain)} after`);

    expect(clean).toContain('‹redacted›');
    expect(clean).toMatch(/^before .* after$/);
    // At most the few characters that depend on the neighbours stay.
    expect(clean.length).toBeLessThan('before  after'.length + '‹redacted›'.length + 16);
  });

  it.each(encodings)('with odd characters, %s, is taken out', (_name, encode) => {
    expect(new Scrubber([secret]).scrub(encode(secret))).toMatch(/^[^l]{0,3}‹redacted›.{0,8}$/);
  });

  const sent = encodings.filter(([name]) => ['as JSON', 'percent-encoded', 'form-encoded'].includes(name));
  const twice = sent.flatMap(([how, once]) =>
    encodings.map(([name, again]) => [how, name, once, again] as const),
  );
  it.each(twice)('as it was sent, %s, and the whole of that %s, is taken out', (_how, _name, once, again) => {
    const clean = new Scrubber([secret]).scrub(again(`{"key":"${once(secret)}"}`));

    expect(clean).toContain('‹redacted›');
    expect(clean).not.toMatch(/live|quoted|bGl2|6c697665/);
  });

  it('is taken out of nested values and their keys', () => {
    expect(new Scrubber(['hunter22']).scrubValue({ hunter22: [{ a: 'x hunter22 y' }, 1, null] })).toEqual({
      '‹redacted›': [{ a: 'x ‹redacted› y' }, 1, null],
    });
  });

  it('never survives, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6 }), fc.string(), fc.string(), (value, before, after) => {
        const clean = new Scrubber([value]).scrub(`${before}${value}${after}`);
        if (!'‹redacted›'.includes(value))
          expect(clean.replaceAll('‹redacted›', '\u0000')).not.toContain(value);
      }),
    );
  });

  it('behind JSON escapes is taken out of text for people', () => {
    const scrubber = new Scrubber(['sk_live/hunter22']);

    expect(scrubber.scrubEscaped('{"a":"sk\\u005flive\\/hunter22"}')).toBe('{"a":"‹redacted›"}');
    expect(scrubber.scrubEscaped('<a>sk&#95;live&#x2F;hunter22</a>')).toBe('<a>‹redacted›</a>');
    expect(new Scrubber(['a<b&c>d']).scrubEscaped('x a&lt;b&amp;c>d')).toBe('x ‹redacted›');
    expect(scrubber.scrubEscaped('{"a":"\\u0041"}')).toBe('{"a":"\\u0041"}');
  });

  it.each([1, 2, 3, 4])('behind %d layers of JSON is taken out, of keys too', (layers) => {
    let echoed: unknown = { [secret]: secret };
    for (let layer = 0; layer < layers; layer += 1)
      echoed = { echoed: JSON.stringify(echoed).replaceAll('/', '\\/') };

    const clean = JSON.stringify(new Scrubber([secret]).scrubValue(echoed));

    expect(clean.match(/‹redacted›/g)).toHaveLength(2);
    expect(clean).not.toContain('live');
  });

  it('as URLs write it, with more escaped than JavaScript does, is taken out', () => {
    const odd = "it's(a)*secret!";
    const scrubber = new Scrubber([odd]);

    expect(scrubber.scrub(new URL(`https://x/?k=${encodeURIComponent(odd)}`).search)).toBe('?k=‹redacted›');
    expect(scrubber.scrub('k=it%27s%28a%29%2Asecret%21')).toBe('k=‹redacted›');
    expect(scrubber.scrub('k=it%27s%28a%29%2asecret%21')).toBe('k=‹redacted›');
  });

  it('leaves other text the very same', () => {
    const text = 'nothing of it here';

    expect(new Scrubber(['hunter22']).scrub(text)).toBe(text);
  });
});
