import { RE2JS } from 're2js';

/** A tenant's pattern, made ready. */
export interface Pattern {
  /** What looking at one more character costs. */
  readonly stepsPerCharacter: number;
  /** The longest text it is tried on: longer ones could take too long. */
  readonly longestText: number;
  readonly matches: (text: string) => boolean;
}

export const patternLimits = {
  length: 512,
  /** Of one pattern, in the measure of {@link patternWeight}. */
  weight: 1000,
  /** Instructions times characters of one match: 2 to 3 ms at most. */
  steps: 250_000,
} as const;

/** What a class of Unicode (`\p{L}`) takes to read, in plain characters: it has hundreds of ranges. */
const UNICODE_CLASS_WEIGHT = 60;

/**
 * Compiles a pattern for RE2, which takes time in proportion to pattern and text; the engine's own expressions can take
 * hours. It runs where it visits each pair of instruction and character once, and keeps no automaton in memory.
 *
 * @throws Error for what {@link patternProblem} refuses
 */
export function compilePattern(pattern: string): Pattern {
  const compiled = RE2JS.compile(pattern);
  const stepsPerCharacter = compiled.programSize();
  return {
    stepsPerCharacter,
    longestText: Math.floor(patternLimits.steps / stepsPerCharacter) - 1,
    matches: (text) => compiled.matcher(text).find(),
  };
}

/** How long a text a pattern is tried on; at least as long as `wanted`, if it is. */
export function longestText(pattern: string, wanted: number): number {
  const isTriedAnyway = wanted < patternLimits.steps / patternLimits.weight;
  return isTriedAnyway ? wanted : compilePattern(pattern).longestText;
}

/** Why a pattern cannot be used; undefined when it can. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > patternLimits.length) return `may have ${patternLimits.length} characters`;
  const weight = patternWeight(pattern);
  if (weight > patternLimits.weight) {
    const advice = 'Repeat less (`{1,1000}` counts a thousandfold), or use `maxLength`';
    return `is too large written out: ${weight} steps of ${patternLimits.weight}. ${advice}`;
  }
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch {
    return 'must be a regular expression in RE2 syntax (no look-around, no back-references)';
  }
}

interface Group {
  total: number;
  last: number;
}

/**
 * What a pattern has when its counted repetitions are written out, found without doing so: `(a{1000}){1000}` would
 * take longer to compile than anybody may take. Never less than what RE2 makes of it.
 */
export function patternWeight(pattern: string): number {
  const open: Group[] = [];
  let group: Group = { total: 0, last: 0 };
  let unicodeClasses = 0;
  const add = (weight: number) => {
    group.total += weight;
    group.last = weight;
  };
  for (const [token] of pattern.matchAll(PATTERN_TOKENS)) {
    const repeat = REPEAT.exec(token);
    if (repeat) {
      const written = writtenOut(group.last, Number(repeat[1]), repeat[2]);
      group.total += written - group.last;
      group.last = written;
    } else if (token === '(') {
      open.push(group);
      group = { total: 2, last: 0 }; // a group's two ends are instructions, too
    } else if (token === ')') {
      const inner = group;
      group = open.pop() ?? { total: 0, last: 0 };
      add(inner.total);
    } else {
      // What may be empty is repeated by a loop that may be left out: two steps.
      add(token.startsWith('\\Q') ? token.length : token === '*' ? 2 : 1);
      unicodeClasses += token.match(/\\[pP]/g)?.length ?? 0;
    }
  }
  for (const outer of open) group.total += outer.total;
  return group.total + unicodeClasses * UNICODE_CLASS_WEIGHT;
}

/** `{least}`, `{least,}`, `{least,most}`: each copy that may be left out, and a loop, takes a step more. */
function writtenOut(weight: number, least: number, most: string | undefined): number {
  if (most === undefined) return weight * Math.max(least, 1);
  return most === '' ? weight * (least + 1) + 2 : (weight + 1) * Math.max(Number(most), 1);
}

const REPEAT = /^\{(\d+)(?:,(\d*))?\}$/;
/** Quoted text, an escape, a class, a counted repetition, or one character. */
const PATTERN_TOKENS =
  /\\Q[^]*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\[pP]?[^]|\[\^?\]?(?:\[:\^?[a-z]*:\]|\\[^]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[^]/g;
