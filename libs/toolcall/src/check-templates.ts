import { bodyStrings } from './body-template.js';
import { callVariableNames } from './call-variables.js';
import { compileStandings, compileUnboundStandings, type Standing } from './known-names.js';
import { parseTemplate, referencesOf, type Reference, type TemplateParts } from './parse-template.js';
import { pointerToken, problem, type Problem } from './problem.js';
import type { TextPosition } from './render-template.js';
import { contextNames } from './scope.js';
import { shownParameters } from './shown-parameters.js';
import { filterProblem, type TemplatePosition } from './template-filters.js';
import type { ToolDefinition } from './tool-definition.js';
import { isDotSegment, type UrlTemplate } from './url-template.js';
import { parseXmlTemplate } from './xml-template.js';

/** A template and what can be expected of the values in it. */
interface Place {
  readonly pointer: string;
  readonly position: TemplatePosition;
  readonly parts: TemplateParts;
  /** Set where nothing can be left out: an optional name then needs a default. */
  readonly isRunningText?: boolean;
  /** Whether what is written there is escaped for its place, so that a secret can be part of it. */
  readonly takesSecrets?: boolean;
  /** Why a default cannot stand there. */
  readonly refuse?: (reference: Reference, text: string) => string | undefined;
}

/** Each is opened by itself. */
const MOST_SECRETS = 10;

/** Refuses templates that cannot be read, and names in them that nothing will stand for: on a live call they would stop it. */
export function checkTemplates(definition: ToolDefinition, url: UrlTemplate | undefined): Problem[] {
  const problems: Problem[] = [];
  const secrets = new Set<string>();
  const ofRequest = compileStandings(definition);
  const ofBind = compileUnboundStandings(definition);
  for (const place of placesOf(definition, url, problems)) {
    const standingOf = place.position === 'bind' ? ofBind : ofRequest;
    for (const reference of referencesOf(place.parts)) {
      const standing = standingOf(reference);
      problems.push(...checkReference(definition, place, reference, standing));
      if (standing === 'secret') secrets.add(reference.name);
    }
  }
  if (secrets.size > MOST_SECRETS) {
    const message = `names ${secrets.size} secrets; a tool may name ${MOST_SECRETS}`;
    problems.push(problem('/request', 'too_large', message));
  }
  return problems;
}

function checkReference(
  definition: ToolDefinition,
  place: Place,
  reference: Reference,
  standing: Standing,
): Problem[] {
  const { pointer, position, isRunningText, refuse } = place;
  const problems: Problem[] = [];
  for (const filter of reference.filters ?? []) {
    const message = filterProblem(filter, position);
    if (message !== undefined) problems.push(problem(pointer, 'not_allowed', message));
    const text = filter.name === 'default' ? String(filter.argument) : undefined;
    const reason = text === undefined ? undefined : refuse?.(reference, text);
    if (reason !== undefined)
      problems.push(problem(pointer, 'not_allowed', `the default of \`${reference.name}\` ${reason}`, text));
  }
  if (standing === 'secret') return [...problems, ...secretProblems(place, reference)];
  if (standing === 'unknown') problems.push(unknownName(definition, pointer, reference));
  if (standing === 'impossible') {
    const message = `\`${reference.name}\` is never there: \`${String(reference.path[0])}\` is declared, and has no such part`;
    problems.push(problem(pointer, 'unknown_name', message));
  }
  if (standing === 'optional' && isRunningText) {
    const message = `\`${reference.name}\` may be absent, and in running text nothing can be left out for it; say what then stands there: \`{{${reference.name} | default: ""}}\``;
    problems.push(problem(pointer, 'not_allowed', message));
  }
  return problems;
}

function secretProblems({ pointer, takesSecrets }: Place, { name, filters }: Reference): Problem[] {
  if (!takesSecrets) {
    const message = `\`${name}\` is declared nowhere, and spelled like the name of a secret, which can be part of a header, a query parameter, or a value of a JSON or form body only; move it there, or declare it`;
    return [problem(pointer, 'not_allowed', message)];
  }
  if (!filters) return [];
  return [
    problem(pointer, 'not_allowed', `\`${name}\` is a secret, which goes out as it is; leave the filter out`),
  ];
}

