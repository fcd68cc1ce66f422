import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { compilePattern, patternLimits, patternProblem, patternWeight } from './pattern.js';

describe('a pattern', () => {
  it.each([
    String.raw`^ORD-\d{5}$`,
    '^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$',
    '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    String.raw`^\p{L}+(?: \p{L}+)*$`,
    '(?i)^(low|high)$',
    '^(a+)+$',
    '^.{1,400}$',
  ])('of an ordinary size is taken: %s', (pattern) => {
    expect(patternProblem(pattern)).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['nested repetition', '(a{1000}){1000}', 'too large'],
    ['repetition side by side', 'a{1000}'.repeat(70), 'too large'],
    ['repetition three deep', '((a{10}){10}){11}', 'too large'],
    ['repetition of a class with a bracket in it', '(?:[])]{40}){40}', 'too large'],
    ['repetition behind a POSIX class', '(?:x[[:alpha:])]{40}){40}', 'too large'],
    ['repetition behind quoted text', String.raw`\Q[\E(?:a{40}){40}`, 'too large'],
    ['repetition without an upper end', '(?:a{40,}){40,}', 'too large'],
    ['many classes of Unicode', String.raw`\pL`.repeat(30), 'too large'],
    ['a long text', 'a'.repeat(513), '512 characters'],
    ['a look-ahead', '(?=a)', 'RE2 syntax'],
    ['a look-behind', '(?<=a)b', 'RE2 syntax'],
    ['a back-reference', String.raw`(a)\1`, 'RE2 syntax'],
    ['an open group', '(a', 'RE2 syntax'],
    ['an open class of many escapes', `[${String.raw`\p{L}`.repeat(10)}`, 'RE2 syntax'],
  ])('is refused for %s', (_name, pattern, message) => {
    expect(patternProblem(pattern)).toContain(message);
  });

  it('never weighs less than it has instructions, so that none is compiled that is too large', () => {
    const atom = fc.constantFrom(
      'a',
      '.',
      '[a-z]',
      '[^]a]',
      '[[:alpha:]x]',
      '\\d',
      '\\pL',
      '\\x{41}',
      '\\Q{2}\\E',
    );
    const count = fc.constantFrom('', '*', '+?', '?', '{3}', '{2,}', '{0,7}', '{4,4}');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        fc.tuple(atom, count).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `${a}|${b}`),
        fc
          .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?P<n>'), tie('pattern'), count)
          .map(([open, inner, times]) => `${open}${inner})${times}`),
      ),
    }));

    fc.assert(
      fc.property(pattern, (text) => {
        const weight = patternWeight(text);
        if (weight > patternLimits.weight) return;
        let compiled: RE2JS;
        try {
          compiled = RE2JS.compile(text);
        } catch {
          return; // the same name twice, or repetition of repetition
        }
        expect(compiled.programSize()).toBeLessThanOrEqual(weight + 3); // start, unanchored prefix, end
      }),
      { numRuns: 2000 },
    );
  });

  it('is tried on texts only that it can be tried on in its steps', () => {
    const small = compilePattern('^a$');
    const large = compilePattern('^.{1,400}$');

    expect((small.longestText + 1) * small.stepsPerCharacter).toBeLessThanOrEqual(patternLimits.steps);
    expect((large.longestText + 1) * large.stepsPerCharacter).toBeLessThanOrEqual(patternLimits.steps);
    expect(large.longestText).toBeGreaterThan(200);
    expect(small.longestText).toBeGreaterThan(10_000);
  });
});
