import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { describeTool } from './describe-tool.js';

const definition = toolDefinition({
  parameters: strings('order_id', 'customer_id'),
  bind: { customer_id: '{{contact.id}}' },
  burden: 'confirmed',
  request: { method: 'DELETE' },
});

describe('a tool described to a model', () => {
  it.each([
    ['openai', 'parameters', { type: 'function', name: 'get_order' }],
    ['anthropic', 'input_schema', { name: 'get_order' }],
    ['gemini', 'parametersJsonSchema', { name: 'get_order' }],
    [
      'mcp',
      'inputSchema',
      { name: 'get_order', annotations: { destructiveHint: true, readOnlyHint: false } },
    ],
    ['patchbay', 'parameters', { key: 'get_order', burden: 'confirmed' }],
  ] as const)(
    'for %s has its arguments under `%s`, without what the tool binds',
    (format, under, expected) => {
      const described = describeTool(definition, format);

      expect(described).toMatchObject(expected);
      expect(described[under]).toEqual({
        type: 'object',
        properties: { order_id: { type: 'string' } },
        required: ['order_id'],
      });
    },
  );

  it('is told in words what its burden asks', () => {
    expect(describeTool(definition, 'openai').description).toContain('explicit yes');
  });
});
