import { isObject, type JsonObject } from './json-nodes.js';

const LONGEST_CHAIN = 20;

export type Found =
  | { readonly ok: true; readonly node: JsonObject; readonly at: string; readonly refs: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Finds what `$ref` points to within one document. Nothing else is ever fetched. */
export class References {
  constructor(private readonly root: unknown) {}

  /** The object itself, or the one its `$ref` leads to; `refs` are those that were followed. */
  follow(node: unknown, at: string): Found {
    const refs: string[] = [];
    let found = node;
    let place = at;
    while (isObject(found) && typeof found.$ref === 'string') {
      const ref = found.$ref;
      if (!ref.startsWith('#'))
        return { ok: false, why: 'it refers to another document, which is not fetched' };
      if (refs.includes(ref) || refs.length >= LONGEST_CHAIN)
        return { ok: false, why: 'it refers to itself' };
      refs.push(ref);
      found = this.at(ref);
      place = ref.slice(1);
    }
    if (!isObject(found)) {
      const why = refs.length > 0 ? 'it refers to something that is not there' : 'it is not an object';
      return { ok: false, why };
    }
    return { ok: true, node: found, at: place, refs };
  }

  private at(ref: string): unknown {
    let node: unknown = this.root;
    for (const token of ref.slice(1).split('/').slice(1)) {
      const key = decode(token).replaceAll('~1', '/').replaceAll('~0', '~');
      if (typeof node !== 'object' || node === null || !Object.hasOwn(node, key)) return undefined;
      node = (node as Record<string, unknown>)[key];
    }
    return node;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
