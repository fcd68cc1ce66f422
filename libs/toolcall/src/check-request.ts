import { isHeaderValue } from '#egress/header-rules';
import { parseBody } from './body-template.js';
import { checkTemplates } from './check-templates.js';
import { queryNames, spareNames, sparePlacement } from './compile-spare-arguments.js';
import { reservedHeader } from './header-names.js';
import { usedNames } from './known-names.js';
import { parseTemplate, referencesOf } from './parse-template.js';
import { pointerToken, problem, repeated, type Problem } from './problem.js';
import type { ToolDefinition } from './tool-definition.js';
import { isDotSegment, parseUrlTemplate, type UrlTemplate } from './url-template.js';

/** Everything wrong with a normalized definition's `request` that its schema cannot say, its templates included. */
export function checkRequest(definition: ToolDefinition): Problem[] {
  const { request } = definition;
  const parsed = parseUrlTemplate(request.url, request);
  const url = parsed.ok ? parsed.url : undefined;
  return [
    ...(parsed.ok ? [] : [problem('/request/url', 'not_allowed', parsed.message, request.url)]),
    ...(url ? [...checkPathParameters(definition, url), ...checkDoubles(definition, url)] : []),
    ...checkQueryNames(definition),
    ...checkHeaders(definition),
    ...checkBody(definition),
    ...checkTemplates(definition, url),
  ];
}

function checkPathParameters({ request }: ToolDefinition, { segments }: UrlTemplate): Problem[] {
  const inPath = new Set(segments.flatMap(referencesOf).map((reference) => reference.name));
  const parameters = request.pathParameters ?? [];
  const problems = parameters.flatMap(({ name, default: fallback, useDefault }, index) => {
    const at = `/request/pathParameters/${index}`;
    if (!inPath.has(name)) {
      const message = `no segment of the URL is \`:${name}\` or \`{{${name}}}\``;
      return [problem(`${at}/name`, 'unknown_name', message, name)];
    }
    if (fallback === undefined) return [];
    if (useDefault === undefined) {
      const message =
        'would be sent for any caller whose value is unknown; say `useDefault: true` (or false) on purpose';
      return [problem(`${at}/default`, 'not_allowed', message)];
    }
    if (!fallback.isWellFormed() || isDotSegment(encodeURIComponent(fallback)))
      return [
        problem(`${at}/default`, 'not_allowed', 'cannot be `.` or `..`, nor half a character', fallback),
      ];
    return [];
  });
  for (const [index, name] of repeated(parameters.map((parameter) => parameter.name))) {
    const message = `\`${name}\` is given more than once`;
    problems.push(problem(`/request/pathParameters/${index}/name`, 'duplicate', message));
  }
  return problems;
}

/** An argument that no placeholder names would stand in the query beside the tool's own parameter of that name. */
function checkDoubles(definition: ToolDefinition, url: UrlTemplate): Problem[] {
  if (sparePlacement(definition) !== 'query') return [];
  const own = queryNames(definition, url);
  return spareNames(definition, usedNames(definition, url))
    .filter((name) => own.includes(name))
    .map((name) => {
      const isBound = Object.hasOwn(definition.bind ?? {}, name);
      const message = `no placeholder names \`${name}\`, so it would be sent beside the query parameter of that name; make that parameter's value \`{{${name}}}\`, or give one of the two another name`;
      const at = isBound ? '/bind' : '/parameters/properties';
      return problem(`${at}/${pointerToken(name)}`, 'duplicate', message);
    });
}

function checkQueryNames({ request }: ToolDefinition): Problem[] {
  return (request.query ?? []).flatMap(({ name }, index) => {
    const parsed = parseTemplate(name, request);
    if (parsed.ok && referencesOf(parsed.parts).length === 0) return [];
    const message =
      'a placeholder in the name of a query parameter is not allowed; only values may have them';
    return [problem(`/request/query/${index}/name`, 'not_allowed', message, name)];
  });
}

function checkHeaders({ request }: ToolDefinition): Problem[] {
  const headers = request.headers ?? [];
  const problems = headers.flatMap(({ name, value }, index) => {
    const at = `/request/headers/${index}`;
    const reason = reservedHeader(name);
    if (reason) return [problem(`${at}/name`, 'not_allowed', reason)];
    if (!isHeaderValue(value)) {
      const message = 'must be printable ASCII of at most 4096 characters';
      return [problem(`${at}/value`, 'wrong_format', message)];
    }
    if (name.toLowerCase() === 'content-type' && /^\s*multipart\//i.test(value)) {
      const message =
        'has to name a boundary that no value contains, which only Patchbay can see to; leave the header out and give the body the type `multipart`';
      return [problem(`${at}/value`, 'not_allowed', message, value)];
    }
    return [];
  });
  for (const [index, name] of repeated(headers.map((header) => header.name.toLowerCase()))) {
    const message = `\`${name}\` is set more than once`;
    problems.push(problem(`/request/headers/${index}/name`, 'duplicate', message));
  }
  return problems;
}

function checkBody({ request: { method, headers = [], body, angleBrackets } }: ToolDefinition): Problem[] {
  if (!body) return [];
  const at = '/request/body';
  if (method === 'GET' && body.type !== 'none')
    return [problem(at, 'not_allowed', 'a GET request has no body; use query parameters')];
  if (body.type === 'xml' && angleBrackets) {
    const message = 'in XML `<name>` is an element; write placeholders as `{{name}}`';
    return [problem('/request/angleBrackets', 'not_allowed', message)];
  }
  const contentType = headers.findIndex(({ name }) => name.toLowerCase() === 'content-type');
  if (body.type === 'multipart' && contentType !== -1) {
    const message = 'is written by Patchbay for a multipart body, with its boundary; leave it out';
    return [problem(`/request/headers/${contentType}`, 'not_allowed', message)];
  }
  const parsed = parseBody(body);
  if (parsed.ok) return [];
  return parsed.problems.map((one) => ({ ...one, pointer: `${at}${one.pointer}` }));
}
