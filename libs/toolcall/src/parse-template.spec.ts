import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseTemplate } from './parse-template.js';

const partsOf = (text: string, syntax = {}) => {
  const parsed = parseTemplate(text, syntax);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.parts;
};
const problemOf = (text: string) => {
  const parsed = parseTemplate(text);
  return parsed.ok ? undefined : parsed.message;
};

describe('a template', () => {
  it.each<[string, unknown[]]>([
    ['no placeholder', ['no placeholder']],
    ['', ['']],
    ['{{a}}', [{ name: 'a', path: ['a'] }]],
    ['{ { a } }', [{ name: 'a', path: ['a'] }]],
    [
      'x{{ a.b[0]["other key"] }}y',
      ['x', { name: 'a.b[0]["other key"]', path: ['a', 'b', 0, 'other key'] }, 'y'],
    ],
    [
      '{{a}}{{b}}',
      [
        { name: 'a', path: ['a'] },
        { name: 'b', path: ['b'] },
      ],
    ],
    ['{{{a}}}', ['{', { name: 'a', path: ['a'] }, '}']],
    ['{"a":{"b":1}}', ['{"a":{"b":1}}']],
    ['{{a["x | y"]}}', [{ name: 'a["x | y"]', path: ['a', 'x | y'] }]],
  ])('%j is read part by part', (text, parts) => {
    expect(partsOf(text)).toEqual(parts);
  });

  it.each<[string, unknown[]]>([
    ['{{a | default: "x"}}', [{ name: 'default', argument: 'x' }]],
    ["{{a|default:'x'}}", [{ name: 'default', argument: 'x' }]],
    ['{{ a | default: 12.5 }}', [{ name: 'default', argument: 12.5 }]],
    ['{{a | default: -1}}', [{ name: 'default', argument: -1 }]],
    ['{{a | default: false}}', [{ name: 'default', argument: false }]],
    ['{{a | default: ""}}', [{ name: 'default', argument: '' }]],
    ['{{a | default: "}} | {{ \\" \\\\"}}', [{ name: 'default', argument: '}} | {{ " \\' }]],
    ['{{a | digits}}', [{ name: 'digits' }]],
    [
      '{{a | default: 0 | money: "USD"}}',
      [
        { name: 'default', argument: 0 },
        { name: 'money', argument: 'USD' },
      ],
    ],
  ])('%s has its filters read', (text, filters) => {
    expect(partsOf(text)).toEqual([{ name: 'a', path: ['a'], filters }]);
  });

  it.each([
    ['{{}}', 'is empty'],
    ['{{a b}}', 'orders[0].status'],
    ['{{a', '{{name}}'],
    ['{{a | }}', '{{name | default: "x"}}'],
    ['{{a | default: x}}', '{{name | default: "x"}}'],
    ['{{a | default: "x" y}}', '{{name | default: "x"}}'],
    ['{{a || b}}', '{{name | default: "x"}}'],
    ['{{a | default: "x}}', '{{name}}'],
    ['{{a.__proto__}}', 'cannot be part of a path'],
    [`{{${'a.'.repeat(600)}b}}`, '{{name}}'],
  ])('%j is refused', (text, message) => {
    expect(problemOf(text)).toContain(message);
  });

  it('reads `<name>` only where the tool has opted in', () => {
    expect(partsOf('/u/<user_name>?x={{a}}')).toEqual(['/u/<user_name>?x=', { name: 'a', path: ['a'] }]);
    expect(partsOf('/u/<user_name>/{{a}}<b.c[0]>', { angleBrackets: true })).toEqual([
      '/u/',
      { name: 'user_name', path: ['user_name'] },
      '/',
      { name: 'a', path: ['a'] },
      { name: 'b.c[0]', path: ['b', 'c', 0] },
    ]);
    expect(partsOf('a < b > c <3', { angleBrackets: true })).toEqual(['a < b > c <3']);
  });

  it('loses no character outside its placeholders, whatever the text', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '{{',
      '}}',
      'a',
      ' ',
      '|',
      '"',
      "'",
      '\\',
      ':',
      '.',
      '[0]',
      '<b>',
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

    fc.assert(
      fc.property(text, (written) => {
        const parsed = parseTemplate(written);
        if (!parsed.ok) return;
        let at = 0;
        for (const part of parsed.parts) {
          if (typeof part === 'string') {
            expect(written.startsWith(part, at)).toBe(true);
            at += part.length;
          } else {
            const end = /^\{\s?\{\s*/.exec(written.slice(at));
            expect(end).not.toBeNull();
            expect(written.slice(at + end![0].length).startsWith(part.name)).toBe(true);
            at += end![0].length + part.name.length;
            at += /^\s*(\|(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'}])*)?\}\s?\}/s.exec(
              written.slice(at),
            )![0].length;
          }
        }
        expect(at).toBe(written.length);
      }),
      { numRuns: 5000 },
    );
  });
});
