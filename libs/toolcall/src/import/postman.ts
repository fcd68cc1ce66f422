import { fillVariables, type JsonSchema } from './argument-list.js';
import type { Draft, Dropped, FoundSecret, ImportRequest, Reading } from './imported.js';
import { isObject, listOf, objectOf, scalarText, textOf, type JsonObject } from './json-nodes.js';
import { readPostmanAuth } from './postman-auth.js';
import { enabledFields, readPostmanBody } from './postman-body.js';
import { draftRequest, type DraftOptions } from './raw-request.js';
import { hasKeyShape, isSecretField } from './secret-names.js';
import type { Selection } from './selection.js';

const DEEPEST_FOLDER = 20;

/** Reads the requests of a Postman collection 2.1. */
export function readPostman(request: ImportRequest, selection: Selection): Reading {
  const root = objectOf(request.source);
  const isWrapped = isObject(root.collection);
  const collection = isWrapped ? objectOf(root.collection) : root;
  const at = isWrapped ? '/collection' : '';
  if (!Array.isArray(collection.item)) {
    const problem = {
      pointer: `${at}/item`,
      code: 'required',
      message: '`item` is required: the requests are in it',
    };
    return { ok: false, problems: [problem] };
  }
  return new CollectionReader(collection, request, selection).read(at);
}

/** What a folder hands down. */
interface Folder {
  readonly names: readonly string[];
  readonly auth: readonly FoundSecret[] | undefined;
  readonly variables: ReadonlyMap<string, string>;
}

class CollectionReader {
  private readonly drafts: Draft[] = [];
  private readonly dropped: Dropped[] = [];
  private readonly drop = (one: Dropped) => void this.dropped.push(one);

  constructor(
    private readonly collection: JsonObject,
    private readonly request: ImportRequest,
    private readonly selection: Selection,
  ) {}

  read(at: string): Reading {
    const { collection } = this;
    this.readFolder(collection, at, { names: [], auth: undefined, variables: new Map() }, 0);
    return { ok: true, drafts: this.drafts, dropped: this.dropped };
  }

  private readFolder(node: JsonObject, at: string, parent: Folder, depth: number): void {
    const variables = writtenOut(new Map([...parent.variables, ...readVariables(node.variable)]));
    const auth = readPostmanAuth(node.auth, (name) => this.valueOf(name, variables)) ?? parent.auth;
    const name = textOf(node.name);
    const folder: Folder = { names: depth > 0 && name ? [...parent.names, name] : [], auth, variables };
    this.noteScripts(node, at);
    for (const [index, item] of listOf(node.item).entries()) {
      const here = `${at}/item/${index}`;
      if (!isObject(item)) continue;
      if (Array.isArray(item.item)) {
        if (depth < DEEPEST_FOLDER) this.readFolder(item, here, folder, depth + 1);
        else
          this.drop({
            where: here,
            what: 'a folder',
            why: `folders may stand ${DEEPEST_FOLDER} deep in each other`,
          });
      } else if (item.request !== undefined) this.readItem(item, here, folder);
    }
  }

  private valueOf(name: string, variables: ReadonlyMap<string, string>): string | undefined {
    const { variables: constants = {} } = this.request;
    return Object.hasOwn(constants, name) ? constants[name] : variables.get(name);
  }

  private noteScripts(node: JsonObject, at: string): void {
    for (const [index, event] of listOf(node.event).entries()) {
      const script = objectOf(objectOf(event).script);
      const lines = [script.exec].flat().filter((line) => typeof line === 'string' && line.trim() !== '');
      if (lines.length === 0) continue;
      const what = `the ${objectOf(event).listen === 'test' ? 'test' : 'pre-request'} script`;
      this.drop({ where: `${at}/event/${index}`, what, why: 'a tool runs no scripts' });
    }
  }

