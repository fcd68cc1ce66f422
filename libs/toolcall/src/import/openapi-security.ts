import { pointerToken } from '../problem.js';
import type { Dropped, FoundSecret } from './imported.js';
import { isObject, listOf, objectOf, textOf, type JsonObject } from './json-nodes.js';
import type { References } from './openapi-references.js';

/**
 * What an operation asks for to know who calls: the first of the alternatives that credentials of ours can serve, else
 * the first. An alternative that asks for nothing is taken only when there is no other.
 */
export function readSecurity(
  root: JsonObject,
  operation: JsonObject,
  at: string,
  references: References,
  drop: (dropped: Dropped) => void,
): FoundSecret[] {
  const isOwn = Array.isArray(operation.security);
  const place = isOwn ? `${at}/security` : '/security';
  const alternatives = listOf(isOwn ? operation.security : root.security).filter(isObject);
  const schemes = objectOf(objectOf(root.components).securitySchemes);
  const read = alternatives.map((alternative) => ({
    names: Object.keys(alternative),
    secrets: Object.keys(alternative).flatMap((name) => {
      const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
      const found = references.follow(scheme, `/components/securitySchemes/${pointerToken(name)}`);
      return found.ok ? [secretOf(name, found.node)] : [unknownScheme(name, place, drop)];
    }),
  }));
  const asking = read.filter(({ secrets }) => secrets.length > 0);
  const chosen = asking.find(({ secrets }) => isServed(secrets)) ?? asking[0];
  for (const other of asking) {
    if (other === chosen) continue;
    const why = `\`${chosen?.names.join('` and `') ?? ''}\` does as well`;
    drop({ where: place, what: `authentication by \`${other.names.join('` and `')}\``, why });
  }
  return chosen?.secrets ?? [];
}

/** One credential can do it: any number of headers, or one other place. */
function isServed(secrets: readonly FoundSecret[]): boolean {
  const places = secrets.map(({ place }) => place.in);
  if (places.includes('unserved')) return false;
  return secrets.length === 1 || places.every((place) => place !== 'query' && place !== 'body');
}

function unknownScheme(label: string, where: string, drop: (dropped: Dropped) => void): FoundSecret {
  drop({ where, what: `the security scheme \`${label}\``, why: 'the document does not say what it is' });
  return { place: { in: 'unserved', how: 'other' }, label };
}

function secretOf(label: string, scheme: JsonObject): FoundSecret {
  switch (scheme.type) {
    case 'http': {
      const kind = textOf(scheme.scheme)?.toLowerCase();
      if (kind === 'bearer') return { place: { in: 'bearer' }, label };
      if (kind === 'basic') return { place: { in: 'basic', username: '' }, label };
      return { place: { in: 'unserved', how: kind === 'digest' ? 'digest' : 'other' }, label };
    }
    case 'apiKey': {
      const name = textOf(scheme.name) ?? label;
      if (scheme.in === 'header' || scheme.in === 'query') return { place: { in: scheme.in, name }, label };
      // The header has other cookies' form too: `name=value` is what has to be entered.
      if (scheme.in === 'cookie') return { place: { in: 'header', name: 'Cookie' }, label };
      return { place: { in: 'unserved', how: 'other' }, label };
    }
    case 'oauth2':
      return { place: { in: 'unserved', how: 'oauth2' }, label };
    case 'openIdConnect':
      return { place: { in: 'unserved', how: 'open_id_connect' }, label };
    case 'mutualTLS':
      return { place: { in: 'unserved', how: 'mutual_tls' }, label };
    default:
      return { place: { in: 'unserved', how: 'other' }, label };
  }
}
