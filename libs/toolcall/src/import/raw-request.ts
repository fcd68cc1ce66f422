import { reservedHeader } from '../header-names.js';
import type { Problem } from '../problem.js';
import type { HttpMethod, ToolDefinitionInput } from '../tool-definition.js';
import { withScheme } from '../url-template.js';
import {
  adoptInJson,
  adoptPlaceholders,
  ArgumentList,
  fillVariables,
  type JsonSchema,
} from './argument-list.js';
import type { Draft, Dropped, FoundSecret } from './imported.js';
import { liftSecrets, type Request } from './lift-secrets.js';
import { describeFrom, keyFromName, nameFrom, nameFromRequest } from './name-tool.js';
import { FORM_TYPE, mediaType, readPairs, type RawBody } from './raw-body.js';

/** A request as somebody wrote or recorded it, its placeholders in whatever syntax: what `curl` and Postman have. */
export interface RawRequest {
  readonly where: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly query?: readonly { readonly name: string; readonly value: string }[];
  readonly body?: RawBody | undefined;
  readonly secrets?: readonly FoundSecret[];
  readonly timeoutMs?: number | undefined;
  readonly problems?: readonly Problem[];
}

export interface DraftOptions {
  readonly baseUrl?: string | undefined;
  /** Put in wherever they stand. */
  readonly constants?: Readonly<Record<string, string>> | undefined;
  /** The source's own variables: put into the host and into secrets; elsewhere they are examples of arguments. */
  readonly variables?: ReadonlyMap<string, string>;
  /** What the source says of an argument. */
  readonly schemaOf?: (name: string) => JsonSchema | undefined;
  readonly drop: (dropped: Dropped) => void;
}

/** Makes a tool of a request: secrets out, placeholders into parameters, names and words where it has none. */
export function draftRequest(raw: RawRequest, options: DraftOptions): Draft {
  return new RequestDrafter(raw, options).draft();
}

class RequestDrafter {
  private readonly args = new ArgumentList();
  private readonly problems: Problem[];

  constructor(
    private readonly raw: RawRequest,
    private readonly options: DraftOptions,
  ) {
    this.problems = [...(raw.problems ?? [])];
  }

  draft(): Draft {
    const { raw } = this;
    const [url, query] = this.splitUrl(this.base(this.fill(raw.url)));
    const body = raw.body && this.fillBody(raw.body);
    const request: Request = {
      method: raw.method.toUpperCase() as HttpMethod,
      url,
      headers: this.keepHeaders(body),
      query: [...query, ...(raw.query ?? []).map(({ name, value }) => ({ name, value: this.fill(value) }))],
      ...(body && { body: { type: body.type, template: body.template } }),
      ...(raw.timeoutMs !== undefined && { timeoutMs: raw.timeoutMs }),
    };
    const valueOf = (name: string) => this.options.variables?.get(name);
    if (body?.type === 'json' && body.unreadable) this.problems.push(body.unreadable);
    const lifted = liftSecrets(request, () => false, valueOf);
    const adopted = this.adopt(lifted.request, body?.type === 'json' ? body.bare : undefined);
    return {
      where: raw.where,
      definition: this.define(adopted),
      secrets: [...(raw.secrets ?? []), ...lifted.secrets],
      problems: [...this.problems, ...lifted.problems],
      removed: lifted.removed,
    };
  }

  private define(request: Request): ToolDefinitionInput {
    const name = nameFrom(this.raw.name ?? nameFromRequest(request.method, request.url));
    return {
      key: keyFromName(name),
      name,
      description: describeFrom([this.raw.description, this.raw.name], request.method, request.url),
      parameters: this.args.schema(),
      request,
    };
  }

  private fill(text: string): string {
    const { constants = {} } = this.options;
    return fillVariables(text, (name) => (Object.hasOwn(constants, name) ? constants[name] : undefined));
  }

  private fillBody(body: RawBody): RawBody {
    if (body.type === 'json')
      return { ...body, template: mapStrings(body.template, (text) => this.fill(text)) };
    if (body.type === 'form' || body.type === 'multipart') {
      return {
        ...body,
        template: body.template.map((field) => ({ ...field, value: this.fill(field.value) })),
      };
    }
    return { ...body, template: this.fill(body.template) };
  }

