import { isRawInteger } from './exact-json.js';
import { wholePlaceholder, type Reference, type TemplateParts } from './parse-template.js';
import { lookUp, type Scope } from './scope.js';
import { standInFor } from './secret.js';
import { compileFilters } from './template-filters.js';

/** Stands for "leave this out": an optional argument that was not given takes its query pair, header or key with it. */
export const OMIT = Symbol('omit');

/** Collects what a rendering could not do; nothing is sent unless it stays empty. Nearly always it does. */
export class RenderFaults {
  private missingNames: Set<string> | undefined;
  private unusableNames: Map<string, string> | undefined;

  /** Nothing stands for the reference. */
  miss(name: string): void {
    (this.missingNames ??= new Set()).add(name);
  }

  /** The reference's value cannot go where it stands. */
  refuse(name: string, why: string): void {
    (this.unusableNames ??= new Map()).set(name, why);
  }

  get any(): boolean {
    return this.missingNames !== undefined || this.unusableNames !== undefined;
  }

  get missing(): ReadonlySet<string> {
    return this.missingNames ?? new Set();
  }

  /** By name, why. */
  get unusable(): ReadonlyMap<string, string> {
    return this.unusableNames ?? new Map<string, string>();
  }
}

/** Turns a scope into the template's value; compiled once, run per execution. */
export type Renderer<T> = (scope: Scope, faults: RenderFaults) => T;

export type IsOptional = (reference: Reference) => boolean;

/** How a value becomes part of the text it stands in. */
export interface TextPosition {
  /** Writes it so that it cannot end what it stands in. May throw for text that cannot be written at all. */
  readonly escape?: (text: string) => string;
  /** Why it cannot stand there, in words that continue "`name` …"; undefined when it can. */
  readonly refuse?: (text: string) => string | undefined;
}

const plain: TextPosition = {};
const anywhere = () => plain;

type Read = (scope: Scope) => unknown;

/**
 * The value a reference stands for, its filters applied; undefined when there is none. For a secret that is what may be
 * shown in its place, until the request is written that goes out.
 */
export function compileReference(reference: Reference): Read {
  if (reference.isSecret) {
    const shown = standInFor(reference);
    return ({ secrets }) => (secrets ? secrets.get(reference.name)?.reveal() : shown);
  }
  const filter = compileFilters(reference);
  if (!filter) return (scope) => usable(lookUp(reference, scope));
  return (scope) => filter(usable(lookUp(reference, scope)), scope);
}

/** `1e999` parses to infinity, which JSON would write as null. */
function usable(value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : value;
}

/** Text cannot say null: in it, null is as good as nothing. */
const isAbsent = (value: unknown) => value === undefined || value === null;

/**
 * A template that gives text, every value written as its position wants it. Whenever an optional name in it is absent
 * the whole text is {@link OMIT}, whatever else stands in it; any other absent name is recorded as missing, never
 * rendered as an empty string.
 */
export function compileText(
  parts: TemplateParts,
  isOptional: IsOptional,
  positionOf: (reference: Reference) => TextPosition = anywhere,
): Renderer<string | typeof OMIT> {
  const pieces = parts.map((part) =>
    typeof part === 'string'
      ? part
      : {
          reference: part,
          read: compileReference(part),
          optional: isOptional(part),
          position: positionOf(part),
        },
  );
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'object') {
    const { reference, read, optional, position } = only;
    return (scope, faults) => {
      const value = read(scope);
      return optional && isAbsent(value) ? OMIT : textOf(reference, value, faults, position);
    };
  }
  if (pieces.every((piece) => typeof piece === 'string')) {
    const text = pieces.join('');
    return () => text;
  }
  const optionals = pieces.flatMap((piece) =>
    typeof piece === 'object' && piece.optional ? [piece.read] : [],
  );
  return (scope, faults) => {
    for (const read of optionals) if (isAbsent(read(scope))) return OMIT;
    let text = '';
    for (const piece of pieces) {
      text +=
        typeof piece === 'string'
          ? piece
          : textOf(piece.reference, piece.read(scope), faults, piece.position);
    }
    return text;
  };
}

/** A template that is exactly one placeholder, giving the value itself, type and all. */
export function compileValue(whole: Reference, isOptional: boolean): Renderer<unknown> {
  const read = compileReference(whole);
  return (scope, faults) => {
    const value = read(scope);
    if (value !== undefined) return value;
    if (isOptional) return OMIT;
    faults.miss(whole.name);
    return null;
  };
}

/** A JSON value with templates in its strings. Keys are literal: an argument never makes one. */
export function compileJson(
  template: unknown,
  parse: (text: string) => TemplateParts,
  isOptional: IsOptional,
): Renderer<unknown> {
  if (typeof template === 'string') {
    const parts = parse(template);
    const whole = wholePlaceholder(parts);
    return whole ? compileValue(whole, isOptional(whole)) : compileText(parts, isOptional);
  }
  if (Array.isArray(template)) {
    const items = template.map((item) => compileJson(item, parse, isOptional));
    return (scope, faults) => items.map((item) => item(scope, faults)).filter((item) => item !== OMIT);
  }
  if (typeof template === 'object' && template !== null && !isRawInteger(template)) {
    const entries = Object.entries(template).map(
      ([key, value]) => [key, compileJson(value, parse, isOptional)] as const,
    );
    return (scope, faults) => {
      const object: Record<string, unknown> = {};
      for (const [key, render] of entries) {
        const value = render(scope, faults);
        if (value !== OMIT) object[key] = value;
      }
      return object;
    };
  }
  return () => template;
}

/** How a value is written as text: lists and objects as JSON. */
export function toText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`;
}

function textOf(
  { name }: Reference,
  value: unknown,
  faults: RenderFaults,
  { escape, refuse }: TextPosition,
): string {
  if (isAbsent(value)) {
    faults.miss(name);
    return '';
  }
  const text = toText(value);
  const problem = refuse?.(text);
  if (problem !== undefined) faults.refuse(name, problem);
  if (!escape) return text;
  try {
    return escape(text);
  } catch {
    // encodeURIComponent throws on half a surrogate pair
    faults.refuse(name, 'has characters that cannot be sent');
    return '';
  }
}
