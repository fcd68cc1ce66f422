import { pointerToken, type Problem } from '../problem.js';
import { Scrubber } from '../scrub.js';
import { secretParts } from '../secret-parts.js';
import type { FoundSecret, ImportedTool, ImportResult } from './imported.js';

type Imported = Extract<ImportResult, { ok: true }>;

/** The values in clear of what was found, and of what is secret within them. */
export function secretValues(secrets: readonly FoundSecret[]): string[] {
  return secrets.flatMap(({ place, value }) => {
    if (value === undefined) return [];
    if (place.in === 'basic') return [value, Buffer.from(`${place.username}:${value}`).toString('base64')];
    return secretParts(value);
  });
}

/**
 * Looks for the secrets once more, everywhere: one that stands at a second place, where no credential would put it, is
 * taken out there too, and its tool refused. Words too short or too plain to be looked for are not.
 */
export function sweepSecrets(imported: Imported, secrets: readonly string[]): Imported {
  const values = [...new Set(secrets)].filter(isTelling);
  if (values.length === 0) return imported;
  const scrubber = new Scrubber(values);
  const text = (value: string) => scrubber.scrub(value);
  return {
    ...imported,
    tools: imported.tools.map((tool) => sweepTool(tool, scrubber)),
    dropped: imported.dropped.map(({ where, what, why }) => ({ where, what: text(what), why: text(why) })),
  };
}

function isTelling(value: string): boolean {
  return value.length >= 8 || (value.length >= 5 && /\d/.test(value) && /\D/.test(value));
}

function sweepTool(tool: ImportedTool, scrubber: Scrubber): ImportedTool {
  const { definition } = tool;
  const problems = scrubber.scrubValue(tool.problems) as readonly Problem[];
  const json = JSON.stringify(definition);
  if (scrubber.scrub(json) === json) return { ...tool, problems };
  const places: string[] = [];
  collect(definition, '', scrubber, places);
  return {
    ...tool,
    definition: scrubber.scrubValue(definition) as typeof definition,
    problems: [
      ...places.map((pointer) => ({
        pointer,
        code: 'not_allowed',
        message: 'holds a secret of the source, where no credential can put it',
      })),
      ...problems,
    ],
  };
}

function collect(value: unknown, pointer: string, scrubber: Scrubber, places: string[]): void {
  if (typeof value === 'string') {
    if (scrubber.scrub(value) !== value) places.push(pointer);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const here = `${pointer}/${pointerToken(scrubber.scrub(key))}`;
      if (scrubber.scrub(key) !== key) places.push(here);
      collect(item, here, scrubber, places);
    }
  }
}
