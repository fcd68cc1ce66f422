import { parseBody, type BodyTemplate, type FieldTemplate } from './body-template.js';
import { wholePlaceholder, type Reference, type TemplateParts } from './parse-template.js';
import {
  compileJson,
  compileReference,
  compileText,
  OMIT,
  toText,
  type IsOptional,
  type RenderFaults,
  type Renderer,
  type TextPosition,
} from './render-template.js';
import type { Scope } from './scope.js';
import type { RequestBody } from './tool-definition.js';
import { parseXmlTemplate } from './xml-template.js';

/** A field of a `multipart/form-data` body; with a file name it is a text file. */
export interface RenderedField {
  readonly name: string;
  readonly value: string;
  readonly fileName?: string;
  readonly contentType?: string;
}

/** A body before it is bytes: a credential may still have to go into it. */
export type RenderedBody =
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'form'; readonly pairs: readonly Pair[] }
  | { readonly type: 'multipart'; readonly fields: readonly RenderedField[] }
  | { readonly type: 'text' | 'xml'; readonly text: string };

export type Pair = readonly [name: string, value: string];

/** How a definition's templates are read, and which of their names may be absent. */
export interface TemplateRules {
  readonly parse: (text: string) => TemplateParts;
  /** Parts that were read already, the secrets among them told from other names. */
  readonly withSecrets: (parts: TemplateParts) => TemplateParts;
  readonly isOptional: IsOptional;
}

const never: IsOptional = () => false;

/** Compiles a body that `parseBody` can read; undefined when there is none to send. */
export function compileBody(
  definition: RequestBody,
  rules: TemplateRules,
): Renderer<RenderedBody | undefined> | undefined {
  const parsed = parseBody(definition);
  if (!parsed.ok) throw new Error(`The body: ${parsed.problems[0]?.message ?? 'cannot be read'}`);
  return compileParsed(parsed.body, rules);
}

function compileParsed(
  body: BodyTemplate,
  rules: TemplateRules,
): Renderer<RenderedBody | undefined> | undefined {
  switch (body.type) {
    case 'none':
      return undefined;
    case 'json':
      return compileJsonBody(body.value, rules);
    case 'form': {
      const writers = body.fields.map(({ name, value }) =>
        compilePair(name, rules.parse(value), rules.isOptional),
      );
      return (scope, faults) => ({ type: 'form', pairs: writePairs(writers, scope, faults) });
    }
    case 'multipart': {
      const writers = body.fields.map((field) => compileField(field, rules));
      return (scope, faults) => {
        const fields: RenderedField[] = [];
        for (const write of writers) write(fields, scope, faults);
        return { type: 'multipart', fields };
      };
    }
    case 'text':
      return compileTextBody('text', rules.parse(body.text), undefined);
    case 'xml': {
      const parts = rules.parse(body.text);
      const parsed = parseXmlTemplate(parts);
      if (!parsed.ok) throw new Error(`The body ${parsed.message}`);
      return compileTextBody('xml', parts, parsed.positions);
    }
  }
}

function compileJsonBody(
  template: unknown,
  { parse, isOptional }: TemplateRules,
): Renderer<RenderedBody | undefined> {
  const render = compileJson(template, parse, isOptional);
  return (scope, faults) => {
    const value = render(scope, faults);
    return value === OMIT ? undefined : { type: 'json', value };
  };
}

/** In running text there is nothing smaller than the text that an absent name could take along: it is asked for. */
function compileTextBody(
  type: 'text' | 'xml',
  parts: TemplateParts,
  positions: ReadonlyMap<Reference, TextPosition> | undefined,
): Renderer<RenderedBody> {
  const render = compileText(parts, never, positions && ((reference) => positions.get(reference) ?? {}));
  return (scope, faults) => {
    const text = render(scope, faults);
    return { type, text: text === OMIT ? '' : text };
  };
}

/** Adds what it renders, if anything. */
export type Writer<Item> = (into: Item[], scope: Scope, faults: RenderFaults) => void;

/** A pair of a query or form. A list that is all of its value makes a pair of each item; an absent optional name none. */
export function compilePair(name: string, parts: TemplateParts, isOptional: IsOptional): Writer<Pair> {
  const whole = wholePlaceholder(parts);
  if (whole) return compileWhole(whole, isOptional(whole), (into, text) => into.push([name, text]));
  const render = compileText(parts, isOptional);
  return (into, scope, faults) => {
    const text = render(scope, faults);
    if (text !== OMIT) into.push([name, text]);
  };
}

/** What the writers write, in order. */
export function writePairs(
  writers: readonly Writer<Pair>[],
  scope: Scope,
  faults: RenderFaults,
): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const write of writers) write(pairs, scope, faults);
  return pairs;
}

function compileWhole<Item>(
  whole: Reference,
  isOptional: boolean,
  add: (into: Item[], text: string) => void,
): Writer<Item> {
  const read = compileReference(whole);
  return (into, scope, faults) => {
    const value = read(scope);
    if (value === undefined || value === null) {
      if (!isOptional) faults.miss(whole.name);
    } else if (Array.isArray(value)) {
      for (const item of value as unknown[]) if (item !== undefined && item !== null) add(into, toText(item));
    } else {
      add(into, toText(value));
    }
  };
}

function compileField(
  { name, value, fileName, contentType }: FieldTemplate,
  { parse, isOptional }: TemplateRules,
): Writer<RenderedField> {
  const type = contentType === undefined ? {} : { contentType };
  const parts = parse(value);
  const whole = wholePlaceholder(parts);
  if (whole && fileName === undefined)
    return compileWhole(whole, isOptional(whole), (into, text) => into.push({ name, value: text, ...type }));
  const render = compileText(parts, isOptional);
  const renderFileName = fileName === undefined ? undefined : compileText(parse(fileName), isOptional);
  return (into, scope, faults) => {
    const text = render(scope, faults);
    const file = renderFileName?.(scope, faults);
    if (text === OMIT || file === OMIT) return;
    into.push({ name, value: text, ...(file !== undefined && { fileName: file }), ...type });
  };
}
