import { bodyStrings } from './body-template.js';
import { presenceAt } from './argument-presence.js';
import { callVariableNames } from './call-variables.js';
import type { ParameterSchema } from './parameters/parameter-schema.js';
import {
  parseTemplate,
  referencesOf,
  wholePlaceholder,
  type Reference,
  type TemplateParts,
  type TemplateSyntax,
} from './parse-template.js';
import { contextNames } from './scope.js';
import { shownParameters } from './shown-parameters.js';
import { hasDefault } from './template-filters.js';
import type { ToolDefinition } from './tool-definition.js';
import type { UrlTemplate } from './url-template.js';

/**
 * What a name in a template can count on:
 * `given` always has a value; `optional` is an argument that may be absent, and then takes its place along;
 * `expected` comes from bind, context or call and stops the execution when it is absent;
 * `secret` is opened by the vault after the request has been rendered, whatever arguments there are;
 * `impossible` is part of something declared that has no such part; `unknown` is nothing's name.
 */
export type Standing = 'given' | 'optional' | 'expected' | 'secret' | 'impossible' | 'unknown';

/** How secrets are called that templates name, and nothing else is unless it is declared. */
export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

/** What is known whoever calls. */
const alwaysKnown: readonly string[] = ['org_id', 'current_date', 'current_datetime'];

/** Compiles what every reference of a definition's request can count on. */
export function compileStandings(definition: ToolDefinition): (reference: Reference) => Standing {
  const ofUnbound = compileUnboundStandings(definition);
  const bound = new Map(
    Object.entries(definition.bind ?? {}).map(([name, text]) => [name, boundStanding(text, ofUnbound)]),
  );
  return (reference) => {
    const ofBound = bound.get(headOf(reference));
    return ofBound ? withDefault(reference, ofBound(reference)) : ofUnbound(reference);
  };
}

/** The same for the templates of `bind`, which know no bound name. */
export function compileUnboundStandings(definition: ToolDefinition): (reference: Reference) => Standing {
  const schema = shownParameters(definition) as ParameterSchema;
  const declared = new Set(Object.keys(schema.properties ?? {}));
  const bound = Object.keys(definition.bind ?? {});
  const others = new Set([...contextNames, ...callVariableNames(definition)]);
  return (reference) => {
    const head = headOf(reference);
    if (bound.includes(head)) return 'unknown';
    if (alwaysKnown.includes(head) && reference.path.length === 1) return 'given';
    const standing = declared.has(head) ? argumentStanding(schema, reference) : undefined;
    if (standing && standing !== 'impossible') return withDefault(reference, standing);
    if (others.has(head)) return withDefault(reference, 'expected');
    return standing ?? (SECRET_NAME.test(reference.name) ? 'secret' : 'unknown');
  };
}

function argumentStanding(schema: ParameterSchema, { path }: Reference): Standing {
  const presence = presenceAt(schema, path);
  if (presence === 'always') return 'given';
  return presence === 'sometimes' ? 'optional' : 'impossible';
}

function boundStanding(
  text: string,
  ofUnbound: (reference: Reference) => Standing,
): (reference: Reference) => Standing {
  const parsed = parseTemplate(text);
  const parts = parsed.ok ? parsed.parts : [];
  const whole = wholePlaceholder(parts);
  const standings = referencesOf(parts).map(ofUnbound);
  const own = standings.includes('optional') ? 'optional' : 'expected';
  return ({ path }) => {
    if (path.length === 1) return own;
    return whole ? ofUnbound({ ...whole, path: [...whole.path, ...path.slice(1)] }) : 'impossible';
  };
}

function withDefault(reference: Reference, standing: Standing): Standing {
  return hasDefault(reference) && (standing === 'optional' || standing === 'expected') ? 'given' : standing;
}

function headOf({ path }: Reference): string {
  return String(path[0]);
}

/** The first step of every reference in the request and in `bind`. */
export function usedNames({ request, bind = {} }: ToolDefinition, url: UrlTemplate): Set<string> {
  const { headers = [], query = [], pathParameters = [], body, angleBrackets } = request;
  const used = new Set<string>();
  const use = (parts: TemplateParts) => {
    for (const reference of referencesOf(parts)) used.add(headOf(reference));
  };
  const useText = (text: string, syntax?: TemplateSyntax) => {
    const parsed = parseTemplate(text, syntax);
    if (parsed.ok) use(parsed.parts);
  };
  url.segments.forEach(use);
  url.query.forEach(({ value }) => use(value));
  for (const { value = '' } of [...headers, ...query, ...pathParameters]) useText(value, { angleBrackets });
  for (const { text } of body ? bodyStrings(body) : []) useText(text, { angleBrackets });
  for (const text of Object.values(bind)) useText(text);
  return used;
}