  private readItem(item: JsonObject, at: string, folder: Folder): void {
    const request = typeof item.request === 'string' ? { url: item.request } : objectOf(item.request);
    const name = textOf(item.name) ?? '';
    const method = (textOf(request.method) ?? 'GET').toUpperCase();
    const url = readUrl(request.url);
    const path = /^[^?#]*?(?:[^/]|^)(\/(?!\/)[^?#]*)/.exec(url.base)?.[1] ?? '/';
    const names = [[...folder.names, name].join(' / '), name, `${method} ${path}`, textOf(item.id)];
    if (!this.selection.takes(names)) return;
    this.noteScripts(item, at);
    const requestAt = `${at}/request`;
    const headers = enabledFields(request.header, `${requestAt}/header`, this.drop);
    const said = headers.find((header) => header.name.toLowerCase() === 'content-type')?.value;
    const body = readPostmanBody(request.body, said, `${requestAt}/body`, this.drop);
    const variables = folder.variables;
    const options: DraftOptions = {
      baseUrl: this.request.baseUrl,
      constants: this.request.variables,
      variables,
      schemaOf: (argument) => schemaOf(argument, url.variables, variables),
      drop: this.drop,
    };
    this.drafts.push(
      draftRequest(
        {
          where: at,
          name,
          description: descriptionOf(request.description) ?? descriptionOf(item.description),
          method,
          url: url.base,
          headers: body.contentType
            ? [...headers, { name: 'Content-Type', value: body.contentType }]
            : headers,
          query: enabledFields(url.query, `${requestAt}/url/query`, this.drop),
          body: body.body,
          secrets: readPostmanAuth(request.auth, (one) => this.valueOf(one, variables)) ?? folder.auth ?? [],
          problems: body.problems,
        },
        options,
      ),
    );
  }
}

function readVariables(list: unknown): [string, string][] {
  return listOf(list)
    .filter(isObject)
    .filter((one) => one.disabled !== true)
    .flatMap((one) => {
      const name = scalarText(one.key) ?? scalarText(one.id);
      const value = scalarText(one.value);
      return name === undefined || value === undefined || value === '' ? [] : [[name, value]];
    });
}

const LONGEST_VALUE = 2000;

/** Variables may stand in the values of others, a few levels deep. */
function writtenOut(variables: Map<string, string>): Map<string, string> {
  let result = variables;
  for (let level = 0; level < 3; level += 1) {
    const known = result;
    result = new Map(
      [...known].map(([name, value]) => {
        const filled = value.includes('{{') ? fillVariables(value, (other) => known.get(other)) : value;
        return [name, filled.length > LONGEST_VALUE ? value : filled];
      }),
    );
  }
  return result;
}

interface PostmanUrl {
  readonly base: string;
  readonly query: unknown;
  /** By name, what the collection says of `:name`. */
  readonly variables: ReadonlyMap<string, JsonObject>;
}

/** A URL as text, or in parts; of the parts, those that say more than the text. */
function readUrl(url: unknown): PostmanUrl {
  if (!isObject(url)) return { base: textOf(url) ?? '', query: [], variables: new Map() };
  const variables = listOf(url.variable)
    .filter(isObject)
    .map((one) => [String(one.key ?? one.id), one] as const);
  const raw = textOf(url.raw) ?? fromParts(url);
  if (!Array.isArray(url.query)) return { base: raw, query: [], variables: new Map(variables) };
  return { base: raw.replace(/[?#][^]*$/, ''), query: url.query, variables: new Map(variables) };
}

function fromParts({ protocol, host, port, path }: JsonObject): string {
  const scheme = textOf(protocol) ? `${textOf(protocol) ?? ''}://` : '';
  const name = Array.isArray(host) ? host.map(scalarText).join('.') : (textOf(host) ?? '');
  const number = scalarText(port) ? `:${scalarText(port) ?? ''}` : '';
  const segments = Array.isArray(path)
    ? path.map((one) => scalarText(one) ?? scalarText(objectOf(one).value) ?? '').join('/')
    : (textOf(path) ?? '').replace(/^\//, '');
  return `${scheme}${name}${number}/${segments}`;
}

function descriptionOf(description: unknown): string | undefined {
  return textOf(description) ?? textOf(objectOf(description).content);
}

/** A variable's value in the collection is an example: nobody wants every caller to ask for order 12345. */
function schemaOf(
  name: string,
  ofUrl: ReadonlyMap<string, JsonObject>,
  variables: ReadonlyMap<string, string>,
): JsonSchema | undefined {
  const said = ofUrl.get(name);
  const description = said && descriptionOf(said.description);
  const value = scalarText(said?.value) ?? variables.get(name);
  const isShown =
    value !== undefined &&
    value !== '' &&
    !/\{\{/.test(value) &&
    !isSecretField(name, value) &&
    !hasKeyShape(value);
  if (description === undefined && !isShown) return undefined;
  return {
    type: 'string',
    ...(description !== undefined && { description }),
    ...(isShown && { examples: [value] }),
  };
}
