const LIMITS = { depth: 16, items: 200, characters: 4096, bytes: 32_768 };

const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Where a tool wants less, or more, than the usual 200 items of a list and 4096 characters of a text. */
export interface ResultLimits {
  readonly maxArrayItems?: number;
  readonly maxStringLength?: number;
}

interface Limits {
  readonly items: number;
  readonly characters: number;
  /** What is left for everything together. */
  bytes: number;
}

/**
 * What a model may read of a value: without control and bidirectional characters, long strings and lists cut and
 * marked with their true length, at most about 32 KiB in all. Values in the variables are not cut.
 */
export function limitResult(
  value: Readonly<Record<string, unknown>>,
  { maxArrayItems = LIMITS.items, maxStringLength = LIMITS.characters }: ResultLimits = {},
): Record<string, unknown> {
  return limitObject(value, 0, { items: maxArrayItems, characters: maxStringLength, bytes: LIMITS.bytes });
}

function limit(value: unknown, depth: number, limits: Limits): unknown {
  if (typeof value === 'string') return limitText(value, limits);
  if (typeof value !== 'object' || value === null) {
    limits.bytes -= 8;
    return value;
  }
  if (depth > LIMITS.depth) return '[truncated: nested too deep]';
  return Array.isArray(value) ? limitList(value, depth, limits) : limitObject(value, depth, limits);
}

function limitText(text: string, limits: Limits): string {
  const clean = text.replace(CONTROL, '');
  const room = Math.max(0, Math.min(limits.characters, limits.bytes));
  limits.bytes -= Math.min(clean.length, room) + 2;
  return clean.length <= room
    ? clean
    : `${clean.slice(0, room)}… [truncated: ${clean.length} characters in all]`;
}

function limitList(list: readonly unknown[], depth: number, limits: Limits): unknown[] {
  const kept: unknown[] = [];
  for (const item of list) {
    if (kept.length >= limits.items || limits.bytes <= 0) {
      kept.push(`[truncated: ${list.length} items in all]`);
      break;
    }
    kept.push(limit(item, depth + 1, limits));
  }
  return kept;
}

function limitObject(object: object, depth: number, limits: Limits): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const entries = Object.entries(object);
  for (const [name, value] of entries) {
    if (limits.bytes <= 0) {
      kept.truncated = `${entries.length} fields in all`;
      break;
    }
    limits.bytes -= name.length + 4;
    if (name !== '__proto__') kept[name] = limit(value, depth + 1, limits);
  }
  return kept;
}
