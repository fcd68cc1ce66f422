import type { Field, Names } from './names.js';

/** What came back, as text. */
export interface Answer {
  readonly status: string;
  readonly text: string;
}

/** When something is asked: nothing of a turn before everything of those before it, so that all meet the same state. */
export const turns = ['list', 'read', 'write', 'remove'] as const;

/** One way of asking for something by its name. */
export interface Probe {
  /** The route or subject, and who asks. */
  readonly what: string;
  readonly turn: (typeof turns)[number];
  /** Takes a process of its own to answer: asked in one lane only. */
  readonly isCostly?: boolean;
  /** What it names; it is asked once for each way of naming some of them as the others do. */
  readonly fields: readonly Field[];
  readonly send: (names: Names) => Promise<Answer>;
}
