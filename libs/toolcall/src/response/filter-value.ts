import { EACH, type PathPattern } from './path-pattern.js';

/** Stands in the place of what a tool redacts. */
export const REDACTED = '‹redacted›';

/** What patterns say about a place in a value, and about the places below it. */
class Place {
  readonly below = new Map<string | number | typeof EACH, Place>();
  /** What becomes of the value here. */
  verdict: Verdict | undefined;

  /** The place a pattern leads to, made on the way. */
  at(pattern: PathPattern): Place {
    let place = this as Place;
    for (const step of pattern) {
      let next = place.below.get(step);
      if (!next) place.below.set(step, (next = new Place()));
      place = next;
    }
    return place;
  }
}

type Verdict = 'deny' | 'redact' | 'allow';
const DENIED = Symbol('denied');
type Filter = (value: unknown) => unknown;

/**
 * Compiles what hides parts of an answer: a denied field is gone, a denied item of a list is null, what is redacted says so.
 * `[*]` and `[0]` of what is no list mean the thing itself, so that a list of one written without its brackets hides no less.
 * Copies only what it changes. Undefined when there is nothing to hide.
 */
export function compileHiding(
  deny: readonly PathPattern[],
  redact: readonly PathPattern[],
): Filter | undefined {
  if (deny.length + redact.length === 0) return undefined;
  const root = new Place();
  for (const pattern of redact) root.at(pattern).verdict = 'redact';
  for (const pattern of deny) root.at(pattern).verdict = 'deny';
  return (value) => {
    const left = hide(value, [root]);
    return left === DENIED ? undefined : left;
  };
}

/** Compiles what leaves of an answer only what is at the paths, lists as long as it takes. */
export function compileAllowing(allow: readonly PathPattern[] | undefined): Filter | undefined {
  if (!allow) return undefined;
  const root = new Place();
  for (const pattern of allow) root.at(pattern).verdict = 'allow';
  return (value) => keep(value, [root]);
}

function hide(value: unknown, given: readonly Place[]): unknown {
  const places = Array.isArray(value) ? given : throughList(given);
  const verdict = verdictOf(places);
  if (verdict) return verdict === 'deny' ? DENIED : REDACTED;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return hideInList(value, places);
  const object = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const [key, below] of fieldsAt(object, places)) {
    const left = hide(object[key], below);
    if (left === object[key]) continue;
    copy ??= { ...object };
    if (left === DENIED) Reflect.deleteProperty(copy, key);
    else copy[key] = left;
  }
  return copy ?? value;
}

function hideInList(list: unknown[], places: readonly Place[]): unknown[] {
  let copy: unknown[] | undefined;
  forItems(list, places, (item, index, below) => {
    const left = hide(item, below);
    if (left !== item) (copy ??= [...list])[index] = left === DENIED ? null : left;
  });
  return copy ?? list;
}

function keep(value: unknown, given: readonly Place[]): unknown {
  const places = Array.isArray(value) ? given : throughList(given);
  if (verdictOf(places)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return keepInList(value, places);
  const object = value as Record<string, unknown>;
  const kept: Record<string, unknown> = {};
  for (const [key, below] of fieldsAt(object, places)) {
    const found = keep(object[key], below);
    if (found !== undefined) kept[key] = found;
  }
  return kept;
}

function keepInList(list: unknown[], places: readonly Place[]): unknown[] {
  const kept: unknown[] = [];
  forItems(list, places, (item, index, below) => {
    const found = keep(item, below);
    if (found === undefined) return;
    while (kept.length < index) kept.push(null);
    kept[index] = found;
  });
  return kept;
}

/** The strictest of what the patterns say here. */
function verdictOf(places: readonly Place[]): Verdict | undefined {
  let found: Verdict | undefined;
  for (const { verdict } of places) {
    if (verdict === 'deny') return verdict;
    found ??= verdict;
  }
  return found;
}

/** The places themselves and those that stand for the one item of a list that is none. */
function throughList(places: readonly Place[]): readonly Place[] {
  if (!places.some(({ below }) => below.has(EACH) || below.has(0))) return places;
  const all = [...places];
  for (const { below } of all)
    all.push(...[below.get(EACH), below.get(0)].filter((place) => place !== undefined));
  return all;
}

/** Every field that a pattern speaks of, with what the patterns say about it. */
function fieldsAt(object: Record<string, unknown>, places: readonly Place[]): Map<string, Place[]> {
  const fields = new Map<string, Place[]>();
  const note = (key: string, place: Place | undefined) => {
    if (!place) return;
    const known = fields.get(key);
    if (known) known.push(place);
    else fields.set(key, [place]);
  };
  for (const { below } of places) {
    if (below.size > FEW) {
      // By the object's fields: a long list of patterns must not be gone through for every item of a long list.
      for (const key of Object.keys(object)) note(key, below.get(key));
    } else {
      for (const [step, place] of below) {
        if (typeof step === 'string' && Object.hasOwn(object, step)) note(step, place);
      }
    }
  }
  return fields;
}

const FEW = 4;

function forItems(
  list: readonly unknown[],
  places: readonly Place[],
  visit: (item: unknown, index: number, below: readonly Place[]) => void,
): void {
  const each = places.flatMap(({ below }) => below.get(EACH) ?? []);
  const steps = new Set(places.flatMap(({ below }) => [...below.keys()]));
  const indices = [...steps].filter((step) => typeof step === 'number' && step < list.length) as number[];
  const visitAt = (index: number) => {
    const own = places.flatMap(({ below }) => below.get(index) ?? []);
    visit(list[index], index, [...each, ...own]);
  };
  if (each.length === 0) {
    indices.sort((a, b) => a - b).forEach(visitAt);
    return;
  }
  const special = new Set(indices);
  for (const [index, item] of list.entries()) {
    if (special.has(index)) visitAt(index);
    else visit(item, index, each);
  }
}
