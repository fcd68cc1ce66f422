/** Variables of a call, the latest last. */
export type CallVariables = readonly (readonly [name: string, value: unknown])[];

export interface Merged {
  readonly variables: CallVariables;
  /** Names that had to go, because all of them together were too large. */
  readonly dropped: readonly string[];
}

/**
 * Adds variables to those of a call: each replaces its namesake and is the latest then; null takes one away. While they
 * take more than so many bytes as JSON, the oldest goes.
 */
export function mergeVariables(
  known: CallVariables,
  changes: Readonly<Record<string, unknown>>,
  maxBytes: number,
): Merged {
  const kept = known.filter(([name]) => !Object.hasOwn(changes, name));
  const added = Object.entries(changes).filter(([, value]) => value !== null && value !== undefined);
  const all = [...kept, ...added];
  const sizes = all.map(sizeOf);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  let first = 0;
  while (bytes > maxBytes) bytes -= sizes[first++] ?? 0;
  return { variables: all.slice(first), dropped: all.slice(0, first).map(([name]) => name) };
}

/** What an entry takes in JSON, `["name",value],`. */
function sizeOf([name, value]: readonly [string, unknown]): number {
  return Buffer.byteLength(JSON.stringify([name, value])) + 1;
}
