import { isHeaderValue } from '#egress/header-rules';
import { bodyStrings, parseBodyTemplate } from './body-template.js';
import { reservedHeader } from './header-names.js';
import { parametersProblems } from './parameters-schema.js';
import { parseTemplate, referencesOf, type Reference, type TemplateParts } from './parse-template.js';
import { pointerToken, problem, repeated, type Problem } from './problem.js';
import { checkResponse, checkVerification } from './response/check-response.js';
import { contextNames } from './scope.js';
import { filterProblem, type TemplatePosition } from './template-filters.js';
import type { ToolDefinition, ToolDefinitionInput } from './tool-definition.js';
import { parseUrlTemplate } from './url-template.js';
import { isReserved } from './value-path.js';

/** What stands beside `/v1/tools/{key}`. */
const RESERVED_KEYS = ['export', 'import'];

/** What is wrong with a definition in the form it was sent, before it is normalized. */
export function checkInput(input: ToolDefinitionInput): Problem[] {
  const problems: Problem[] = [];
  if (input.parameters !== undefined && input.variables !== undefined) {
    problems.push(
      problem('/variables', 'not_allowed', 'is another way to write `parameters`; give one of the two'),
    );
  }
  if (input.request.timeoutMs !== undefined && input.request.timeoutSeconds !== undefined) {
    const message = 'is another way to write `timeoutMs`; give one of the two';
    problems.push(problem('/request/timeoutSeconds', 'not_allowed', message));
  }
  for (const [index, name] of repeated((input.variables ?? []).map((variable) => variable.name))) {
    problems.push(problem(`/variables/${index}/name`, 'duplicate', `\`${name}\` is declared more than once`));
  }
  return problems;
}

/**
 * Everything wrong with a normalized definition that its schema cannot say. A definition without problems compiles,
 * and renders for all arguments that satisfy its parameters.
 */
export function checkDefinition(definition: ToolDefinition): Problem[] {
  const problems = [
    ...parametersProblems(definition.parameters, '/parameters'),
    ...checkBind(definition),
    ...checkHeaders(definition),
    ...checkBody(definition),
    ...checkResponse(definition.response),
    ...checkVerification(definition.verification),
  ];
  if (RESERVED_KEYS.includes(definition.key)) {
    const message = `\`${definition.key}\` is taken: REST has a route of that name beside the tools`;
    problems.push(problem('/key', 'not_allowed', message));
  }
  const url = parseUrlTemplate(definition.request.url);
  if (!url.ok) problems.push(problem('/request/url', 'not_allowed', url.message, definition.request.url));
  const check = nameChecker(definition, problems);
  if (url.ok) {
    for (const parts of [...url.url.segments, ...url.url.query.map((pair) => pair.value)]) {
      check('/request/url', parts);
    }
    problems.push(...checkPathParameters(definition, url.url.segments));
  }
  for (const { pointer, text } of templates(definition)) {
    const parsed = parseTemplate(text);
    if (parsed.ok) check(pointer, parsed.parts);
    else problems.push(problem(pointer, 'wrong_format', parsed.message, text));
  }
  return problems;
}

/** Every template of the request, apart from the URL, whose syntax is its own. */
function templates(definition: ToolDefinition): { pointer: string; text: string }[] {
  const { headers = [], query = [], pathParameters = [], body } = definition.request;
  return [
    ...headers.map(({ value }, index) => ({ pointer: `/request/headers/${index}/value`, text: value })),
    ...query.map(({ value }, index) => ({ pointer: `/request/query/${index}/value`, text: value })),
    ...pathParameters.flatMap(({ value }, index) =>
      value === undefined ? [] : [{ pointer: `/request/pathParameters/${index}/value`, text: value }],
    ),
    ...(body ? bodyStrings(body) : []).map(({ pointer, text }) => ({
      pointer:
        typeof body?.template === 'string' ? '/request/body/template' : `/request/body/template${pointer}`,
      text,
    })),
    ...Object.entries(definition.bind ?? {}).map(([name, text]) => ({
      pointer: `/bind/${pointerToken(name)}`,
      text,
    })),
  ];
}

/** Refuses names that nothing will stand for: on a live call they would stop it. */
function nameChecker(
  definition: ToolDefinition,
  problems: Problem[],
): (pointer: string, parts: TemplateParts) => void {
  const declared = Object.keys((definition.parameters as { properties?: object }).properties ?? {});
  const bound = Object.keys(definition.bind ?? {});
  const path = (definition.request.pathParameters ?? []).map((parameter) => parameter.name);
  return (pointer, parts) => {
    for (const reference of referencesOf(parts)) {
      problems.push(...checkFilters(pointer, reference));
      const head = String(reference.path[0]);
      const isInPath = pointer === '/request/url' && path.includes(reference.name);
      const known = pointer.startsWith('/bind/') ? declared : [...declared, ...bound];
      if (isInPath || known.includes(head) || contextNames.includes(head)) continue;
      problems.push(unknownName(pointer, reference, known));
    }
  };
}

