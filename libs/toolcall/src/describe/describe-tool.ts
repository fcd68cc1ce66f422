import { shownParameters } from '../shown-parameters.js';
import type { ToolDefinition } from '../tool-definition.js';
import { geminiTool } from './gemini-tool.js';
import { describeWithGuidance } from './guidance.js';
import { mcpTool } from './mcp-tool.js';
import { openAiTool } from './openai-tool.js';
import { portableSchema } from './portable-schema.js';

/** The forms in which vendors of language models want a function described. */
export type SchemaFormat = 'patchbay' | 'openai' | 'anthropic' | 'gemini' | 'mcp';

/** A tool as a function schema of one vendor. What the tool binds itself is not in it: the model never sees it. */
export function describeTool(definition: ToolDefinition, format: SchemaFormat): Record<string, unknown> {
  const { key, name, description, burden } = definition;
  switch (format) {
    case 'patchbay':
      return { key, name, description, burden, parameters: shownParameters(definition) };
    case 'openai':
      return openAiTool(definition);
    case 'anthropic':
      return {
        name: key,
        description: describeWithGuidance(definition),
        input_schema: portableSchema(shownParameters(definition)),
      };
    case 'gemini':
      return geminiTool(definition);
    case 'mcp':
      return mcpTool(definition);
  }
}
