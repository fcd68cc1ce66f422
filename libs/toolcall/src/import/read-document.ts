import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';
import type { Problem } from '../problem.js';
import { IMPORT_LIMITS } from './imported.js';

export type ReadDocument =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * JSON or YAML as plain JSON values, within limits. Aliases are written out, keys that would reach a prototype are left
 * out. No problem quotes the text: it may hold secrets.
 */
export function readDocument(source: unknown): ReadDocument {
  const parsed = typeof source === 'string' ? parseText(source) : { ok: true as const, value: source };
  if (!parsed.ok) return parsed;
  const copy = new PlainCopy();
  try {
    return { ok: true, value: copy.of(parsed.value, 0) };
  } catch (error) {
    if (error instanceof TooLarge) return refuse('too_large', error.message);
    throw error;
  }
}

function parseText(text: string): ReadDocument {
  const bare = text.replace(/^\ufeff/, '');
  try {
    return { ok: true, value: JSON.parse(bare) as unknown };
  } catch {
    // YAML is a superset, and takes the line breaks within strings that documentation has
  }
  try {
    return { ok: true, value: load(bare, yaml) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { mark } = error;
    const where = mark ? ` at line ${mark.line + 1}, column ${mark.column + 1}` : '';
    return refuse('wrong_format', `must be JSON or YAML; it is neither${where}: ${reasonOf(error)}`);
  }
}

const yaml = {
  schema: CORE_SCHEMA.withTags(mergeTag),
  json: true, // a key that comes twice is the later one, as in JSON
  maxDepth: IMPORT_LIMITS.depth,
  maxAliases: 1000,
};

/** What the parser says, where it does not quote the text. */
function reasonOf({ reason }: YAMLException): string {
  return /["'`]/.test(reason) ? 'it cannot be read there' : reason;
}

function refuse(code: string, message: string): ReadDocument {
  return { ok: false, problems: [{ pointer: '', code, message }] };
}

class TooLarge extends Error {}

class PlainCopy {
  private nodes = 0;

  of(value: unknown, depth: number): unknown {
    this.nodes += 1;
    if (this.nodes > IMPORT_LIMITS.nodes) throw new TooLarge(`may have ${IMPORT_LIMITS.nodes} values`);
    if (depth > IMPORT_LIMITS.depth) throw new TooLarge(`may be nested ${IMPORT_LIMITS.depth} levels deep`);
    if (Array.isArray(value)) return value.map((item) => this.of(item, depth + 1));
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
      return Object.fromEntries(entries.map(([key, item]) => [key, this.of(item, depth + 1)]));
    }
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value;
    return typeof value === 'bigint' ? Number(value) : null;
  }
}
