import { isHeaderValue } from '#egress/header-rules';
import {
  compileBody,
  compilePair,
  writePairs,
  type Pair,
  type RenderedBody,
  type TemplateRules,
} from './compile-body.js';
import { compilePath } from './compile-path.js';
import { compileSpareArguments } from './compile-spare-arguments.js';
import { compileStandings, usedNames } from './known-names.js';
import { parseTemplate, referencesOf, type Reference, type TemplateParts } from './parse-template.js';
import { compileText, OMIT, RenderFaults, type Renderer } from './render-template.js';
import type { Scope } from './scope.js';
import type { HttpMethod, ToolDefinition } from './tool-definition.js';
import { parseUrlTemplate, type UrlTemplate } from './url-template.js';

/** A request as the definition and the arguments make it, before the credential goes in. */
export interface RenderedRequest {
  readonly method: HttpMethod;
  readonly origin: string;
  /** Starts with `/`; percent-encoded. */
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: readonly Pair[];
  readonly body?: RenderedBody | undefined;
}

export type Rendered =
  | { readonly ok: true; readonly request: RenderedRequest }
  | { readonly ok: false; readonly faults: RenderFaults };

/**
 * Compiles a definition that `checkDefinition` has nothing against. Origin, number of path segments, header names,
 * query names and JSON keys come from the definition alone, whatever the arguments are.
 */
export function compileRequest(definition: ToolDefinition): (scope: Scope) => Rendered {
  const { method, pathParameters = [] } = definition.request;
  const rules = templateRules(definition);
  const url = urlOf(definition);
  const path = compilePath(url, pathParameters, rules);
  const query = compileQuery(url, definition, rules);
  const headers = compileHeaders(definition, rules);
  const body = definition.request.body && compileBody(definition.request.body, rules);
  const spare = compileSpareArguments(definition, url, usedNames(definition, url));

  return (scope) => {
    const faults = new RenderFaults();
    const extra = spare(scope);
    const pairs = query(scope, faults);
    const rendered: RenderedRequest = {
      method,
      origin: url.origin,
      path: path(scope, faults),
      query: extra.query ? [...pairs, ...extra.query] : pairs,
      headers: headers(scope, faults),
      body: body ? body(scope, faults) : extra.body,
    };
    return faults.any ? { ok: false, faults } : { ok: true, request: rendered };
  };
}

function templateRules(definition: ToolDefinition): TemplateRules {
  const standingOf = compileStandings(definition);
  const { angleBrackets } = definition.request;
  const withSecrets = (parts: TemplateParts): TemplateParts =>
    parts.map((part) =>
      typeof part === 'object' && standingOf(part) === 'secret' ? { ...part, isSecret: true } : part,
    );
  return {
    parse: (text) => {
      const parsed = parseTemplate(text, { angleBrackets });
      if (!parsed.ok) throw new Error(`The template ${parsed.message}`);
      return withSecrets(parsed.parts);
    },
    withSecrets,
    isOptional: (reference) => standingOf(reference) === 'optional',
  };
}

function urlOf({ request: { url, angleBrackets } }: ToolDefinition): UrlTemplate {
  const parsed = parseUrlTemplate(url, { angleBrackets });
  if (!parsed.ok) throw new Error(`The URL ${parsed.message}`);
  return parsed.url;
}

function compileQuery(
  url: UrlTemplate,
  { request }: ToolDefinition,
  { parse, withSecrets, isOptional }: TemplateRules,
): Renderer<readonly Pair[]> {
  const writers = [
    ...url.query.map(({ name, value }) => compilePair(name, withSecrets(value), isOptional)),
    ...(request.query ?? []).map(({ name, value }) => compilePair(name, parse(value), isOptional)),
  ];
  return (scope, faults) => writePairs(writers, scope, faults);
}

function compileHeaders(
  { request }: ToolDefinition,
  { parse, isOptional }: TemplateRules,
): Renderer<readonly Pair[]> {
  const headers = (request.headers ?? []).map(({ name, value }) => {
    const parts = parse(value);
    const refusal = `goes into the header ${name}, which takes printable ASCII only`;
    const position = { refuse: (text: string) => (isHeaderValue(text) ? undefined : refusal) };
    const references = referencesOf(parts);
    const secret = references.find(({ isSecret }) => isSecret);
    // What stands in for a secret is no header value, and is not sent; the secret itself is checked with all of the value.
    const positionOf = ({ isSecret }: Reference) => (isSecret ? {} : position);
    const render = compileText(parts, isOptional, positionOf);
    return { name, render, secret: secret?.name, first: references[0]?.name };
  });
  return (scope, faults) => {
    const rendered: Pair[] = [];
    for (const { name, render, secret, first } of headers) {
      const value = render(scope, faults);
      if (value === OMIT) continue;
      if (secret !== undefined) {
        if (scope.secrets && !isHeaderValue(value))
          faults.refuse(
            secret,
            `does not fit into the header ${name}: it takes 4096 characters of printable ASCII`,
          );
      } else if (first !== undefined && !faults.any && !isHeaderValue(value)) {
        // Each value may do by itself, and all of them together be too long.
        faults.refuse(first, `makes the header ${name} too long`);
      }
      rendered.push([name, value]);
    }
    return rendered;
  };
}