function unknownName(definition: ToolDefinition, pointer: string, { name, path }: Reference): Problem {
  const isBind = pointer.startsWith('/bind/');
  const { properties = {} } = shownParameters(definition) as { properties?: object };
  const own = [
    ...Object.keys(properties),
    ...(isBind ? [] : Object.keys(definition.bind ?? {})),
    ...callVariableNames(definition),
  ];
  const ours = own.length > 0 ? `this tool's ${own.join(', ')}; ` : '';
  const head = String(path[0]);
  const cure = Object.hasOwn(definition.bind ?? {}, head)
    ? 'A bound value cannot be made of another one'
    : `If an earlier tool of the call returns it, add "${head}" to \`callVariables\``;
  const message = `\`${name}\` is no known name. Known: ${ours}always ${contextNames.join(', ')}. ${cure}`;
  return problem(pointer, 'unknown_name', message);
}

/** Every template of the request and of `bind` that can be read; what cannot is a problem. */
function placesOf(definition: ToolDefinition, url: UrlTemplate | undefined, problems: Problem[]): Place[] {
  const { request, bind = {} } = definition;
  const { headers = [], query = [], pathParameters = [], body } = request;
  const places: Place[] = url ? placesOfUrl(definition, url) : [];
  const add = (place: Omit<Place, 'parts'>, text: string) => {
    const parsed = parseTemplate(text, place.position === 'bind' ? {} : request);
    if (parsed.ok) places.push({ ...place, parts: parsed.parts });
    else problems.push(problem(place.pointer, 'wrong_format', parsed.message, text));
  };
  for (const [index, { value }] of headers.entries())
    add({ pointer: `/request/headers/${index}/value`, position: 'header', takesSecrets: true }, value);
  for (const [index, { value }] of query.entries())
    add({ pointer: `/request/query/${index}/value`, position: 'query', takesSecrets: true }, value);
  for (const [index, { value }] of pathParameters.entries())
    if (value !== undefined)
      add(
        { pointer: `/request/pathParameters/${index}/value`, position: 'path', refuse: refuseInPath },
        value,
      );
  const isRunningText = body?.type === 'text' || body?.type === 'xml';
  for (const { pointer, text, isFileName } of body ? bodyStrings(body) : []) {
    const takesSecrets = !isRunningText && !isFileName;
    add({ pointer: `/request/body${pointer}`, position: 'body', isRunningText, takesSecrets }, text);
  }
  for (const [name, text] of Object.entries(bind))
    add({ pointer: `/bind/${pointerToken(name)}`, position: 'bind' }, text);
  return body?.type === 'xml' ? places.map((place) => withXml(place, problems)) : places;
}

/** What a path parameter fills by itself needs no name: its own templates are checked where they stand. */
function placesOfUrl({ request }: ToolDefinition, url: UrlTemplate): Place[] {
  const filled = new Set(
    (request.pathParameters ?? [])
      .filter(({ value, default: fallback, useDefault }) => value ?? (useDefault && fallback))
      .map(({ name }) => name),
  );
  const pointer = '/request/url';
  return [
    ...url.segments.map((parts) => ({
      pointer,
      position: 'path' as const,
      parts: parts.filter((part) => typeof part === 'string' || !filled.has(part.name)),
      refuse: parts.length === 1 ? refuseAsSegment : refuseInPath,
    })),
    ...url.query.map(({ value }) => ({
      pointer,
      position: 'query' as const,
      parts: value,
      takesSecrets: true,
    })),
  ];
}

function withXml(place: Place, problems: Problem[]): Place {
  if (place.position !== 'body') return place;
  const parsed = parseXmlTemplate(place.parts);
  if (!parsed.ok) {
    problems.push(problem(place.pointer, 'wrong_format', parsed.message));
    return place;
  }
  const positionOf = (reference: Reference): TextPosition => parsed.positions.get(reference) ?? {};
  return { ...place, refuse: (reference, text) => positionOf(reference).refuse?.(text) };
}

function refuseInPath(_: Reference, text: string): string | undefined {
  return text.isWellFormed() ? undefined : 'has half a character in it';
}

function refuseAsSegment(reference: Reference, text: string): string | undefined {
  const isSegment = text !== '' && text.isWellFormed() && !isDotSegment(encodeURIComponent(text));
  return isSegment ? undefined : (refuseInPath(reference, text) ?? 'cannot be empty, `.` or `..`');
}
