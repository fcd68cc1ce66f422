import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { applyBinding } from './apply-binding.js';
import { checkDefinition } from './check-definition.js';
import { describeTool } from './describe/describe-tool.js';
import type { ToolBinding } from './tool-binding.js';
import type { ToolDefinition } from './tool-definition.js';

const tool = toolDefinition({
  parameters: strings('order_id', 'region', 'note?'),
  bind: { source: 'phone' },
  messages: { start: 'One moment', complete: 'Done' },
  request: {
    url: 'https://api.example.com/orders/:order_id',
    headers: [
      { name: 'X-Team', value: 'all' },
      { name: 'X-Note', value: '{{note}}' },
    ],
    pathParameters: [{ name: 'order_id', default: 'ORD-1', useDefault: true }],
  },
});

type Overrides = Omit<ToolBinding, 'key'>;
const apply = (overrides: Overrides, to = tool) => applyBinding(to, { key: 'get_order', ...overrides });
function bound(overrides: Overrides): ToolDefinition {
  const applied = apply(overrides);
  if (!applied.ok) throw new Error(JSON.stringify(applied.problems));
  return applied.definition;
}

describe('a tool as an agent has it', () => {
  it('is the tool itself where nothing is different', () => {
    expect(bound({})).toBe(tool);
    expect(bound({ version: 3 })).toBe(tool);
  });

  it.each<[string, Overrides, (definition: ToolDefinition) => unknown, unknown]>([
    [
      'replaces headers in place, whatever their case, and adds others',
      { headers: [{ name: 'x-team', value: '{{agent_id}}' }, { name: 'X-New', value: 'n' }] }, // prettier-ignore
      ({ request }) => request.headers,
      [
        { name: 'x-team', value: '{{agent_id}}' },
        { name: 'X-Note', value: '{{note}}' },
        { name: 'X-New', value: 'n' },
      ],
    ],
    [
      'replaces a path parameter whole: a default of the tool does not outlive a value of the agent',
      { pathParameters: [{ name: 'order_id', value: '{{contact.order}}' }] },
      ({ request }) => request.pathParameters,
      [{ name: 'order_id', value: '{{contact.order}}' }],
    ],
    [
      'tells the model otherwise about an argument, and does not ask for one that has a default',
      { parameters: { region: { description: 'Where', default: 'eu', enum: ['eu', 'us'] } } },
      ({ parameters }) => [(parameters.properties as Record<string, unknown>).region, parameters.required],
      [{ type: 'string', description: 'Where', default: 'eu', enum: ['eu', 'us'] }, ['order_id']],
    ],
    [
      'takes a bound argument away from the model',
      { bind: { region: 'eu' } },
      (definition) => [definition.bind, describeTool(definition, 'patchbay').parameters],
      [{ source: 'phone', region: 'eu' }, strings('order_id', 'note?')],
    ],
    [
      'replaces messages by kind',
      { messages: { complete: 'All set' } },
      ({ messages }) => messages,
      { start: 'One moment', complete: 'All set' },
    ],
  ])('%s', (_what, overrides, part, expected) => {
    const definition = bound(overrides);

    expect(part(definition)).toEqual(expected);
    expect(checkDefinition(definition)).toEqual([]);
  });

  it('leaves the tool as it was', () => {
    const before = JSON.stringify(tool);
    bound({
      headers: [{ name: 'X-Team', value: 'front' }],
      bind: { region: 'eu' },
      messages: { start: 'Well' },
    });

    expect(JSON.stringify(tool)).toBe(before);
  });

  it.each<[string, Overrides, string, string]>([
    ['a header of ours', { headers: [{ name: 'Host', value: 'x' }] }, '/headers/0/name', 'not_allowed'],
    [
      'a header given twice',
      { headers: [{ name: 'X-Team', value: 'a' }, { name: 'x-team', value: 'b' }] }, // prettier-ignore
      '/headers/1/name',
      'duplicate',
    ],
    [
      'a new header given twice',
      { headers: [{ name: 'X-New', value: 'a' }, { name: 'X-New', value: 'b' }] }, // prettier-ignore
      '/headers/1/name',
      'duplicate',
    ],
    [
      'an unknown name in a header',
      { headers: [{ name: 'X-Other', value: '{{nobody}}' }] },
      '/headers/0/value',
      'unknown_name',
    ],
    [
      'a path parameter that is in no path',
      { pathParameters: [{ name: 'customer', value: '7' }] },
      '/pathParameters/0/name',
      'unknown_name',
    ],
    [
      'a default that is not on purpose',
      { pathParameters: [{ name: 'order_id', default: '7' }] },
      '/pathParameters/0/default',
      'not_allowed',
    ],
    ['an argument there is not', { parameters: { colour: {} } }, '/parameters/colour', 'unknown_name'],
    [
      'a default outside the list',
      { parameters: { region: { default: 'moon', enum: ['eu'] } } },
      '/parameters/region/default',
      'not_allowed',
    ],
    [
      'what is told of an argument the model does not see',
      { parameters: { region: { default: 'eu' } }, bind: { region: 'us' } },
      '/parameters/region',
      'not_allowed',
    ],
    ['a bound name of the context', { bind: { call_id: 'x' } }, '/bind/call_id', 'not_allowed'],
    ['an open placeholder', { bind: { region: '{{contact.' } }, '/bind/region', 'wrong_format'],
  ])('is refused %s, with a pointer into the binding', (_what, overrides, pointer, code) => {
    const applied = apply(overrides);

    expect(applied).toEqual({ ok: false, problems: [expect.objectContaining({ pointer, code })] });
  });

  it('lists every problem at once, also what no longer fits a tool that has changed', () => {
    const changed = toolDefinition({
      parameters: strings('first'),
      bind: { whole: '{{first}}' },
      request: { url: 'https://api.example.com/orders' },
    });

    const applied = apply(
      { bind: { first: 'x' }, pathParameters: [{ name: 'order_id', value: '7' }] },
      changed,
    );

    expect(applied).toEqual({
      ok: false,
      problems: expect.arrayContaining([
        expect.objectContaining({ pointer: '/pathParameters/0/name' }),
        { pointer: '', code: 'unknown_name', message: expect.stringContaining('`/bind/whole`') },
      ]),
    });
  });

  it('does not mistake a name of every object for an argument', () => {
    const parameters = JSON.parse('{"__proto__":{"default":"x"},"toString":{"default":"x"}}') as object;

    expect(apply({ parameters } as Overrides)).toMatchObject({
      ok: false,
      problems: [{ pointer: '/parameters/__proto__' }, { pointer: '/parameters/toString' }],
    });
  });
});