function checkFilters(pointer: string, { filters = [] }: Reference): Problem[] {
  const position = positionOf(pointer);
  return filters.flatMap((filter) => {
    const message = filterProblem(filter, position);
    return message === undefined ? [] : [{ pointer, code: 'not_allowed', message }];
  });
}

function positionOf(pointer: string): TemplatePosition {
  const [, first, second] = pointer.split('/');
  if (first === 'bind') return 'bind';
  switch (second) {
    case 'headers':
      return 'header';
    case 'query':
      return 'query';
    case 'body':
      return 'body';
    default:
      return 'path';
  }
}

function unknownName(pointer: string, reference: Reference, known: readonly string[]): Problem {
  const own = known.length > 0 ? `this tool's ${known.join(', ')}; ` : '';
  const message = `\`${reference.name}\` is no known name. Known: ${own}always ${contextNames.join(', ')}`;
  return { pointer, code: 'unknown_name', message };
}

function checkBind(definition: ToolDefinition): Problem[] {
  return Object.keys(definition.bind ?? {}).flatMap((name) => {
    const pointer = `/bind/${pointerToken(name)}`;
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) || isReserved(name)) {
      return [problem(pointer, 'wrong_format', 'must be a name of letters, digits and `_`', name)];
    }
    if (contextNames.includes(name)) {
      return [problem(pointer, 'not_allowed', `\`${name}\` is a name of the call's context already`)];
    }
    return [];
  });
}

function checkPathParameters(definition: ToolDefinition, segments: readonly TemplateParts[]): Problem[] {
  const inPath = new Set(segments.flatMap(referencesOf).map((reference) => reference.name));
  const parameters = definition.request.pathParameters ?? [];
  const problems = parameters.flatMap(({ name, default: fallback, useDefault }, index) => {
    const at = `/request/pathParameters/${index}`;
    if (!inPath.has(name)) {
      return [
        problem(
          `${at}/name`,
          'unknown_name',
          `no segment of the URL is \`:${name}\` or \`{{${name}}}\``,
          name,
        ),
      ];
    }
    if (fallback !== undefined && useDefault === undefined) {
      const message =
        'would be sent for any caller whose value is unknown; say `useDefault: true` (or false) on purpose';
      return [problem(`${at}/default`, 'not_allowed', message)];
    }
    if (fallback !== undefined && ['.', '..'].includes(fallback)) {
      return [problem(`${at}/default`, 'not_allowed', 'cannot be `.` or `..`', fallback)];
    }
    return [];
  });
  for (const [index, name] of repeated(parameters.map((parameter) => parameter.name))) {
    problems.push(
      problem(`/request/pathParameters/${index}/name`, 'duplicate', `\`${name}\` is given more than once`),
    );
  }
  return problems;
}

function checkHeaders(definition: ToolDefinition): Problem[] {
  const headers = definition.request.headers ?? [];
  const problems = headers.flatMap(({ name, value }, index) => {
    const reason = reservedHeader(name);
    if (reason) return [problem(`/request/headers/${index}/name`, 'not_allowed', reason)];
    if (!isHeaderValue(value)) {
      const message = 'must be printable ASCII of at most 4096 characters';
      return [problem(`/request/headers/${index}/value`, 'wrong_format', message)];
    }
    return [];
  });
  for (const [index, name] of repeated(headers.map((header) => header.name.toLowerCase()))) {
    problems.push(
      problem(`/request/headers/${index}/name`, 'duplicate', `\`${name}\` is set more than once`),
    );
  }
  return problems;
}

function checkBody({ request: { method, body } }: ToolDefinition): Problem[] {
  if (!body) return [];
  const at = '/request/body';
  if (method === 'GET')
    return [problem(at, 'not_allowed', 'a GET request has no body; use query parameters')];
  if (body.type === 'json') {
    const parsed = parseBodyTemplate(body.template);
    return parsed.ok ? [] : [problem(`${at}/template`, 'wrong_format', parsed.message)];
  }
  if (body.type === 'text') {
    if (typeof body.template === 'string') return [];
    return [problem(`${at}/template`, 'wrong_type', 'must be text', body.template)];
  }
  const isFlat =
    typeof body.template === 'object' &&
    body.template !== null &&
    Object.values(body.template).every((value) => ['string', 'number', 'boolean'].includes(typeof value));
  return isFlat
    ? []
    : [problem(`${at}/template`, 'wrong_type', 'must be an object of text values', body.template)];
}
