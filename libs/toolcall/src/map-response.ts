import { limitResult } from './limit-result.js';
import type { ResponseDefinition } from './tool-definition.js';
import { parsePath, readPath, type ValuePath } from './value-path.js';

/** The body of an answer, read. */
export type ResponseBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'empty' }
  | { readonly kind: 'invalid'; readonly message: string };

export interface MappedResponse {
  /** By name, nested, with `api_response_status`. */
  readonly variables: Record<string, unknown>;
  /** What the model may read. */
  readonly result: Record<string, unknown>;
}

const DEEPEST = 64;
const BOM = '\ufeff';

/**
 * Reads a body by its content type: JSON where it says so, text otherwise. Text that says it is JSON and is not, or is
 * nested deeper than 64 levels, is invalid.
 */
export function readBody(text: string, contentType: string | undefined): ResponseBody {
  if (text.trim() === '') return { kind: 'empty' };
  if (!isJson(contentType)) return { kind: 'text', text };
  try {
    const value: unknown = JSON.parse(text.startsWith(BOM) ? text.slice(1) : text);
    if (isDeeperThan(value, DEEPEST))
      return { kind: 'invalid', message: `is nested deeper than ${DEEPEST} levels` };
    return { kind: 'json', value };
  } catch {
    return { kind: 'invalid', message: 'says it is JSON, and is not' };
  }
}

/** `application/json`, `application/problem+json; charset=utf-8`; a missing type is taken for JSON, APIs forget it. */
function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  return type === '' || type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(item, levels - 1)) return true;
  return false;
}

/**
 * Compiles how an answer becomes variables: every top-level field by its name and the mapped ones by theirs, mapped
 * first; a list or a scalar as `response`. A path that finds nothing gives its default, else null.
 */
export function compileMapping(
  response: ResponseDefinition | undefined,
): (body: ResponseBody, status: number) => MappedResponse {
  const expose = response?.expose ?? 'all';
  const mapped = (response?.variables ?? []).map(({ name, path, default: fallback }) => ({
    name,
    path: pathOf(path),
    fallback: fallback ?? null,
  }));
  const redacted = (response?.redact ?? []).map(pathOf);

  return (body, status) => {
    const value = body.kind === 'json' ? withoutPaths(body.value, redacted) : undefined;
    const own: Record<string, unknown> = {};
    for (const { name, path, fallback } of mapped) own[name] = readPath(value, path) ?? fallback;
    const automatic = body.kind === 'text' ? { response: body.text } : automaticVariables(value);
    const exposed = expose === 'all' ? { ...automatic, ...own } : expose === 'mapped' ? own : {};
    return {
      variables: { ...exposed, api_response_status: status },
      result: limitResult(exposed),
    };
  };
}

function pathOf(text: string): ValuePath {
  const parsed = parsePath(text);
  if (!parsed.ok) throw new Error(`The path \`${text}\` ${parsed.message}`);
  return parsed.path;
}

function automaticVariables(value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { response: value };
  return value as Record<string, unknown>;
}

/** The value without what stands at the paths; copies only what it changes. */
function withoutPaths(value: unknown, paths: readonly ValuePath[]): unknown {
  return paths.reduce((rest, path) => withoutPath(rest, path), value);
}

function withoutPath(value: unknown, path: ValuePath): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
    return value;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<
    string | number,
    unknown
  >;
  if (rest.length > 0) copy[step] = withoutPath(copy[step], rest);
  else if (Array.isArray(copy)) copy[step as number] = null;
  else Reflect.deleteProperty(copy, step);
  return copy;
}
