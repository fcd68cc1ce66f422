import { pointerToken } from '../problem.js';
import type { Messages } from '../tool-definition.js';
import type { Dropped, FoundSecret } from './imported.js';
import { isObject, listOf, objectOf, scalarText, textOf, type JsonObject } from './json-nodes.js';
import { basicSecret } from './lift-secrets.js';
import { isUnfilled } from './secret-names.js';
import { namesIn } from './argument-list.js';

/** The tools in a document of another product: one, a list, or a list in one of these fields. */
export function toolNodes(source: unknown, listNames: readonly string[]): { node: JsonObject; at: string }[] {
  const name = isObject(source) ? listNames.find((one) => Array.isArray(source[one])) : undefined;
  const list = name === undefined ? source : objectOf(source)[name];
  const at = name === undefined ? '' : `/${name}`;
  if (!Array.isArray(list)) return isObject(list) ? [{ node: list, at }] : [];
  return list.flatMap((node: unknown, index) => (isObject(node) ? [{ node, at: `${at}/${index}` }] : []));
}

/** Reads an object by fields, under any of the names each may have, and remembers which nobody asked for. */
export class Fields {
  private readonly read = new Set<string>();

  constructor(
    readonly node: JsonObject,
    readonly at: string,
  ) {}

  any(...names: readonly string[]): unknown {
    for (const name of names) this.read.add(name);
    const name = names.find((one) => Object.hasOwn(this.node, one) && this.node[one] !== null);
    return name === undefined ? undefined : this.node[name];
  }

  /** Texts and numbers; `{ { name } }` as `{{name}}`. */
  text(...names: readonly string[]): string | undefined {
    const text = scalarText(this.any(...names));
    return text === undefined ? undefined : textOf(tidyPlaceholders(text));
  }

  number(...names: readonly string[]): number | undefined {
    const value = this.any(...names);
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
  }

  flag(...names: readonly string[]): boolean {
    const value = this.any(...names);
    return value === true || (typeof value === 'string' && /^(?:true|yes|on)$/i.test(value));
  }

  list(...names: readonly string[]): readonly unknown[] {
    return listOf(this.any(...names));
  }

  /** `[{name, value}]`, `[{key, value}]` or `{name: value}` as names and values. */
  pairs(...names: readonly string[]): { name: string; value: string }[] {
    const value = this.any(...names);
    const entries: [unknown, unknown][] = Array.isArray(value)
      ? value.filter(isObject).map((one): [unknown, unknown] => [one.name ?? one.key, one.value])
      : Object.entries(objectOf(value));
    return entries.flatMap(([name, one]) => {
      const text = scalarText(one);
      const plain = scalarText(name);
      return text === undefined || plain === undefined
        ? []
        : [{ name: plain, value: tidyPlaceholders(text) }];
    });
  }

  /** The object in a field, to be read the same way. */
  inside(...names: readonly string[]): Fields {
    const name = names.find((one) => isObject(this.node[one])) ?? names[0] ?? '';
    return new Fields(objectOf(this.any(...names)), `${this.at}/${pointerToken(name)}`);
  }

  /** What nobody has asked for. */
  rest(): Dropped[] {
    return Object.keys(this.node)
      .filter((name) => !this.read.has(name))
      .map((name) => ({
        where: `${this.at}/${pointerToken(name)}`,
        what: `the field \`${name.slice(0, 60)}\``,
        why: 'it is none this format is known to have',
      }));
  }
}

/** `{ { name } }`, as some editors leave it, as `{{name}}`. */
export function tidyPlaceholders(text: string): string {
  return text.replace(/\{ ?\{\s{0,20}([^{}\n]{1,200}?)\s{0,20}\} ?\}/g, '{{$1}}');
}

/** The value of a secret field; undefined when a reader has to fill it in. */
export function secretValue(text: string | undefined): string | undefined {
  return text === undefined || namesIn(text) !== undefined || isUnfilled(text) ? undefined : text;
}

/** A bearer token, with or without the word before it. */
export function bearerSecret(token: string | undefined): FoundSecret {
  return { place: { in: 'bearer' }, value: secretValue(token?.replace(/^\s*Bearer\s+/i, '')) };
}

