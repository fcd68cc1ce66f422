import type { Problem } from '../problem.js';
import type { ToolDefinitionInput } from '../tool-definition.js';
import { formProblems } from './check-tool.js';
import type { ImportRequest, Reading } from './imported.js';
import { isObject, scalarText, type JsonObject } from './json-nodes.js';
import { toolNodes } from './product-fields.js';
import type { Selection } from './selection.js';

/** Reads Patchbay's own definitions: one, a list, what the export gives, or what `GET /v1/tools` answers. */
export function readPatchbay(request: ImportRequest, selection: Selection): Reading {
  const problems: Problem[] = [];
  const drafts = toolNodes(request.source, ['tools', 'items']).flatMap(({ node, at }) => {
    const isWrapped = isObject(node.definition);
    const definition: JsonObject = isObject(node.definition) ? node.definition : node;
    const where = isWrapped ? `${at}/definition` : at;
    if (!selection.takes([scalarText(definition.key), scalarText(definition.name)])) return [];
    const found = formProblems(definition).map((one) => ({ ...one, pointer: `${where}${one.pointer}` }));
    problems.push(...found);
    if (found.length > 0) return [];
    return [{ where, definition: definition as unknown as ToolDefinitionInput, secrets: [], problems: [] }];
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, drafts, dropped: [] };
}
