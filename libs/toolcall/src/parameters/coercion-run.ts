import { dateIn, type CallFacts } from '../scope.js';
import { phoneRegion, type PhoneRegion } from './phone.js';

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
  values: 10_000,
  characters: 65_536,
  /** Instructions times characters of all pattern matches. */
  patternSteps: 250_000,
  /** Values that are not right as they are, and have to be read. */
  readings: 250,
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
  private readings: number = argumentLimits.readings;
  private isSpent = false;
  private knownToday: string | undefined;
  private knownRegion: { readonly region: PhoneRegion | undefined } | undefined;

  /**
   * @param region the country of phone numbers where the call tells none
   * @param isStrict values have to be right as they are: a schema's own defaults and examples
   */
  constructor(
    readonly frame: CoercionFrame,
    private readonly region?: string,
    readonly isStrict: boolean = false,
  ) {}

  /** The day it is where the caller is. */
  get today(): string {
    return (this.knownToday ??= dateIn(this.frame.now, this.frame.facts.timezone));
  }

  /** Where the caller's national phone numbers are dialled. */
  get phoneRegion(): PhoneRegion | undefined {
    return (this.knownRegion ??= { region: phoneRegion(this.frame.facts, this.region) }).region;
  }

  /** Whether there is no use in looking further: the arguments are too much, or so much is wrong already. */
  get isOver(): boolean {
    return this.isSpent || this.faultCount >= MOST_FAULTS;
  }

  get faults(): readonly Fault[] {
    return this.found ?? nothing;
  }

  /** Notes that the value at hand will not do, or with no hint that there is none. */
  fault(hint?: string, step?: string | number): void {
    if (this.faultCount >= MOST_FAULTS) return;
    this.found ??= [];
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
    return this.within(this.values);
  }

  takeText(length: number): boolean {
    this.characters -= length;
    return this.within(this.characters);
  }

  takeReading(): boolean {
    this.readings -= 1;
    return this.within(this.readings);
  }

  takePatternSteps(steps: number): boolean {
    this.patternSteps -= steps;
    return this.within(this.patternSteps);
  }

  private within(left: number): boolean {
    if (left >= 0) return true;
    this.isSpent = true;
    return false;
  }

  /** What is wrong with the arguments as a whole; undefined when they were small enough to be looked at. */
  get excess(): string | undefined {
    const { values, characters, patternSteps, readings } = argumentLimits;
    if (this.values < 0) return `may have ${values} values in all`;
    if (this.characters < 0) return `may have ${characters} characters in all`;
    if (this.readings < 0) return `may have ${readings} values that are not of the type asked for`;
    return this.patternSteps < 0 ? `take more than ${patternSteps} steps to check; send fewer` : undefined;
  }
}
