import type { VersionChange } from '#contracts/catalog.contract';
import { createPatch, Pointer, type Operation } from 'rfc6902';

/** What differs between two JSON documents, each place with what stands there in one and in the other. */
export function diffJson(from: object, to: object): VersionChange[] {
  return createPatch(from, to, itemByItem).map(({ op, path }) => {
    const pointer = Pointer.fromJSON(path);
    return {
      pointer: path,
      ...(op !== 'add' && { from: pointer.get(from) as unknown }),
      ...(op !== 'remove' && { to: pointer.get(to) as unknown }),
    };
  });
}

/**
 * Compares lists place by place, where the library would look for the fewest insertions: that takes the product of
 * their lengths, and its pointers are those of steps in between, not of either document.
 */
function itemByItem(from: unknown, to: unknown, at: Pointer): Operation[] | undefined {
  if (!Array.isArray(from) || !Array.isArray(to)) return undefined;
  const places = Array.from({ length: Math.max(from.length, to.length) }, (_, index) => index);
  return places.flatMap((index): Operation[] => {
    const path = at.add(String(index)).toString();
    if (index >= from.length) return [{ op: 'add', path, value: to[index] as unknown }];
    if (index >= to.length) return [{ op: 'remove', path }];
    return createPatch(from[index], to[index], itemByItem).map((change) => ({
      ...change,
      path: `${path}${change.path}`,
    }));
  });
}
