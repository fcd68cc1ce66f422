const LONGEST_KEY = 64;
const LONGEST_NAME = 120;
const LONGEST_DESCRIPTION = 1000;
const SHORTEST_DESCRIPTION = 10;
/** Say nothing about what a path is for: versions, numbers, ids. */
const EMPTY_SEGMENT =
  /^(?:api|rest|v?\d+(?:[.-]\d+)*|[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** A tool key for a name or an `operationId`: `getOrderById` and `Get order by id` are `get_order_by_id`. */
export function keyFromName(name: string): string {
  const key = name
    .slice(0, 256)
    .normalize('NFKD')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
    .replace(/^[_0-9]+/, '')
    .slice(0, LONGEST_KEY)
    .replace(/_+$/, '');
  return key || 'tool';
}

/** A name for a request that has none, from its method and path: `Get orders by id`. */
export function nameFromRequest(method: string, url: string): string {
  const [, host = '', path = ''] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)([^?#]*)/i.exec(url) ?? [];
  const words = path
    .split('/')
    .filter((segment) => segment !== '' && !EMPTY_SEGMENT.test(segment))
    .map((segment) => {
      const [, name] = /^(?:\{\{?\s*|:)([A-Za-z_][\w.]*)/.exec(segment) ?? [];
      return name === undefined ? segment.replace(/\.(?:json|xml|php)$/i, '') : `by ${name}`;
    });
  const verb = method.slice(0, 1).toUpperCase() + method.slice(1).toLowerCase();
  return nameFrom([verb, ...(words.length > 0 ? words : [host])].join(' '));
}

/** Text as a tool's name: words, on one line, not too many. */
export function nameFrom(text: string): string {
  const words = text.replace(/%[0-9A-Fa-f]{2}|[^\p{L}\p{N}'’()&+,.:#-]+/gu, ' ').trim();
  return words.slice(0, LONGEST_NAME).trim() || 'Tool';
}

/** A name for an `operationId`: `getOrderById` is `Get order by id`. */
export function nameFromIdentifier(identifier: string): string {
  const words = keyFromName(identifier).replaceAll('_', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** A description a model can be shown, of what the source has, and of the request where that says too little. */
export function describeFrom(texts: readonly (string | undefined)[], method: string, url: string): string {
  const said = texts.map((text) => plainText(text ?? '')).find((text) => text !== '') ?? '';
  if (said.length >= SHORTEST_DESCRIPTION) return shorten(said);
  const request = `${method} ${url
    .replace(/^https?:\/\//i, '')
    .replace(/\?.*$/s, '')
    .replace(/\{\{([^{}]*)\}\}/g, '{$1}')}`;
  return shorten(`${said && `${said.replace(/\.$/, '')}. `}${request}. Say here when to use it.`);
}

function plainText(text: string): string {
  return text
    .slice(0, 20_000)
    .replace(/<[^<>]{1,200}>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function shorten(text: string): string {
  return text.length <= LONGEST_DESCRIPTION ? text : `${text.slice(0, LONGEST_DESCRIPTION - 1)}…`;
}
