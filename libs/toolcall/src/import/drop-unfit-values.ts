import type { Problem } from '../problem.js';
import type { ToolDefinitionInput } from '../tool-definition.js';
import type { Dropped } from './imported.js';

/** An example or a default, of a parameter at any depth or of a declared variable. */
const UNFIT =
  /^(\/parameters(?:\/(?:properties\/[^/]+|items|additionalProperties))*\/(?:examples|default)|\/variables\/\d+\/(?:example|default))(?:\/|$)/;

/**
 * Leaves out examples and defaults that do not satisfy the schema they stand in: documents are full of them, and nobody
 * should have to correct a hundred before anything can be imported.
 */
export function dropUnfitValues(
  definition: ToolDefinitionInput,
  problems: readonly Problem[],
  where: string,
  drop: (dropped: Dropped) => void,
): ToolDefinitionInput {
  const places = new Map(
    problems.flatMap(({ pointer, message }) => {
      const [, place] = UNFIT.exec(pointer) ?? [];
      return place === undefined ? [] : [[place, message] as const];
    }),
  );
  let clean: unknown = definition;
  for (const [place, why] of places) {
    clean = without(clean, place.split('/').slice(1).map(unescape));
    drop({ where, what: `\`${place}\``, why });
  }
  return clean as ToolDefinitionInput;
}

function without(value: unknown, [key = '', ...rest]: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (String(index) === key ? without(item, rest) : item));
  const entries = Object.entries(value).flatMap(([name, item]): [string, unknown][] => {
    if (name !== key) return [[name, item]];
    return rest.length === 0 ? [] : [[name, without(item, rest)]];
  });
  return Object.fromEntries(entries);
}

function unescape(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
