import { strings, toolDefinition } from '#testing/tool-definition.builder';
import { describe, expect, it } from '@jest/globals';
import { callVariableNames, compileAllowedValues } from './call-variables.js';
import { checkDefinition } from './check-definition.js';

type Overrides = NonNullable<Parameters<typeof toolDefinition>[0]>;

describe('allowedValuesFrom', () => {
  const check = (path: string) =>
    compileAllowedValues(toolDefinition({ parameters: strings('id?'), allowedValuesFrom: { id: path } }))!;
  const callVariables = {
    order_id: 'ORD-1',
    latest: { id: 7 },
    orders: [{ id: 'ORD-1', items: [{ sku: 'A' }, { sku: 'B' }] }, { id: 22, items: [] }, { id: null }],
    ids: ['x', 1, true],
  };

  it.each<[string, unknown, boolean]>([
    ['orders[*].id', 'ORD-1', true],
    ['orders[*].id', '22', true],
    ['orders[*].id', 22, true],
    ['orders[*].id', 'ORD-2', false],
    ['orders[*].id', 'ord-1', false],
    ['orders[*].id', '', false],
    ['orders[*].id', 'null', false],
    ['orders[*].id', ['ORD-1', 22], true],
    ['orders[*].id', ['ORD-1', 'ORD-2'], false],
    ['orders[*].id', { id: 'ORD-1' }, false],
    ['orders[*].id', ['ORD-1', ['ORD-2']], false],
    ['orders[*].items[*].sku', 'B', true],
    ['orders[*].items[*].sku', 'ORD-1', false],
    ['orders[0].id', '22', false],
    ['orders', 'ORD-1', false],
    ['order_id', 'ORD-1', true],
    ['latest.id', 7, true],
    ['ids[*]', 'true', true],
    ['ids', '1', true],
    ['latest[*].id', '7', true],
    ['ids[1]', '1', true],
    ['orders[*].__count', 'x', false],
  ])('%s allows %j: %s', (path, value, allowed) => {
    expect(check(path)({ id: value }, callVariables)).toEqual(
      allowed ? undefined : { reason: 'not_among', argument: 'id', path, variable: path.split(/[.[]/)[0] },
    );
  });

  it('passes an argument that is absent, and nothing while no tool has returned what it is checked against', () => {
    expect(check('orders[*].id')({}, {})).toBeUndefined();
    expect(check('orders[*].id')({ id: null }, {})).toBeUndefined();
    expect(check('orders[*].id')({ id: 'ORD-1' }, { orders: null })).toMatchObject({
      reason: 'absent',
      variable: 'orders',
    });
    expect(check('toString')({ id: 'x' }, {})).toMatchObject({ reason: 'absent' });
    expect(check('orders[*].id')({ id: 'ORD-1' }, { orders: [] })).toMatchObject({ reason: 'not_among' });
  });

  it('reads no more of the call than its roots', () => {
    expect(
      callVariableNames(
        toolDefinition({
          parameters: strings('id'),
          callVariables: ['customer', 'orders'],
          allowedValuesFrom: { id: 'orders[*].id' },
        }),
      ),
    ).toEqual(['customer', 'orders']);
  });
});

describe('a definition', () => {
  it.each<[string, Overrides, string, string]>([
    ['a call variable of the context', { callVariables: ['contact'] }, '/callVariables/0', 'context already'],
    [
      'the status as a call variable',
      { callVariables: ['api_response_status'] },
      '/callVariables/0',
      'not kept',
    ],
    [
      'a prototype as a call variable',
      { callVariables: ['constructor'] },
      '/callVariables/0',
      'cannot be called',
    ],
    [
      'a bound call variable',
      { callVariables: ['x'], bind: { x: '1' } },
      '/callVariables/0',
      'bound values win',
    ],
    [
      'allowed values of no argument',
      { parameters: strings('id'), allowedValuesFrom: { order: 'orders[*].id' } },
      '/allowedValuesFrom/order',
      'there are: id',
    ],
    [
      'allowed values of a bound name',
      { parameters: strings('id'), bind: { id: '1' }, allowedValuesFrom: { id: 'orders[*].id' } },
      '/allowedValuesFrom/id',
      'there are: none',
    ],
    [
      'allowed values of an object',
      {
        parameters: { type: 'object', properties: { o: { type: 'object' } } },
        allowedValuesFrom: { o: 'orders' },
      },
      '/allowedValuesFrom/o',
      'to be compared',
    ],
    [
      'a path of allowed values that cannot be read',
      { parameters: strings('id'), allowedValuesFrom: { id: 'orders[].id' } },
      '/allowedValuesFrom/id',
      'orders[0].status',
    ],
    [
      'allowed values of no name',
      { parameters: strings('id'), allowedValuesFrom: { id: '[*].id' } },
      '/allowedValuesFrom/id',
      'begin with the name',
    ],
    [
      'allowed values from the context',
      { parameters: strings('id'), allowedValuesFrom: { id: 'contact.id' } },
      '/allowedValuesFrom/id',
      'context already',
    ],
  ])('with %s is refused', (_name, overrides, pointer, message) => {
    expect(checkDefinition(toolDefinition(overrides))).toEqual([
      expect.objectContaining({ pointer, message: expect.stringContaining(message) }),
    ]);
  });

  it('may name in templates what its arguments are checked against', () => {
    expect(
      checkDefinition(
        toolDefinition({
          parameters: strings('id'),
          allowedValuesFrom: { id: 'orders[*].id' },
          request: { query: [{ name: 'first', value: '{{orders[0].id}}' }] },
        }),
      ),
    ).toEqual([]);
  });
});
