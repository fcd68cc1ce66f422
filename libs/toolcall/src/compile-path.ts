import type { TemplateRules } from './compile-body.js';
import { referencesOf, type Reference, type TemplateParts } from './parse-template.js';
import { compileText, OMIT, type RenderFaults, type Renderer, type TextPosition } from './render-template.js';
import type { PathParameter } from './tool-definition.js';
import { isDotSegment, type UrlTemplate } from './url-template.js';

/** What fills a name of the path instead of, or in the absence of, the argument of that name. */
interface Filling {
  readonly value?: TemplateParts;
  /** Percent-encoded. */
  readonly fallback?: string;
}

const segmentText: TextPosition = { escape: encodeURIComponent };
const anywhere = () => segmentText;

/**
 * Compiles the path: a value is part of exactly one segment, and a segment is never empty, `.` or `..`. There is no
 * leaving a segment out, so a name without value and default is asked for, whether it is optional or not.
 */
export function compilePath(
  url: UrlTemplate,
  pathParameters: readonly PathParameter[],
  rules: TemplateRules,
): Renderer<string> {
  const fillings = new Map(
    pathParameters.map((parameter) => [parameter.name, fillingOf(parameter, rules)] as const),
  );
  const segments = url.segments.map((parts) => compileSegment(parts, fillings));
  return (scope, faults) => {
    let path = '';
    for (const segment of segments) path += `/${segment(scope, faults)}`;
    return path;
  };
}

function fillingOf(
  { value, default: fallback, useDefault }: PathParameter,
  { parse }: TemplateRules,
): Filling {
  return {
    ...(value !== undefined && { value: parse(value) }),
    ...(fallback !== undefined && useDefault && { fallback: encodeURIComponent(fallback) }),
  };
}

function compileSegment(parts: TemplateParts, fillings: ReadonlyMap<string, Filling>): Renderer<string> {
  const [reference] = referencesOf(parts);
  if (!reference) {
    const literal = parts.filter((part) => typeof part === 'string').join('');
    return () => literal;
  }
  const pieces = parts.map((part) => (typeof part === 'string' ? part : compileFilled(part, fillings)));
  const names = referencesOf(parts.flatMap((part) => templateOf(part, fillings))).map(({ name }) => name);
  const isFaulty = ({ missing, unusable }: RenderFaults) =>
    names.some((name) => missing.has(name) || unusable.has(name));
  return (scope, faults) => {
    let text = '';
    for (const piece of pieces) text += typeof piece === 'string' ? piece : piece(scope, faults);
    if ((text === '' || isDotSegment(text)) && !isFaulty(faults)) {
      faults.refuse(reference.name, 'cannot be empty, `.` or `..`: it is part of a path');
    }
    return text;
  };
}

/** What stands for a name of the path: itself, or the template that fills it. */
function templateOf(part: string | Reference, fillings: ReadonlyMap<string, Filling>): TemplateParts {
  return (typeof part === 'object' && fillings.get(part.name)?.value) || [part];
}

function compileFilled(reference: Reference, fillings: ReadonlyMap<string, Filling>): Renderer<string> {
  const fallback = fillings.get(reference.name)?.fallback;
  const render = compileText(templateOf(reference, fillings), () => fallback !== undefined, anywhere);
  return (scope, faults) => {
    const text = render(scope, faults);
    return text === OMIT ? (fallback ?? '') : text;
  };
}
