import { bodyStrings } from './body-template.js';
import { compileStandings } from './known-names.js';
import { parseTemplate, referencesOf, type TemplateParts } from './parse-template.js';
import type { ToolDefinition } from './tool-definition.js';
import { parseUrlTemplate } from './url-template.js';

/** A secret that a request names, and where it does so first. */
export interface SecretReference {
  readonly name: string;
  /** JSON Pointer into the definition. */
  readonly pointer: string;
}

/** The secrets that a checked definition's request names, each once. */
export function secretReferences(definition: ToolDefinition): readonly SecretReference[] {
  const standingOf = compileStandings(definition);
  const found = new Map<string, string>();
  for (const [pointer, parts] of templatesOf(definition)) {
    for (const reference of referencesOf(parts)) {
      const { name } = reference;
      if (!found.has(name) && standingOf(reference) === 'secret') found.set(name, pointer);
    }
  }
  return [...found].map(([name, pointer]) => ({ name, pointer }));
}

export function secretNames(definition: ToolDefinition): readonly string[] {
  return secretReferences(definition).map(({ name }) => name);
}

/** The templates of a request that a secret can be part of. */
function templatesOf({ request }: ToolDefinition): (readonly [pointer: string, parts: TemplateParts])[] {
  const { url, headers = [], query = [], body, angleBrackets } = request;
  const parsed = parseUrlTemplate(url, { angleBrackets });
  const texts = [
    ...headers.map(({ value }, index) => [`/request/headers/${index}/value`, value] as const),
    ...query.map(({ value }, index) => [`/request/query/${index}/value`, value] as const),
    ...(body ? bodyStrings(body) : []).map(({ pointer, text }) => [`/request/body${pointer}`, text] as const),
  ];
  return [
    ...(parsed.ok ? parsed.url.query : []).map(({ value }) => ['/request/url', value] as const),
    ...texts.flatMap(([pointer, text]) => {
      const template = parseTemplate(text, { angleBrackets });
      return template.ok ? [[pointer, template.parts] as const] : [];
    }),
  ];
}
