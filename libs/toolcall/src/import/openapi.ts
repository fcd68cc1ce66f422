import { pointerToken, type Problem } from '../problem.js';
import type { HttpMethod } from '../tool-definition.js';
import { ArgumentList } from './argument-list.js';
import type { Draft, Dropped, ImportRequest, Reading } from './imported.js';
import { isObject, textOf, type JsonObject } from './json-nodes.js';
import { describeFrom, keyFromName, nameFrom, nameFromIdentifier, nameFromRequest } from './name-tool.js';
import { BodyReader } from './openapi-body.js';
import { ParameterReader } from './openapi-parameters.js';
import { References } from './openapi-references.js';
import { SchemaReader } from './openapi-schema.js';
import { readSecurity } from './openapi-security.js';
import { chooseServer } from './openapi-servers.js';
import type { Selection } from './selection.js';
import type { Request } from './lift-secrets.js';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const OTHER_METHODS = ['head', 'options', 'trace', 'query'];

/** Reads the operations of an OpenAPI 3.0 or 3.1 document. References to other documents are not followed. */
export function readOpenApi(request: ImportRequest, selection: Selection): Reading {
  const root = request.source;
  if (!isObject(root)) return refuse('', 'wrong_type', 'must be an OpenAPI document');
  const version = String(root.openapi ?? root.swagger);
  if (!/^3\.\d/.test(version)) {
    const message = 'must be OpenAPI 3.0 or 3.1; convert an older document first';
    return refuse('openapi' in root ? '/openapi' : '/swagger', 'not_allowed', message);
  }
  if (!isObject(root.paths))
    return refuse('/paths', 'required', '`paths` is required: the operations are in it');
  return new OpenApiReader(root, request, selection).read(root.paths);
}

function refuse(pointer: string, code: string, message: string): Reading {
  return { ok: false, problems: [{ pointer, code, message }] };
}

interface Operation {
  readonly method: HttpMethod;
  readonly path: string;
  readonly node: JsonObject;
  readonly at: string;
  readonly item: JsonObject;
  readonly itemAt: string;
}

class OpenApiReader {
  private readonly references: References;
  private readonly drafts: Draft[] = [];
  private readonly dropped: Dropped[] = [];
  private readonly drop = (one: Dropped) => {
    const isKnown = this.dropped.some((other) => other.where === one.where && other.what === one.what);
    if (!isKnown) this.dropped.push(one);
  };

  constructor(
    private readonly root: JsonObject,
    private readonly request: ImportRequest,
    private readonly selection: Selection,
  ) {
    this.references = new References(root);
  }

  read(paths: JsonObject): Reading {
    for (const [path, item] of Object.entries(paths)) if (path.startsWith('/')) this.readPath(path, item);
    if (isObject(this.root.webhooks)) {
      this.drop({ where: '/webhooks', what: 'the webhooks', why: 'a tool calls; it is not called' });
    }
    return { ok: true, drafts: this.drafts, dropped: this.dropped };
  }

  private readPath(path: string, written: unknown): void {
    const at = `/paths/${pointerToken(path)}`;
    const found = this.references.follow(written, at);
    if (!found.ok) {
      this.drop({ where: at, what: `the path \`${path.slice(0, 100)}\``, why: found.why });
      return;
    }
    for (const [method, node] of Object.entries(found.node)) {
      const here = `${found.at}/${method}`;
      if (OTHER_METHODS.includes(method)) {
        const why = `a tool’s method is one of ${METHODS.join(', ').toUpperCase()}`;
        this.drop({ where: here, what: `${method.toUpperCase()} ${path.slice(0, 100)}`, why });
      }
      if (!METHODS.includes(method) || !isObject(node)) continue;
      const operation = {
        method: method.toUpperCase() as HttpMethod,
        path,
        node,
        at: here,
        item: found.node,
        itemAt: found.at,
      };
      const request = `${operation.method} ${path}`;
      if (this.selection.takes([textOf(node.operationId) ?? request, request, textOf(node.summary)])) {
        this.drafts.push(this.readOperation(operation));
      }
    }
  }

