import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import type { Burden, HttpMethod } from '../tool-definition.js';
import { mcpTool } from './mcp-tool.js';

type Hints = 'reads' | 'adds' | 'sets' | 'destroys' | 'changes';

/** What the hints say together. */
const hints: Record<Hints, object> = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  adds: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  sets: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  destroys: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  changes: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
};

describe('a tool in the Model Context Protocol', () => {
  it('has its arguments as JSON Schema, under its name and title', () => {
    expect(mcpTool(toolDefinition({ parameters: strings('order_id') }))).toEqual({
      name: 'get_order',
      title: 'Get order',
      description: expect.stringMatching(/^Looks up an order by its number\. Use it when/),
      inputSchema: strings('order_id'),
      annotations: { ...hints.reads, title: 'Get order', openWorldHint: true },
    });
  });

  it.each<[HttpMethod, Burden, boolean | undefined, Hints]>([
    ['GET', 'conversational', undefined, 'reads'],
    ['GET', 'verified', undefined, 'reads'],
    ['GET', 'conversational', true, 'adds'],
    ['GET', 'confirmed', true, 'changes'],
    ['POST', 'conversational', undefined, 'adds'],
    ['POST', 'requested', undefined, 'adds'],
    ['POST', 'confirmed', undefined, 'changes'],
    ['POST', 'verified', undefined, 'changes'],
    ['POST', 'conversational', false, 'reads'],
    ['PUT', 'conversational', undefined, 'sets'],
    ['PATCH', 'conversational', undefined, 'changes'],
    ['DELETE', 'ambient', undefined, 'destroys'],
    ['DELETE', 'confirmed', false, 'reads'],
  ])(
    'that does a %s, of burden `%s`, with `writes: %s`, says that it %s',
    (method, burden, writes, expected) => {
      const execution = writes === undefined ? {} : { writes };
      const { annotations } = mcpTool(toolDefinition({ burden, execution, request: { method } }));

      expect(annotations).toMatchObject(hints[expected]);
    },
  );
});
