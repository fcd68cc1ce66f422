import { shownParameters } from './shown-parameters.js';
import type { Burden, ToolDefinition } from './tool-definition.js';

/** The forms in which vendors of language models want a function described. */
export type SchemaFormat = 'patchbay' | 'openai' | 'anthropic' | 'gemini' | 'mcp';

/** What a burden asks of a model, in words it follows. */
const guidance: Record<Burden, string> = {
  ambient: 'Use it silently, without mentioning it to the caller.',
  conversational: 'Use it when the conversation calls for it, saying briefly what you are doing.',
  requested: 'Use it only when the caller has explicitly asked for it.',
  confirmed: 'Before using it, say what you are about to do and get the caller’s explicit yes.',
  verified: 'Use it only after the caller’s identity has been verified.',
};

/** A tool as a function schema of one vendor. What the tool binds itself is not in it: the model never sees it. */
export function describeTool(definition: ToolDefinition, format: SchemaFormat): Record<string, unknown> {
  const { key, name, burden } = definition;
  const description = `${definition.description} ${guidance[burden]}`;
  const parameters = shownParameters(definition);
  const { method } = definition.request;
  switch (format) {
    case 'patchbay':
      return { key, name, description: definition.description, burden, parameters };
    case 'openai':
      return { type: 'function', name: key, description, parameters };
    case 'anthropic':
      return { name: key, description, input_schema: parameters };
    case 'gemini':
      return { name: key, description, parametersJsonSchema: parameters };
    case 'mcp':
      return {
        name: key,
        title: name,
        description,
        inputSchema: parameters,
        annotations: {
          title: name,
          readOnlyHint: method === 'GET',
          destructiveHint: method === 'DELETE',
          idempotentHint: method !== 'POST' && method !== 'PATCH',
          openWorldHint: true,
        },
      };
  }
}
