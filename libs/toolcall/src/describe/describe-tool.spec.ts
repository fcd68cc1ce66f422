import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import type { Burden } from '../tool-definition.js';
import { describeTool, type SchemaFormat } from './describe-tool.js';

const definition = toolDefinition({
  parameters: {
    ...strings('order_id', 'customer_id'),
    $schema: 'https://json-schema.org/draft/2020-12/schema',
  },
  bind: { customer_id: '{{contact.id}}' },
  burden: 'confirmed',
  request: { method: 'DELETE' },
});

describe('a tool described to a model', () => {
  it.each<[SchemaFormat, string, object]>([
    ['openai', 'parameters', { type: 'function', name: 'get_order', strict: true }],
    ['anthropic', 'input_schema', { name: 'get_order' }],
    ['gemini', 'parameters', { name: 'get_order' }],
    ['mcp', 'inputSchema', { name: 'get_order', title: 'Get order' }],
    ['patchbay', 'parameters', { key: 'get_order', burden: 'confirmed' }],
  ])('for %s has its arguments under `%s`, without what the tool binds', (format, under, expected) => {
    const described = describeTool(definition, format);
    const schema = described[under] as { properties: object; required: string[] };

    expect(described).toMatchObject(expected);
    expect([Object.keys(schema.properties), schema.required]).toEqual([['order_id'], ['order_id']]);
    expect(JSON.stringify(described)).not.toContain('customer_id');
  });

  it.each<SchemaFormat>(['openai', 'anthropic', 'gemini', 'mcp'])('for %s names no dialect', (format) => {
    expect(JSON.stringify(describeTool(definition, format))).not.toContain('$schema');
  });

  it.each<[Burden, string]>([
    ['ambient', 'silently'],
    ['conversational', 'when the conversation calls for it'],
    ['requested', 'only when the caller has explicitly asked'],
    ['confirmed', 'Ask the caller before using this'],
    ['verified', 'only after the caller’s identity has been verified'],
  ])('of burden `%s` is told so in words it can follow', (burden, words) => {
    for (const format of ['openai', 'anthropic', 'gemini', 'mcp'] as const) {
      const { description } = describeTool({ ...definition, burden }, format);

      expect(description).toContain(words);
      expect(description).toContain('Looks up an order by its number. ');
    }
  });

  it('has the builder’s sentence ended before the next begins', () => {
    const unfinished = { ...definition, description: 'Looks up an order' };

    expect(describeTool(unfinished, 'mcp').description).toMatch(/^Looks up an order\. Ask/);
  });

  it('for Anthropic has every keyword of JSON Schema, and what is only ours in words', () => {
    const parameters = {
      type: 'object',
      properties: {
        phone: { type: 'string', format: 'phone', description: 'Whom to call' },
        when: { type: 'string', format: 'date', default: '2026-05-01' },
        tags: { type: 'array', items: { type: 'string', format: 'phone' }, maxItems: 3 },
        notes: { type: 'object', additionalProperties: { type: 'string', format: 'phone' } },
      },
    };
    const { input_schema } = describeTool(toolDefinition({ parameters }), 'anthropic');
    const words = 'A phone number, best with its country: +14155550100.';

    expect(input_schema).toEqual({
      type: 'object',
      properties: {
        phone: { type: 'string', description: `Whom to call. ${words}` },
        when: { type: 'string', format: 'date', default: '2026-05-01' },
        tags: { type: 'array', items: { type: 'string', description: words }, maxItems: 3 },
        notes: { type: 'object', additionalProperties: { type: 'string', description: words } },
      },
      required: [],
    });
  });

  it('is described without being changed', () => {
    const before = structuredClone(definition);
    for (const format of ['openai', 'anthropic', 'gemini', 'mcp', 'patchbay'] as const)
      describeTool(definition, format);

    expect(definition).toEqual(before);
  });
});
