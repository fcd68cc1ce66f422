import { toolInput } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { checkDefinition } from '../check-definition.js';
import { asSent, normalizeDefinition } from '../normalize-definition.js';
import type { VariableDeclaration } from '../tool-definition.js';
import { schemaFromVariables } from './variables.js';

type Row = [type: VariableDeclaration['type'], schema: object, text: unknown, typed: unknown];

describe('a list of variables', () => {
  it.each<Row>([
    ['string', { type: 'string' }, 'ORD-1', 'ORD-1'],
    ['integer', { type: 'integer' }, '42', 42],
    ['float', { type: 'number' }, '1250.5', 1250.5],
    ['boolean', { type: 'boolean' }, 'true', true],
    ['date', { type: 'string', format: 'date' }, '2026/11/21', '2026-11-21'],
    ['email', { type: 'string', format: 'email' }, ' a@b.co ', 'a@b.co'],
    ['phone', { type: 'string', format: 'phone' }, '(415) 555-0100', '+14155550100'],
  ])('has %s as JSON Schema, and its example and default in that type', (type, schema, text, typed) => {
    const variable = { name: 'v', type, description: 'D', example: text, default: text };

    expect(schemaFromVariables([variable], 'US')).toEqual({
      type: 'object',
      properties: { v: { ...schema, description: 'D', examples: [typed], default: typed } },
    });
  });

  it('has no default where the variable has to be asked for', () => {
    const variable: VariableDeclaration = { name: 'v', type: 'string', required: true, default: 'x' };

    expect(schemaFromVariables([variable])).toEqual({
      type: 'object',
      properties: { v: { type: 'string' } },
      required: ['v'],
    });
  });

  it('is refused where it was written', () => {
    const input = toolInput({
      defaultRegion: 'XX',
      variables: [
        { name: 'a', type: 'integer', default: 'many' },
        { name: 'b', type: 'date', example: 'tomorrow' },
        { name: 'constructor', type: 'string' },
      ],
    });

    const problems = checkDefinition(normalizeDefinition(input)).map((problem) => asSent(problem, input));
    expect(problems).toEqual([
      expect.objectContaining({ pointer: '/variables/2/name', code: 'not_allowed' }),
      expect.objectContaining({ pointer: '/defaultRegion', message: expect.stringContaining('such as US') }),
    ]);

    const others = { ...input, variables: input.variables?.slice(0, 2) };
    expect(
      checkDefinition(normalizeDefinition(others)).map((problem) => asSent(problem, others).pointer),
    ).toEqual(['/variables/0/default', '/variables/1/example', '/defaultRegion']);
  });
});
