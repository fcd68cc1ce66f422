import { randomBytes, randomUUID } from 'node:crypto';
import { fieldsUsed, type Names } from './names.js';
import type { Answer, Probe } from './probe.js';
import { shapesOf, valueOf, type Make, type Means, type Schema } from './values.js';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: Schema;
}
interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Record<string, { readonly schema: { readonly $ref?: string } }>;
  };
}
export interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

const RETRY_MS = 100;

interface Request {
  readonly path: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
}
type MakeRequest = (names: Names) => Request;

/** What a parameter of the path stands for, by the path up to it or by itself. */
const pathNames: Record<string, (names: Names) => string> = {
  '/v1/tools/{key}': ({ toolKey }) => toolKey,
  '/v1/credentials/{id}': ({ credentialId }) => credentialId,
  '/v1/executions/{id}': ({ executionId }) => executionId,
  '/v1/api-keys/{id}': ({ keyId }) => keyId,
  '/v1/agents/{agentId}': ({ agentId }) => agentId,
  '/v1/operations/rotations/{id}': () => randomUUID(),
  '{endUser}': ({ endUser }) => endUser,
  '{ticket}': () => randomBytes(32).toString('base64url'),
  '{n}': () => '1',
  '{name}': () => 'staging',
};

/** For the operator, or for whoever holds a ticket: they name no organization, and nothing of one. */
export const ofNoOrganization = /\/v1\/(operations|oauth)\//;

/** Every route of the document, asked with each key. @throws Error for a route that nobody has said how to ask */
export function restProbes(
  document: OpenApi,
  means: Means,
  restUrl: string,
  keys: Readonly<Record<string, string>>,
): Probe[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      requestsOf(path, operation, document, means).flatMap((make) =>
        Object.entries(keys).map(([who, key]) => probe(restUrl, path, method.toUpperCase(), make, who, key)),
      ),
    ),
  );
}

/** The paths of what is listed in pages. */
export function pagedPaths({ paths }: OpenApi, names: Names): string[] {
  const isPaged = ({ get }: Record<string, Operation>) =>
    get?.parameters?.some(({ name }) => name === 'cursor');
  return Object.entries(paths).flatMap(([path, methods]) => (isPaged(methods) ? [fill(path, names)] : []));
}

/** The names of all routes: `GET /v1/tools`. */
export function routesOf({ paths }: OpenApi): string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

function requestsOf(path: string, operation: Operation, document: OpenApi, means: Means): MakeRequest[] {
  const { parameters = [], requestBody } = operation;
  const asked = parameters.filter((one) => one.in === 'query');
  const queries = asked.flatMap(({ name, schema = {} }): Make[] =>
    name === 'cursor'
      ? means.theirCursors.map((cursor) => () => ({ cursor }))
      : [(names) => ({ [name]: valueOf(name, schema, names, means) })],
  );
  const [, reference = ''] =
    /([^/]+)$/.exec(requestBody?.content['application/json']?.schema.$ref ?? '') ?? [];
  const schema = document.components.schemas[reference];
  const bodies: (Make | undefined)[] = schema ? shapesOf(schema, means, reference) : [undefined];
  const tags = parameters.some(({ name }) => name.toLowerCase() === 'if-match')
    ? [undefined, '"1"', '"77"']
    : [undefined];
  const plain = bodies.flatMap((body) =>
    tags.map((ifMatch): MakeRequest => {
      return (names) => ({
        path: fill(path, names),
        ...(body && { body: body(names) }),
        ...(ifMatch !== undefined && { ifMatch }),
      });
    }),
  );
  const queried = queries.map((query): MakeRequest => {
    const [body] = bodies;
    return (names) => ({
      path: `${fill(path, names)}?${new URLSearchParams(query(names) as Record<string, string>).toString()}`,
      ...(body && { body: body(names) }),
    });
  });
  return [...plain, ...queried];
}

function fill(path: string, names: Names): string {
  return path.replace(/\{\w+\}/g, (parameter, at: number) => {
    if (path.startsWith('/v1/credentials/{id}/connections') && parameter === '{id}') return names.accountsId;
    const value = pathNames[path.slice(0, at + parameter.length)] ?? pathNames[parameter];
    if (!value) throw new Error(`test/tenancy/rest-probes.ts does not say what ${parameter} of ${path} is`);
    return encodeURIComponent(value(names));
  });
}

function probe(
  restUrl: string,
  path: string,
  method: string,
  make: MakeRequest,
  who: string,
  key: string,
): Probe {
  const used = fieldsUsed(make);
  const reading = used.length > 0 ? 'read' : 'list';
  return {
    what: `${method} ${path} (${who})`,
    turn: method === 'GET' ? reading : method === 'DELETE' ? 'remove' : 'write',
    isCostly: path === '/v1/tools/import',
    fields: used,
    send: (names) => send(restUrl, method, make(names), key),
  };
}

async function send(restUrl: string, method: string, request: Request, key: string): Promise<Answer> {
  const { path, body, ifMatch } = request;
  const response = await fetch(`${restUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.status === 503 && response.headers.has('retry-after')) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // too many at a time, as with imports
    return send(restUrl, method, request, key);
  }
  const told = ['etag', 'location', 'www-authenticate'].map((name) => response.headers.get(name));
  return { status: String(response.status), text: `${JSON.stringify(told)} ${await response.text()}` };
}
