import { parseBody } from '../body-template.js';
import { pointerToken, type Problem } from '../problem.js';
import type { ToolDefinitionInput } from '../tool-definition.js';
import { fillVariables, namesIn } from './argument-list.js';
import type { FoundSecret, SecretPlace } from './imported.js';
import {
  containsKeyShape,
  hasKeyShape,
  isKeyField,
  isSecretField,
  isSecretHeader,
  isUnfilled,
  mayBeSecretField,
} from './secret-names.js';

export type Request = ToolDefinitionInput['request'];

export interface Lifted {
  /** Without them. */
  readonly request: Request;
  readonly secrets: readonly FoundSecret[];
  /** Secrets that no credential can put where they stood; they are gone all the same. */
  readonly problems: readonly Problem[];
  /** What those were, so that they are looked for elsewhere, too. */
  readonly removed: readonly string[];
}

/** Stands where a secret was that nothing replaces. */
export const REMOVED = 'REMOVED';

/**
 * Takes out of a request whatever is, or stands for, the API's own secret: by the name of its place, or because it
 * looks like one. A template of names that `isKnown` is no secret, but something a caller or an earlier tool says;
 * `valueOf` gives the values of the source's own variables.
 */
export function liftSecrets(
  request: Request,
  isKnown: (name: string) => boolean,
  valueOf: (name: string) => string | undefined = () => undefined,
): Lifted {
  const lifter = new Lifter(isKnown, valueOf);
  const lifted = lifter.lift(request);
  return { request: lifted, secrets: lifter.secrets, problems: lifter.problems, removed: lifter.removed };
}

/** Basic authentication of `user:password`. A user name that is the secret itself (`-u sk_test_…:`) is kept as one. */
export function basicSecret(pair: string): FoundSecret {
  const colon = pair.indexOf(':');
  const username = colon === -1 ? pair : pair.slice(0, colon);
  const password = colon === -1 ? '' : pair.slice(colon + 1);
  const isOpen = [username, password].some((text) => namesIn(text) !== undefined);
  if (isOpen || isUnfilled(username) || (isUnfilled(password) && password !== '')) {
    const isShown = namesIn(username) === undefined && !isUnfilled(username) && !isSecretUser(username);
    return { place: { in: 'basic', username: isShown ? username : '' } };
  }
  if (password === '' || isSecretUser(username)) {
    const value = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return { place: { in: 'header', name: 'Authorization' }, value };
  }
  return { place: { in: 'basic', username }, value: password };
}

function isSecretUser(username: string): boolean {
  return hasKeyShape(username) || /^(?=.*\d)[\w.=+/-]{20,}$/.test(username);
}

class Lifter {
  readonly secrets: FoundSecret[] = [];
  readonly problems: Problem[] = [];
  readonly removed: string[] = [];

  constructor(
    private readonly isKnown: (name: string) => boolean,
    private readonly valueOf: (name: string) => string | undefined,
  ) {}

  /** Everything else stays as it is, in its order. */
  lift(request: Request): Request {
    const lifted: Request = { ...request, url: this.liftUrl(request.url) };
    const headers = request.headers?.filter(({ name, value }) => !this.liftHeader(name, value));
    const query = request.query?.filter(({ name, value }) => !this.liftField('query', name, value));
    if (headers) lifted.headers = headers;
    if (query) lifted.query = query;
    if (headers?.length === 0) delete lifted.headers;
    if (query?.length === 0) delete lifted.query;
    if (request.body) lifted.body = this.liftBody(request.body);
    return lifted;
  }

  private liftUrl(url: string): string {
    const [, scheme = '', user, rest = ''] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@([^]*)$/i.exec(url) ?? [];
    if (user !== undefined) this.noteUser(user.split(':').map(decode).join(':'));
    const bare = user === undefined ? url : `${scheme}${rest}`;
    const [beforeQuery = '', ...queries] = bare.split('?');
    const query = queries.join('?');
    const kept = query === '' ? [] : query.split('&').filter((pair) => !this.liftPair(pair));
    return `${this.liftPath(beforeQuery)}${kept.length > 0 ? `?${kept.join('&')}` : ''}`;
  }

