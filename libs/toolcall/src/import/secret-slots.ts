import { normalizeDefinition } from '../normalize-definition.js';
import { secretNames } from '../secret-reference.js';
import { parseUrlTemplate } from '../url-template.js';
import type { CredentialSlot, ImportedTool, ImportFormat } from './imported.js';

/** Formats in which `{{CRM_API_KEY}}` is the name of a secret that is kept elsewhere, and no blank for a reader to fill in. */
const namesSecrets: ReadonlySet<ImportFormat> = new Set(['patchbay', 'http_tool']);

export function keepsSecretNames(format: ImportFormat): boolean {
  return namesSecrets.has(format);
}

/** The secrets that tools name, which have to be there before the tools can be saved. */
export function secretSlots(tools: readonly ImportedTool[]): readonly CredentialSlot[] {
  const slots = new Map<string, { origins: Set<string>; usedBy: string[] }>();
  for (const { definition: input, problems } of tools) {
    if (problems.length > 0) continue;
    const definition = normalizeDefinition(input);
    const url = parseUrlTemplate(definition.request.url);
    for (const name of secretNames(definition)) {
      const slot = slots.get(name) ?? { origins: new Set(), usedBy: [] };
      slots.set(name, slot);
      if (url.ok) slot.origins.add(url.url.origin);
      slot.usedBy.push(definition.key);
    }
  }
  return [...slots].map(([name, { origins, usedBy }]) => ({
    ...{ name, type: 'secret' as const, origins: [...origins], usedBy, found: false },
  }));
}
