import type { FoundSecret, UnservedAuth } from './imported.js';
import { isObject, listOf, objectOf, scalarText, textOf, type JsonObject } from './json-nodes.js';
import { basicSecret } from './lift-secrets.js';
import { fillVariables, namesIn } from './argument-list.js';
import { isUnfilled } from './secret-names.js';

const unserved: Readonly<Record<string, UnservedAuth>> = {
  awsv4: 'signature',
  hawk: 'signature',
  oauth1: 'signature',
  edgegrid: 'signature',
  jwt: 'signature',
  asap: 'signature',
  digest: 'digest',
  ntlm: 'other',
};

/** The secrets that an `auth` of Postman's stands for; undefined when there is none and its folder's holds. */
export function readPostmanAuth(
  auth: unknown,
  valueOf: (name: string) => string | undefined,
): FoundSecret[] | undefined {
  if (!isObject(auth)) return undefined;
  const type = textOf(auth.type) ?? 'noauth';
  const settings = settingsOf(auth[type]);
  const get = (key: string) => fillVariables(settings.get(key) ?? '', valueOf);
  switch (type) {
    case 'noauth':
      return [];
    case 'bearer':
      return [{ place: { in: 'bearer' }, value: filled(get('token').replace(/^\s*Bearer\s+/i, '')) }];
    case 'basic':
      return [basicSecret(`${get('username')}:${get('password')}`)];
    case 'apikey': {
      const place = {
        in: get('in') === 'query' ? 'query' : 'header',
        name: get('key') || 'X-API-Key',
      } as const;
      return [{ place, value: filled(get('value')) }];
    }
    case 'oauth2': {
      const token = filled(get('accessToken'));
      if (token === undefined) return [{ place: { in: 'unserved', how: 'oauth2' } }];
      if (get('addTokenTo') === 'queryParams')
        return [{ place: { in: 'query', name: 'access_token' }, value: token }];
      const prefix = get('headerPrefix').trim() || 'Bearer';
      if (/^bearer$/i.test(prefix)) return [{ place: { in: 'bearer' }, value: token }];
      return [{ place: { in: 'header', name: 'Authorization' }, value: `${prefix} ${token}` }];
    }
    default:
      return [{ place: { in: 'unserved', how: unserved[type] ?? 'other' } }];
  }
}

function filled(text: string): string | undefined {
  return namesIn(text) !== undefined || isUnfilled(text) ? undefined : text;
}

/** `[{key, value}]` as collections 2.1 have it, or the object of 2.0. */
function settingsOf(settings: unknown): Map<string, string> {
  const entries: [string, unknown][] = Array.isArray(settings)
    ? listOf(settings)
        .filter(isObject)
        .map((one: JsonObject) => [String(one.key), one.value])
    : Object.entries(objectOf(settings));
  return new Map(
    entries.flatMap(([key, value]) => {
      const text = scalarText(value);
      return text === undefined ? [] : [[key, text] as const];
    }),
  );
}
