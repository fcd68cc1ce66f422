import type { Problem } from '../problem.js';
import type { Dropped } from './imported.js';

/** A word of a command line as the shell hands it on, and the character of the text where it begins. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

export interface Command {
  readonly words: readonly Word[];
  /** What a here-document or here-string feeds it. */
  readonly stdin?: string;
  /** Whether it reads what the command before it printed. */
  readonly isPiped: boolean;
}

export interface CommandLine {
  readonly commands: readonly Command[];
  readonly dropped: readonly Dropped[];
  readonly problems: readonly Problem[];
}

/** A problem at a character of the text, counted from 1. */
export function characterProblem(at: number, code: string, message: string): Problem {
  return { pointer: '', code, message: `character ${at + 1}: ${message}` };
}
