import type { CallFacts } from '../scope.js';

/** The call that arguments belong to, as far as they are read in its light. */
export interface CoercionFrame {
  readonly now: Date;
  readonly facts: CallFacts;
}

/** One argument that is missing or wrong: the way to it, and why it will not do. */
export interface Fault {
  readonly steps: (string | number)[];
  /** Absent where nothing was given. */
  readonly hint?: string;
}

/** What the arguments of one execution may amount to; more is refused, before it takes milliseconds to look at. */
export const argumentLimits = {
  values: 20_000,
  characters: 65_536,
  /** Instructions times characters of all pattern matches. */
  patternSteps: 500_000,
  /** Levels inside a value of which the schema says nothing. */
  depth: 32,
  digits: 40,
} as const;

/**
 * Turns what was given into what a schema asks for. What cannot be turned is noted in the run, and what is returned
 * then means nothing.
 */
export type Coercer = (given: unknown, run: CoercionRun) => unknown;

const MOST_FAULTS = 50;
const nothing: readonly Fault[] = [];

/** One pass over the arguments of one execution: what it may still cost, and what it has found wrong. */
export class CoercionRun {
  /** How many faults there are. A field: it is read twice for each value. */
  faultCount = 0;
  private found: Fault[] | undefined;
  private values: number = argumentLimits.values;
  private characters: number = argumentLimits.characters;
  private patternSteps: number = argumentLimits.patternSteps;

  /** @param isStrict values have to be right as they are: a schema's own defaults and examples */
  constructor(
    readonly frame: CoercionFrame,
    readonly isStrict: boolean = false,
  ) {}

  get faults(): readonly Fault[] {
    return this.found ?? nothing;
  }

  /** Notes that the value at hand will not do, or with no hint that there is none. */
  fault(hint?: string, step?: string | number): void {
    this.found ??= [];
    if (this.found.length >= MOST_FAULTS) return;
    this.found.push({ steps: step === undefined ? [] : [step], ...(hint !== undefined && { hint }) });
    this.faultCount = this.found.length;
  }

  /** Says of the faults after the first `from` that they are inside of this property or item. */
  locate(from: number, step: string | number): void {
    if (!this.found) return;
    for (let at = from; at < this.found.length; at += 1) this.found[at]?.steps.unshift(step);
  }

  /** Forgets the faults after the first `from`: another reading is tried. */
  forget(from: number): void {
    if (this.found) this.found.length = from;
    this.faultCount = from;
  }

  /** Whether so many values more may be looked at. */
  takeValues(count: number): boolean {
    this.values -= count;
    return this.values >= 0;
  }

  takeText(length: number): boolean {
    this.characters -= length;
    return this.characters >= 0;
  }

  takePatternSteps(steps: number): boolean {
    this.patternSteps -= steps;
    return this.patternSteps >= 0;
  }

  /** What is wrong with the arguments as a whole; undefined when they were small enough to be looked at. */
  get excess(): string | undefined {
    const { values, characters, patternSteps } = argumentLimits;
    if (this.values < 0) return `may have ${values} values in all`;
    if (this.characters < 0) return `may have ${characters} characters in all`;
    return this.patternSteps < 0 ? `take more than ${patternSteps} steps to check; send fewer` : undefined;
  }
}