/** What a product's form for authentication asks for, by the type that is chosen there. */
export function authSecrets(auth: Fields, drop: (dropped: Dropped) => void): FoundSecret[] {
  const type = (auth.text('type', 'authType', 'method') ?? guessType(auth))
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  const place = (auth.text('in', 'location', 'sendIn', 'sentVia', 'addTo') ?? 'header').toLowerCase();
  const name = auth.text('name', 'headerName', 'parameterName', 'parameter', 'key', 'keyName', 'header');
  const value = auth.text(
    'value',
    'headerValue',
    'parameterValue',
    'apiKey',
    'token',
    'accessToken',
    'secret',
    'credential',
  );
  const user = auth.text('username', 'user');
  const password = auth.text('password');
  for (const rest of auth.rest()) drop(rest);
  switch (type) {
    case '':
    case 'none':
    case 'noauth':
      return [];
    case 'bearer':
    case 'bearertoken':
    case 'jwt':
    case 'jwtauth':
      return [bearerSecret(value)];
    case 'basic':
    case 'basicauth':
      return [basicSecret(`${user ?? ''}:${password ?? value ?? ''}`)];
    case 'header':
    case 'customheader':
      return [{ place: { in: 'header', name: name ?? 'X-API-Key' }, value: secretValue(value) }];
    case 'body':
    case 'bodyparameter':
      return [{ place: { in: 'body', name: name ?? 'api_key' }, value: secretValue(value) }];
    case 'query':
      return [{ place: { in: 'query', name: name ?? 'api_key' }, value: secretValue(value) }];
    case 'apikey':
    case 'key':
    case 'token':
      return [apiKey(place, name, value)];
    case 'oauth':
    case 'oauth2':
      return [{ place: { in: 'unserved', how: 'oauth2' } }];
    default:
      return [{ place: { in: 'unserved', how: 'other' } }];
  }
}

function apiKey(place: string, name: string | undefined, value: string | undefined): FoundSecret {
  const secret = secretValue(value);
  if (place.startsWith('query')) return { place: { in: 'query', name: name ?? 'api_key' }, value: secret };
  if (place.startsWith('body')) return { place: { in: 'body', name: name ?? 'api_key' }, value: secret };
  if (name?.toLowerCase() === 'authorization' && /^\s*Bearer\s/i.test(value ?? ''))
    return bearerSecret(value);
  return { place: { in: 'header', name: name ?? 'X-API-Key' }, value: secret };
}

function guessType(auth: Fields): string {
  if (Object.keys(auth.node).length === 0) return 'none';
  if ('username' in auth.node || 'password' in auth.node) return 'basic';
  return 'token' in auth.node && !('name' in auth.node) ? 'bearer' : 'api_key';
}

/** The messages of a form; undefined when there are none. */
export function messagesFrom(parts: {
  readonly speakNaturally?: boolean;
  readonly start?: string | undefined;
  readonly delay?: string | undefined;
  readonly delayMs?: number | undefined;
  readonly complete?: string | undefined;
  readonly failure?: string | undefined;
}): Messages | undefined {
  const { speakNaturally, start, delay, delayMs = 2000, complete, failure } = parts;
  const messages: Messages = {
    ...(speakNaturally && { speakNaturally }),
    ...(start && { start }),
    ...(delay && { delays: [{ afterMs: Math.max(100, Math.round(delayMs)), text: delay }] }),
    ...(complete && { complete }),
    ...(failure && { failure }),
  };
  return Object.keys(messages).length > 0 ? messages : undefined;
}

/** `{customer: "$.data.customer"}` or a list of paths or of `{name, path}` as response variables. */
export function mappedVariables(mapping: unknown): { name: string; path: string }[] {
  const plain = (path: string) =>
    path
      .trim()
      .replace(/^\$\.?/, '')
      .replace(/^\{\{\s*|\s*\}\}$/g, '');
  const nameOf = (path: string) =>
    path
      .replace(/\[(\d+)\]/g, '_$1')
      .replace(/[^A-Za-z0-9_]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, 64);
  if (Array.isArray(mapping)) {
    return mapping.flatMap((one: unknown) => {
      const path = plain(scalarText(isObject(one) ? (one.path ?? one.field ?? one.value) : one) ?? '');
      const name = (isObject(one) && textOf(one.name ?? one.variable)) || nameOf(path);
      return path === '' || name === '' ? [] : [{ name, path }];
    });
  }
  return Object.entries(objectOf(mapping)).flatMap(([name, path]) => {
    const text = plain(scalarText(path) ?? '');
    return text === '' ? [] : [{ name, path: text }];
  });
}
