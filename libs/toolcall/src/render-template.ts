import { lookUp, type Scope } from './scope.js';
import { wholePlaceholder, type Reference, type TemplateParts } from './parse-template.js';

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

/**
 * A template that gives text, every value passed through `escape`. A whole placeholder of an optional name that is
 * absent gives {@link OMIT}; any other absent name is recorded as missing, never rendered as an empty string.
 */
export function compileText(
  parts: TemplateParts,
  isOptional: (reference: Reference) => boolean,
  escape: (text: string) => string = (text) => text,
): Renderer<string | typeof OMIT> {
  const whole = wholePlaceholder(parts);
  if (whole) {
    const absent = isOptional(whole) ? OMIT : undefined;
    return (scope, faults) => {
      const value = lookUp(whole, scope);
      if (value === undefined && absent) return absent;
      return textOf(whole, value, faults, escape);
    };
  }
  if (parts.every((part) => typeof part === 'string')) {
    const text = parts.join('');
    return () => text;
  }
  return (scope, faults) => {
    let text = '';
    for (const part of parts) {
      text += typeof part === 'string' ? part : textOf(part, lookUp(part, scope), faults, escape);
    }
    return text;
  };
}

/** A template that is exactly one placeholder, giving the value itself, type and all. */
export function compileValue(whole: Reference, isOptional: boolean): Renderer<unknown> {
  return (scope, faults) => {
    const value = lookUp(whole, scope);
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
  isOptional: (reference: Reference) => boolean,
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
  if (typeof template === 'object' && template !== null) {
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

function textOf(
  reference: Reference,
  value: unknown,
  faults: RenderFaults,
  escape: (text: string) => string,
): string {
  if (value === undefined || value === null) {
    faults.miss(reference.name);
    return '';
  }
  try {
    return escape(
      typeof value === 'object' ? JSON.stringify(value) : `${value as string | number | boolean}`,
    );
  } catch {
    // encodeURIComponent throws on half a surrogate pair
    faults.refuse(reference.name, 'has characters that cannot be sent');
    return '';
  }
}