  private liftPair(pair: string): boolean {
    const equals = pair.indexOf('=');
    if (equals === -1) return false;
    return this.liftField('query', decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
  }

  /** Nothing puts a credential into a path. */
  private liftPath(url: string): string {
    const isSlackHook = /^https:\/\/hooks\.slack\.com\/services\//i.test(url);
    const clean = url
      .split('/')
      .map((segment, index) => {
        if (segment === REMOVED || !(hasKeyShape(decode(segment)) || (isSlackHook && index > 3)))
          return segment;
        this.removed.push(decode(segment));
        return REMOVED;
      })
      .join('/');
    if (clean !== url) {
      const message =
        'has a secret in its path, where no credential can go; ask the API for another way to authenticate';
      this.problems.push({ pointer: '/request/url', code: 'not_allowed', message });
    }
    return clean;
  }

  private liftHeader(name: string, value: string): boolean {
    if (!isSecretHeader(name) && !hasKeyShape(value)) return false;
    if (this.isTemplateOfKnown(value)) return false;
    const [, scheme = '', rest = ''] = /^\s*(\S+)\s+([^]*)$/.exec(value) ?? [];
    if (name.toLowerCase() === 'authorization' && /^bearer$/i.test(scheme)) this.note({ in: 'bearer' }, rest);
    else if (name.toLowerCase() === 'authorization' && /^basic$/i.test(scheme)) this.noteBasic(rest, value);
    else this.note({ in: 'header', name }, value);
    return true;
  }

  private noteUser(pair: string): void {
    this.secrets.push(basicSecret(fillVariables(pair, this.valueOf)));
  }

  private noteBasic(encoded: string, whole: string): void {
    const filled = this.fill(encoded);
    const pair = Buffer.from(filled ?? '', 'base64').toString();
    if (filled === undefined) this.note({ in: 'basic', username: '' }, '');
    else if (pair.includes(':') && !pair.includes('\ufffd')) this.secrets.push(basicSecret(pair));
    else this.note({ in: 'header', name: 'Authorization' }, whole);
  }

  /** A query parameter, or a field of the body's first level. */
  private liftField(place: 'query' | 'body', name: string, value: string): boolean {
    if (this.isTemplateOfKnown(value) || value === REMOVED) return false;
    const filled = this.fill(value);
    // What reads like a placeholder may be one for something a caller says: `password=<password>`.
    const isOpen = namesIn(value) !== undefined || /^\s*[<{:$%]/.test(value);
    const isSecret =
      filled === undefined
        ? isKeyField(name) || (!isOpen && value !== '' && mayBeSecretField(name))
        : isSecretField(name, filled) || hasKeyShape(filled);
    if (isSecret) this.note({ in: place, name }, value);
    return isSecret;
  }

  private note(place: SecretPlace, value: string): void {
    this.secrets.push({ place, value: this.fill(value) });
  }

  /** The value in clear; undefined when it is a reader's own to fill in. */
  private fill(value: string): string | undefined {
    const filled = fillVariables(value, this.valueOf);
    return namesIn(filled) !== undefined || isUnfilled(filled) ? undefined : filled;
  }

  private isTemplateOfKnown(value: string): boolean {
    return namesIn(value)?.every(this.isKnown) ?? false;
  }

  private liftBody(body: NonNullable<Request['body']>): NonNullable<Request['body']> {
    const { template } = body;
    if (body.type === 'json') {
      const parsed = parseBody(body);
      const written: unknown = parsed.ok && parsed.body.type === 'json' ? parsed.body.value : undefined;
      if (!isRecord(written)) return this.liftText(body);
      const value = this.liftObject(written);
      return value === written ? body : { ...body, template: value };
    }
    if (Array.isArray(template)) {
      return { ...body, template: template.filter((entry: unknown) => !this.liftEntry(entry)) };
    }
    return isRecord(template) ? { ...body, template: this.liftObject(template) } : this.liftText(body);
  }

  private liftEntry(entry: unknown): boolean {
    if (!isRecord(entry) || typeof entry.name !== 'string' || typeof entry.value !== 'string') return false;
    return this.liftField('body', entry.name, entry.value);
  }

  private liftText(body: NonNullable<Request['body']>): NonNullable<Request['body']> {
    const { type, template } = body;
    if (typeof template !== 'string') return body;
    const inMarkup = type === 'xml' ? secretsInMarkup(template) : [];
    if (!containsKeyShape(template) && inMarkup.length === 0) return body;
    this.removed.push(...inMarkup);
    this.refuseInBody('');
    return { ...body, template: REMOVED };
  }

  /** Answers with the same object when there is nothing in it. */
  private liftObject(object: Record<string, unknown>): Record<string, unknown> {
    const entries = Object.entries(object);
    const kept = entries.filter(
      ([name, value]) => typeof value !== 'string' || !this.liftField('body', name, value),
    );
    const cleaned = kept.map(([name, value]): [string, unknown] => [
      name,
      this.cleanNested(value, `/${pointerToken(name)}`),
    ]);
    const isSame =
      kept.length === entries.length && cleaned.every(([, value], index) => value === kept[index]?.[1]);
    return isSame ? object : Object.fromEntries(cleaned);
  }

  private cleanNested(value: unknown, pointer: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const isList = Array.isArray(value);
    const entries = Object.entries(value);
    const cleaned = entries.map(([name, item]): [string, unknown] => {
      const here = `${pointer}/${pointerToken(name)}`;
      if (typeof item !== 'string') return [name, this.cleanNested(item, here)];
      const isOpen = namesIn(item) !== undefined || isUnfilled(item);
      if (isOpen || item === REMOVED || !(hasKeyShape(item) || (!isList && isSecretField(name, item))))
        return [name, item];
      this.refuseInBody(here);
      this.removed.push(item);
      return [name, REMOVED];
    });
    if (cleaned.every(([, item], index) => item === entries[index]?.[1])) return value;
    return isList ? cleaned.map(([, item]) => item) : Object.fromEntries(cleaned);
  }

  private refuseInBody(pointer: string): void {
    const message = 'holds a secret; a credential can go into a field of the body’s first level only';
    this.problems.push({ pointer: `/request/body/template${pointer}`, code: 'not_allowed', message });
  }
}

/** The texts of elements whose names say that they are secret. */
function secretsInMarkup(text: string): string[] {
  const elements = text.matchAll(/<(?:[\w.-]{1,64}:)?([\w.-]{1,64})(?:\s[^<>]{0,200})?>([^<>]{1,2000})<\//g);
  return [...elements].flatMap(([, name = '', value = '']) => {
    const isOpen = namesIn(value) !== undefined || isUnfilled(value);
    return !isOpen && isSecretField(name, value.trim()) ? [value.trim()] : [];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
