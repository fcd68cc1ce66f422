import { isHeaderValue } from '#egress/header-rules';
import { bodyStrings, parseBodyTemplate } from './body-template.js';
import { parseTemplate, referencesOf, type Reference, type TemplateParts } from './parse-template.js';
import { compileJson, compileText, OMIT, RenderFaults, type Renderer } from './render-template.js';
import type { Scope } from './scope.js';
import { hasDefault } from './template-filters.js';
import type { HttpMethod, ToolDefinition } from './tool-definition.js';
import { isDotSegment, parseUrlTemplate, type UrlTemplate } from './url-template.js';

/** A body before it is bytes: a credential may still have to go into it. */
export type RenderedBody =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'form'; readonly pairs: readonly (readonly [string, string])[] }
  | { readonly type: 'text'; readonly text: string };

/** A request as the definition and the arguments make it, before the credential goes in. */
export interface RenderedRequest {
  readonly method: HttpMethod;
  readonly origin: string;
  /** Starts with `/`; percent-encoded. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: RenderedBody;
}

export type Rendered =
  | { readonly ok: true; readonly request: RenderedRequest }
  | { readonly ok: false; readonly faults: RenderFaults };

/**
 * Compiles a definition that `checkDefinition` has nothing against. Origin, number of path segments, header names,
 * query names and JSON keys come from the definition alone, whatever the arguments are.
 */
export function compileRequest(definition: ToolDefinition): (scope: Scope) => Rendered {
  const { method } = definition.request;
  const url = urlOf(definition);
  const isOptional = optionalNames(definition);
  const path = compilePath(url, pathValues(definition), isOptional);
  const query = compileQuery(url, definition, isOptional);
  const headers = compileHeaders(definition, isOptional);
  const body = compileBody(definition, isOptional);
  const spare = compileSpareArguments(definition, url);

  return (scope) => {
    const faults = new RenderFaults();
    const extra = spare(scope);
    const rendered: RenderedRequest = {
      method,
      origin: url.origin,
      path: path(scope, faults),
      query: [...query(scope, faults), ...(extra.query ?? [])],
      headers: headers(scope, faults),
      body: body ? body(scope, faults) : extra.body,
    };
    return faults.any ? { ok: false, faults } : { ok: true, request: rendered };
  };
}

function urlOf(definition: ToolDefinition): UrlTemplate {
  const parsed = parseUrlTemplate(definition.request.url);
  if (!parsed.ok) throw new Error(`The URL ${parsed.message}`);
  return parsed.url;
}

function partsOf(text: string): TemplateParts {
  const parsed = parseTemplate(text);
  if (!parsed.ok) throw new Error(`The template ${parsed.message}`);
  return parsed.parts;
}

type IsOptional = (reference: Reference) => boolean;

/** A name is optional when it is an argument that is not required: absent, it takes its place along. */
function optionalNames(definition: ToolDefinition): IsOptional {
  const { properties = {}, required = [] } = definition.parameters as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  const optional = new Set(Object.keys(properties).filter((name) => !required.includes(name)));
  for (const name of Object.keys(definition.bind ?? {})) optional.delete(name);
  return (reference) => optional.has(String(reference.path[0])) && !hasDefault(reference);
}

/** The templates and defaults that `pathParameters` give to names in the path. */
function pathValues(definition: ToolDefinition): Map<string, { value?: TemplateParts; fallback?: string }> {
  return new Map(
    (definition.request.pathParameters ?? []).map(({ name, value, default: fallback, useDefault }) => [
      name,
      {
        ...(value !== undefined && { value: partsOf(value) }),
        ...(fallback !== undefined && useDefault && { fallback }),
      },
    ]),
  );
}

function compilePath(
  url: UrlTemplate,
  values: Map<string, { value?: TemplateParts; fallback?: string }>,
  isOptional: IsOptional,
): Renderer<string> {
  const segments = url.segments.map((parts) => compileSegment(parts, values, isOptional));
  return (scope, faults) => {
    let path = '';
    for (const segment of segments) path += `/${segment(scope, faults)}`;
    return path;
  };
}

function compileSegment(
  parts: TemplateParts,
  values: Map<string, { value?: TemplateParts; fallback?: string }>,
  isOptional: IsOptional,
): Renderer<string> {
  const references = referencesOf(parts);
  if (references.length === 0) {
    const literal = (parts as readonly string[]).join('');
    return () => literal;
  }
  const [reference] = references as [Reference];
  const given = parts.length === 1 ? values.get(reference.name) : undefined;
  const render = compileText(
    given?.value ?? parts,
    given?.fallback === undefined ? () => false : isOptional,
    { escape: encodeURIComponent },
  );
  return (scope, faults) => {
    const rendered = render(scope, faults);
    const text = rendered === OMIT ? encodeURIComponent(given?.fallback ?? '') : rendered;
    if (!faults.missing.has(reference.name) && (text === '' || isDotSegment(text))) {
      faults.refuse(reference.name, 'cannot be empty, `.` or `..`: it is part of a path');
    }
    return text;
  };
}

function compileQuery(
  url: UrlTemplate,
  { request }: ToolDefinition,
  isOptional: IsOptional,
): Renderer<(readonly [string, string])[]> {
  const pairs = [
    ...url.query.map(({ name, value }) => [name, compileText(value, isOptional)] as const),
    ...(request.query ?? []).map(
      ({ name, value }) => [name, compileText(partsOf(value), isOptional)] as const,
    ),
  ];
  return (scope, faults) => {
    const rendered: (readonly [string, string])[] = [];
    for (const [name, render] of pairs) {
      const value = render(scope, faults);
      if (value !== OMIT) rendered.push([name, value]);
    }
    return rendered;
  };
}

function compileHeaders(
  { request }: ToolDefinition,
  isOptional: IsOptional,
): Renderer<(readonly [string, string])[]> {
  const headers = (request.headers ?? []).map(({ name, value }) => {
    const parts = partsOf(value);
    const [reference] = referencesOf(parts);
    return { name, render: compileText(parts, isOptional), named: reference?.name ?? name };
  });
  return (scope, faults) => {
    const rendered: (readonly [string, string])[] = [];
    for (const { name, render, named } of headers) {
      const value = render(scope, faults);
      if (value === OMIT) continue;
      if (!isHeaderValue(value)) {
        faults.refuse(named, `goes into the header ${name}, which takes printable ASCII only`);
      }
      rendered.push([name, value]);
    }
    return rendered;
  };
}

function compileBody(definition: ToolDefinition, isOptional: IsOptional): Renderer<RenderedBody> | undefined {
  const { body } = definition.request;
  if (!body) return undefined;
  if (body.type === 'text') {
    const render = compileText(partsOf(String(body.template)), isOptional);
    return (scope, faults) => {
      const text = render(scope, faults);
      return { type: 'text', text: text === OMIT ? '' : text };
    };
  }
  if (body.type === 'form') {
    const fields = Object.entries(body.template as Record<string, unknown>).map(
      ([name, value]) => [name, compileText(partsOf(String(value)), isOptional)] as const,
    );
    return (scope, faults) => ({ type: 'form', pairs: renderPairs(fields, scope, faults) });
  }
  const parsed = parseBodyTemplate(body.template);
  if (!parsed.ok) throw new Error(`The body ${parsed.message}`);
  const render = compileJson(parsed.value, partsOf, isOptional);
  return (scope, faults) => {
    const value = render(scope, faults);
    return { type: 'json', value: value === OMIT ? null : value };
  };
}

function renderPairs(
  fields: readonly (readonly [string, Renderer<string | typeof OMIT>])[],
  scope: Scope,
  faults: RenderFaults,
): (readonly [string, string])[] {
  return fields.flatMap(([name, render]) => {
    const value = render(scope, faults);
    return value === OMIT ? [] : [[name, value] as const];
  });
}

const NONE = {};

/** Where bound values and arguments go that no placeholder names: the query, or the JSON body when the tool has none. */
function compileSpareArguments(
  definition: ToolDefinition,
  url: UrlTemplate,
): (scope: Scope) => { query?: (readonly [string, string])[]; body?: RenderedBody } {
  const used = usedNames(definition, url);
  const intoQuery = definition.request.method === 'GET' || definition.request.method === 'DELETE';
  if (!intoQuery && definition.request.body) return () => NONE;
  const { properties = {}, additionalProperties } = definition.parameters as {
    properties?: object;
    additionalProperties?: unknown;
  };
  const declared = [...Object.keys(properties), ...Object.keys(definition.bind ?? {})];
  if (!additionalProperties && declared.every((name) => used.has(name))) return () => NONE;
  return (scope) => {
    const spare: Record<string, unknown> = {};
    for (const source of [scope.arguments, scope.bound]) {
      for (const [name, value] of Object.entries(source)) if (!used.has(name)) spare[name] = value;
    }
    if (intoQuery)
      return { query: Object.entries(spare).flatMap(([name, value]) => queryPairs(name, value)) };
    return Object.keys(spare).length > 0 ? { body: { type: 'json', value: spare } } : {};
  };
}

function queryPairs(name: string, value: unknown): (readonly [string, string])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item) => queryPairs(name, item));
  return [
    [name, typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`],
  ];
}

/** The first step of every reference in the request and in `bind`. */
function usedNames(definition: ToolDefinition, url: UrlTemplate): Set<string> {
  const used = new Set<string>();
  const use = (parts: TemplateParts) => {
    for (const { path } of referencesOf(parts)) used.add(String(path[0]));
  };
  const { headers = [], query = [], pathParameters = [], body } = definition.request;
  url.segments.forEach(use);
  url.query.forEach(({ value }) => use(value));
  for (const { value } of [...headers, ...query]) use(partsOf(value));
  for (const { value } of pathParameters) if (value !== undefined) use(partsOf(value));
  for (const template of Object.values(definition.bind ?? {})) use(partsOf(template));
  for (const { text } of body ? bodyStrings(body) : []) use(partsOf(text));
  return used;
}
