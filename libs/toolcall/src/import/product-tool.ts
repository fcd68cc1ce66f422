import { bodyStrings } from '../body-template.js';
import { parametersProblems } from '../parameters-schema.js';
import { parseTemplate, referencesOf } from '../parse-template.js';
import { contextNames } from '../scope.js';
import type { Burden, HttpMethod, ToolDefinitionInput } from '../tool-definition.js';
import { parseUrlTemplate, withScheme } from '../url-template.js';
import type { JsonSchema } from './argument-list.js';
import type { Draft, Dropped, FoundSecret } from './imported.js';
import { isObject, objectOf, type JsonObject } from './json-nodes.js';
import type { Request } from './lift-secrets.js';
import { describeFrom, keyFromName, nameFrom, nameFromRequest } from './name-tool.js';
import { References } from './openapi-references.js';
import { SchemaReader } from './openapi-schema.js';
import { FORM_TYPE, mediaType, readJsonBody, readRawBody, type RawBody } from './raw-body.js';

export interface ProductTool {
  readonly where: string;
  readonly key?: string | undefined;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
  readonly query?: readonly { readonly name: string; readonly value: string }[];
  /** Text or JSON. */
  readonly body?: unknown;
  readonly request?: Partial<Request>;
  readonly more: Pick<
    ToolDefinitionInput,
    'parameters' | 'variables' | 'bind' | 'messages' | 'execution' | 'response' | 'burden'
  >;
  readonly secrets: readonly FoundSecret[];
}

/** Makes a tool of what a product's form says; what only Patchbay can judge is left to the check of the definition. */
export function draftProductTool(tool: ProductTool, baseUrl: string | undefined): Draft {
  const method = (tool.method ?? 'GET').trim().toUpperCase();
  const url = withBase(tool.url ?? '', baseUrl);
  const name = nameFrom(tool.name ?? nameFromRequest(method, url));
  const headers = (tool.headers ?? []).filter((header) => !saysBodyType(header, tool.body));
  const body =
    method === 'GET' || tool.body === undefined ? undefined : bodyFrom(tool.body, tool.headers ?? []);
  const request: Request = {
    method: method as HttpMethod,
    url,
    ...tool.request,
    ...(headers.length > 0 && { headers: [...headers] }),
    ...(tool.query && tool.query.length > 0 && { query: [...tool.query] }),
    ...(body && { body: { type: body.type, template: body.template } }),
  };
  const definition: ToolDefinitionInput = {
    key: keyFromName(tool.key ?? name),
    name,
    description: describeFrom([tool.description], method, url),
    ...tool.more,
    request,
  };
  const unreadable = body?.type === 'json' && body.unreadable;
  return { where: tool.where, definition, secrets: tool.secrets, problems: unreadable ? [unreadable] : [] };
}

function withBase(url: string, baseUrl: string | undefined): string {
  const isRelative = url === '' || (url.startsWith('/') && !url.startsWith('//'));
  return isRelative && baseUrl ? `${baseUrl.replace(/\/+$/, '')}${url}` : withScheme(url);
}

function saysBodyType({ name, value }: { name: string; value: string }, body: unknown): boolean {
  if (name.toLowerCase() !== 'content-type' || body === undefined) return false;
  return ['application/json', FORM_TYPE].includes(mediaType(value));
}

function bodyFrom(body: unknown, headers: readonly { name: string; value: string }[]): RawBody {
  if (typeof body !== 'string') return { type: 'json', template: body };
  const said = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value;
  if (said !== undefined) return readRawBody(body, said);
  return /^\s*[[{]/.test(body) ? readJsonBody(body) : { type: 'text', template: body };
}

/** A JSON Schema as `parameters`: as it is where a tool can have it so, else what a tool can have of it. */
export function parametersFrom(
  schema: JsonObject,
  at: string,
  drop: (dropped: Dropped) => void,
): Record<string, unknown> {
  const whole: Record<string, unknown> = 'type' in schema ? { ...schema } : { type: 'object', ...schema };
  if (parametersProblems(whole, '').length === 0) return whole;
  return {
    ...new SchemaReader(new References(schema), (one) => drop({ ...one, where: `${at}${one.where}` })).read(
      whole,
      '',
    ),
  };
}

/** The names a request's templates have and nobody declares: the first step of each. */
export function undeclaredNames(definition: ToolDefinitionInput): string[] {
  const { request, parameters, variables = [], bind = {} } = definition;
  const declared = new Set([
    ...Object.keys(objectOf(objectOf(parameters).properties)),
    ...variables.map(({ name }) => name),
    ...Object.keys(bind),
    ...contextNames,
  ]);
  const url = parseUrlTemplate(withScheme(request.url));
  const texts = [
    ...(request.headers ?? []).map(({ value }) => value),
    ...(request.query ?? []).map(({ value }) => value),
    ...(request.pathParameters ?? []).flatMap(({ value }) => value ?? []),
    ...Object.values(bind),
    ...(request.body ? bodyStrings(request.body) : []).map(({ text }) => text),
  ];
  const parts = [
    ...(url.ok ? [...url.url.segments, ...url.url.query.map(({ value }) => value)] : []),
    ...texts.map((text) => parseTemplate(text)).flatMap((parsed) => (parsed.ok ? [parsed.parts] : [])),
  ];
  const names = parts.flatMap(referencesOf).map(({ path }) => String(path[0]));
  return [...new Set(names)].filter((name) => !declared.has(name));
}

/** Declares names as required texts, beside the parameters there are. */
export function withParameters(
  parameters: Record<string, unknown> | undefined,
  added: Readonly<Record<string, JsonSchema>>,
): Record<string, unknown> {
  const schema = parameters ?? { type: 'object', properties: {} };
  const required = Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  return {
    ...schema,
    properties: { ...objectOf(schema.properties), ...added },
    required: [...new Set([...required, ...Object.keys(added)])],
  };
}

const burdens: readonly Burden[] = ['ambient', 'conversational', 'requested', 'confirmed', 'verified'];

/** The burden of this name, whatever its case. */
export function burdenFrom(text: string | undefined): Burden | undefined {
  return burdens.find((one) => one === text?.trim().toLowerCase());
}

export function isMapping(value: unknown): value is Record<string, string> {
  if (!isObject(value) || 'type' in value || 'properties' in value) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((one) => typeof one === 'string');
}