  /** With a literal host, by the source's own variables or the base URL that was given. */
  private base(url: string): string {
    const { baseUrl = '', variables } = this.options;
    const [, start = '', rest = ''] = /^((?:[a-z][a-z0-9+.-]*:\/\/)?[^/?#]*)([^]*)$/i.exec(url.trim()) ?? [];
    const filled = fillVariables(start, (name) => variables?.get(name));
    const base = baseUrl.replace(/\/+$/, '');
    const isOpen = /[{<]/.test(filled);
    const isRelative = filled === '' && !rest.startsWith('//');
    if ((isOpen || isRelative) && base !== '') return `${base}${rest}`;
    if (isOpen || isRelative) {
      const what = isRelative ? 'names no host' : 'has its host in a variable';
      const message = `${what}; give the import a \`baseUrl\`${isOpen ? ', or the variable’s value in `variables`' : ''}`;
      this.problems.push({ pointer: '/request/url', code: 'required', message });
    }
    return withScheme(`${filled}${rest}`);
  }

  private splitUrl(url: string): [url: string, query: { name: string; value: string }[]] {
    const [withoutFragment = '', ...fragments] = url.split('#');
    if (fragments.length > 0) this.drop('the fragment `#…`', 'it is never sent');
    const at = withoutFragment.indexOf('?');
    if (at === -1) return [withoutFragment, []];
    return [withoutFragment.slice(0, at), readPairs(withoutFragment.slice(at + 1))];
  }

  private keepHeaders(body: RawBody | undefined): { name: string; value: string }[] {
    return this.raw.headers.flatMap(({ name, value }) => {
      const why = reasonToDrop(name, value, body);
      if (why) this.drop(`the header \`${name}\``, why);
      return why === undefined ? [{ name, value: this.fill(value) }] : [];
    });
  }

  private drop(what: string, why: string): void {
    if (why !== '') this.options.drop({ where: this.raw.where, what, why });
  }

  private adopt(request: Request, bare: ReadonlySet<string> | undefined): Request {
    const schemaOf = (name: string) => this.schemaOf(name, bare);
    const adopt = (text: string, position: 'segment' | 'query' | 'value') =>
      adoptPlaceholders(text, position, this.args, schemaOf);
    const { headers = [], query = [], body, ...rest } = request;
    return {
      ...rest,
      url: this.adoptUrl(request.url, (segment) => adopt(segment, 'segment')),
      ...(headers.length > 0 && {
        headers: headers.map(({ name, value }) => ({ name, value: adopt(value, 'value') })),
      }),
      ...(query.length > 0 && {
        query: query.map(({ name, value }) => ({ name, value: adopt(value, 'query') })),
      }),
      ...(body && { body: { ...body, template: adoptInJson(body.template, this.args, schemaOf) } }),
    };
  }

  private adoptUrl(url: string, adopt: (segment: string) => string): string {
    const [, start = '', path = ''] = /^([a-z][a-z0-9+.-]*:\/\/[^/]*)([^]*)$/i.exec(url) ?? [];
    return `${start}${path
      .split('/')
      .map((segment) =>
        adopt(
          segment.replace(/%7B/gi, '{').replace(/%7D/gi, '}').replace(/%3C/gi, '<').replace(/%3E/gi, '>'),
        ),
      )
      .join('/')}`;
  }

  private schemaOf(name: string, bare: ReadonlySet<string> | undefined): JsonSchema {
    const said = this.options.schemaOf?.(name);
    if (said) return said;
    if (!bare?.has(name)) return { type: 'string' };
    this.drop(`the quotes of \`${name}\``, 'there are none in the JSON: it is taken for a number');
    return { type: 'number' };
  }
}

const BROWSER_HEADER = /^(?:sec-|:)|^(?:authority|dnt|priority|upgrade-insecure-requests|postman-token)$/;
const CONDITION_HEADER = /^(?:if-none-match|if-modified-since|if-range|range)$/;

/** Why a header does not become the tool's; '' when there is nothing to say about it, undefined when it does. */
function reasonToDrop(name: string, value: string, body: RawBody | undefined): string | undefined {
  const lower = name.toLowerCase();
  if (value.trim() === '') return 'it is empty';
  if (lower === 'content-type') return isImplied(mediaType(value), value, body) ? '' : undefined;
  if (lower === 'accept-encoding' || lower === 'content-length' || lower === 'host' || lower === 'connection')
    return '';
  if (BROWSER_HEADER.test(lower)) return 'a browser or Postman sends it about itself';
  if (CONDITION_HEADER.test(lower))
    return 'it asks for part of an answer, or for none, and a tool needs a whole one';
  return reservedHeader(name);
}

/** Whether the body's type says it already. */
function isImplied(type: string, value: string, body: RawBody | undefined): boolean {
  if (type === 'multipart/form-data') return true;
  const isPlain = !value.includes(';') || /;\s*charset=["']?utf-8["']?\s*$/i.test(value);
  if (body?.type === 'json') return type === 'application/json' && isPlain;
  if (body?.type === 'xml') return type === 'application/xml' && isPlain;
  return body?.type === 'form' && type === FORM_TYPE && isPlain;
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
}
