import { setImmediate as nextTurn } from 'node:timers/promises';

/** As many of the largest things take a few milliseconds. */
const AT_ONCE = 10;

/** What the function makes of each, in order. Whoever else asks gets a turn in between. */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  make: (item: Item) => Result,
): Promise<Result[]> {
  const made: Result[] = [];
  for (const item of items) {
    if (made.length % AT_ONCE === AT_ONCE - 1) await nextTurn();
    made.push(make(item));
  }
  return made;
}
