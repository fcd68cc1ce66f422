import { normalizeDefinition } from '#toolcall/normalize-definition';
import type { ToolDefinition, ToolDefinitionInput } from '#toolcall/tool-definition';

type Overrides = Partial<Omit<ToolDefinitionInput, 'request'>> & {
  request?: Partial<ToolDefinitionInput['request']>;
};

/** What a builder would send for a small tool that looks up an order; override what the test is about. */
export function toolInput({ request, ...overrides }: Overrides = {}): ToolDefinitionInput {
  return {
    key: 'get_order',
    name: 'Get order',
    description: 'Looks up an order by its number.',
    ...overrides,
    request: { method: 'GET', url: 'https://api.example.com/orders', ...request },
  };
}

/** The same in normal form. */
export function toolDefinition(overrides: Overrides = {}): ToolDefinition {
  return normalizeDefinition(toolInput(overrides));
}

/** JSON Schema of arguments: `strings('a', 'b?')` requires `a`, allows `b`. */
export function strings(...names: string[]): Record<string, unknown> {
  const bare = names.map((name) => name.replace('?', ''));
  return {
    type: 'object',
    properties: Object.fromEntries(bare.map((name) => [name, { type: 'string' }])),
    required: names.filter((name) => !name.endsWith('?')),
  };
}
