import type { ToolDefinition } from './tool-definition.js';

/** The parameters as the model sees and fills them: without what the tool binds itself. */
export function shownParameters({
  parameters,
  bind = {},
}: Pick<ToolDefinition, 'parameters' | 'bind'>): Record<string, unknown> {
  const { properties, required, ...rest } = parameters as { properties?: object; required?: string[] };
  const isShown = (name: string) => !Object.hasOwn(bind, name);
  const shown = Object.entries(properties ?? {}).filter(([name]) => isShown(name));
  return {
    type: 'object',
    ...rest,
    properties: Object.fromEntries(shown),
    required: Array.isArray(required) ? required.filter(isShown) : [],
  };
}