  private readOperation(operation: Operation): Draft {
    const { method, path, node, at, item, itemAt } = operation;
    const args = new ArgumentList();
    const schemas = new SchemaReader(this.references, this.drop);
    const parameters = new ParameterReader(this.references, schemas, args, this.drop).read(
      item.parameters,
      itemAt,
      node.parameters,
      at,
    );
    const template = this.pathTemplate(path, parameters.path, args, at);
    const content = this.readBody(operation, schemas, args);
    const problems: Problem[] = [...content.problems];
    const url = `${this.serverOf(operation, problems)}${template}`;
    const headers = [
      ...parameters.headers,
      ...(content.contentType === undefined ? [] : [{ name: 'Content-Type', value: content.contentType }]),
    ];
    const request: Request = {
      method,
      url,
      ...(headers.length > 0 && { headers }),
      ...(parameters.query.length > 0 && { query: [...parameters.query] }),
      ...(content.body && { body: { type: content.body.type, template: content.body.template } }),
    };
    this.noteRest(operation);
    const secrets = readSecurity(this.root, node, at, this.references, this.drop);
    const named = new Set(secrets.map(({ place }) => ('name' in place ? place.name.toLowerCase() : '')));
    const others = parameters.secrets.filter(
      ({ place }) => !('name' in place && named.has(place.name.toLowerCase())),
    );
    return {
      where: at,
      definition: { ...this.words(operation, url), parameters: args.schema(), request },
      secrets: [...secrets, ...others],
      problems,
    };
  }

  private readBody({ method, node, at }: Operation, schemas: SchemaReader, args: ArgumentList) {
    if (method === 'GET' && node.requestBody !== undefined) {
      this.drop({ where: `${at}/requestBody`, what: 'the body', why: 'a GET request has none' });
      return { problems: [] };
    }
    return new BodyReader(this.references, schemas, args, this.drop).read(
      node.requestBody,
      `${at}/requestBody`,
    );
  }

  private serverOf({ node, at, item, itemAt }: Operation, problems: Problem[]): string {
    const [servers, place] = node.servers
      ? [node.servers, `${at}/servers`]
      : item.servers
        ? [item.servers, `${itemAt}/servers`]
        : [this.root.servers, '/servers'];
    const server = chooseServer(servers, place, this.request, this.drop);
    if (server.ok) return server.url;
    problems.push({ pointer: '/request/url', code: 'required', message: server.message });
    return '';
  }

  private pathTemplate(
    path: string,
    templates: ReadonlyMap<string, string>,
    args: ArgumentList,
    at: string,
  ): string {
    // A fragment tells operations of one path apart, as our own export does; it is never sent.
    return path.replace(/#.*$/s, '').replace(/\{([^{}/]{1,200})\}/g, (_, name: string) => {
      const known = templates.get(name);
      if (known !== undefined) return known;
      this.drop({
        where: `${at}/parameters`,
        what: `nothing about \`${name}\``,
        why: 'the path names it, and no parameter says what it is: it is taken for text',
      });
      return `{{${args.declare(`path:${name}`, name, { type: 'string' }, true)}}}`;
    });
  }

  private words({ method, path, node }: Operation, url: string) {
    const operationId = textOf(node.operationId);
    const summary = textOf(node.summary);
    const ofRequest = nameFromRequest(method, path);
    const name = summary ? nameFrom(summary) : operationId ? nameFromIdentifier(operationId) : ofRequest;
    return {
      key: keyFromName(operationId ?? ofRequest),
      name,
      description: describeFrom([textOf(node.description), summary], method, url),
    };
  }

  private noteRest({ node, at }: Operation): void {
    if (node.deprecated === true) {
      this.drop({
        where: at,
        what: 'the mark `deprecated`',
        why: 'a tool has none; think about whether to import it',
      });
    }
    if (isObject(node.callbacks)) {
      this.drop({ where: `${at}/callbacks`, what: 'the callbacks', why: 'a tool calls; it is not called' });
    }
  }
}
