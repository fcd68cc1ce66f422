import { IMPORT_LIMITS, type Dropped } from './imported.js';
import { isObject, listOf, objectOf, scalarText, textOf } from './json-nodes.js';

export interface ServerChoice {
  /** Instead of what the document says. */
  readonly baseUrl?: string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Where the document was fetched from: what a relative server is relative to. */
  readonly sourceUrl?: string | undefined;
}

export type Server =
  { readonly ok: true; readonly url: string } | { readonly ok: false; readonly message: string };

/** The URL before an operation's path, without a `/` at its end: of the first server, its variables filled in. */
export function chooseServer(
  servers: unknown,
  at: string,
  { baseUrl, variables = {}, sourceUrl }: ServerChoice,
  drop: (dropped: Dropped) => void,
): Server {
  const [first, ...others] = listOf(servers).filter(isObject);
  const written = textOf(first?.url) ?? '/';
  const filled = written
    .slice(0, IMPORT_LIMITS.bytes)
    .replace(/\{([^{}]{1,100})\}/g, (whole, name: string) => {
      const said = Object.hasOwn(variables, name) ? variables[name] : undefined;
      return said ?? scalarText(objectOf(objectOf(first?.variables)[name]).default) ?? whole;
    });
  if (others.length > 0 && baseUrl === undefined) {
    const list = others
      .slice(0, 5)
      .map(({ url }) => textOf(url) ?? '')
      .join(', ');
    drop({
      where: at,
      what: `the other servers ${list.slice(0, 300)}`,
      why: 'a tool has one; say `baseUrl` for another',
    });
  }
  const isRelative = !/^[a-z][a-z0-9+.-]*:\/\//i.test(filled);
  if (baseUrl !== undefined)
    return { ok: true, url: trimmed(isRelative ? joined(baseUrl, filled) : baseUrl) };
  if (!isRelative) return { ok: true, url: trimmed(filled) };
  if (sourceUrl !== undefined && URL.canParse(filled, sourceUrl)) {
    return { ok: true, url: trimmed(new URL(filled, sourceUrl).href) };
  }
  const message = `is below the server \`${filled.slice(0, 60)}\`, which names no host; give the import a \`baseUrl\``;
  return { ok: false, message };
}

function joined(baseUrl: string, path: string): string {
  return `${trimmed(baseUrl)}/${path.replace(/^\.?\/+/, '')}`;
}

function trimmed(url: string): string {
  return url.replace(/[/]{1,20}$/, '');
}
