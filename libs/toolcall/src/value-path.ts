/** A way into a JSON value: `customer.orders[0].id` is `['customer', 'orders', 0, 'id']`. */
export type ValuePath = readonly (string | number)[];

export type ParsedPath =
  { readonly ok: true; readonly path: ValuePath } | { readonly ok: false; readonly message: string };

const STEP = /^(?:\.?([A-Za-z_$][A-Za-z0-9_$-]*)|\[(\d{1,6})\]|\[(?:"([^"\\]{1,128})"|'([^'\\]{1,128})')\])/;
/** Names through which JavaScript objects reach their prototypes; no JSON API needs them. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
const LONGEST_PATH = 512;
const MOST_STEPS = 32;

/** Reads a dotted and indexed path. Indices are from 0; a key with other characters is written `["other key"]`. */
export function parsePath(text: string): ParsedPath {
  if (text.length > LONGEST_PATH) return { ok: false, message: `is longer than ${LONGEST_PATH} characters` };
  const path: (string | number)[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const match = STEP.exec(rest);
    if (!match || (path.length === 0 && rest.startsWith('.'))) {
      return {
        ok: false,
        message: `cannot be read at \`${rest.slice(0, 20)}\`; write it like \`orders[0].status\``,
      };
    }
    const [step, name, index, doubleQuoted, singleQuoted] = match;
    const key = name ?? doubleQuoted ?? singleQuoted;
    if (key !== undefined && isReserved(key))
      return { ok: false, message: `\`${key}\` cannot be part of a path` };
    path.push(key ?? Number(index));
    if (path.length > MOST_STEPS) return { ok: false, message: `has more than ${MOST_STEPS} steps` };
    rest = rest.slice(step.length);
  }
  return path.length > 0 ? { ok: true, path } : { ok: false, message: 'is empty' };
}

/** Whether a name would reach an object's prototype rather than its data. */
export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}

/** The value at a path, from own properties only; undefined where there is none. */
export function readPath(root: unknown, path: ValuePath, from = 0): unknown {
  let value = root;
  for (let step = from; step < path.length; step += 1) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = path[step] as string | number;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/**
 * The same where one element and a list of one are written alike, as in XML: `[0]` of what is no list is the thing itself.
 */
export function readLaxPath(root: unknown, path: ValuePath): unknown {
  let value = root;
  for (const key of path) {
    if (key === 0 && value !== undefined && !Array.isArray(value)) continue;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}
