const LIMITS = { depth: 16, items: 200, characters: 4096, bytes: 32_768 };

const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * What a model may read of a value: without control and bidirectional characters, long strings and lists cut and
 * marked with their true length, at most about 32 KiB in all. Values in the variables are not cut.
 */
export function limitResult(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const budget = { bytes: LIMITS.bytes };
  return limitObject(value, 0, budget);
}

type Budget = { bytes: number };

function limit(value: unknown, depth: number, budget: Budget): unknown {
  if (typeof value === 'string') return limitText(value, budget);
  if (typeof value !== 'object' || value === null) {
    budget.bytes -= 8;
    return value;
  }
  if (depth > LIMITS.depth) return '[truncated: nested too deep]';
  return Array.isArray(value) ? limitList(value, depth, budget) : limitObject(value, depth, budget);
}

function limitText(text: string, budget: Budget): string {
  const clean = text.replace(CONTROL, '');
  const room = Math.max(0, Math.min(LIMITS.characters, budget.bytes));
  budget.bytes -= Math.min(clean.length, room) + 2;
  return clean.length <= room
    ? clean
    : `${clean.slice(0, room)}… [truncated: ${clean.length} characters in all]`;
}

function limitList(list: readonly unknown[], depth: number, budget: Budget): unknown[] {
  const kept: unknown[] = [];
  for (const item of list) {
    if (kept.length >= LIMITS.items || budget.bytes <= 0) {
      kept.push(`[truncated: ${list.length} items in all]`);
      break;
    }
    kept.push(limit(item, depth + 1, budget));
  }
  return kept;
}

function limitObject(object: object, depth: number, budget: Budget): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const entries = Object.entries(object);
  for (const [name, value] of entries) {
    if (budget.bytes <= 0) {
      kept.truncated = `${entries.length} fields in all`;
      break;
    }
    budget.bytes -= name.length + 4;
    if (name !== '__proto__') kept[name] = limit(value, depth + 1, budget);
  }
  return kept;
}
