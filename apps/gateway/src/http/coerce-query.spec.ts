import { describe, expect, it } from '@jest/globals';
import Type from 'typebox';
import { coerceQuery } from './coerce-query.js';

const schema = Type.Object({
  limit: Type.Optional(Type.Integer()),
  ratio: Type.Optional(Type.Number()),
  isTest: Type.Optional(Type.Boolean()),
  text: Type.Optional(Type.String()),
  status: Type.Optional(Type.Enum(['1', '2'])),
});

describe('a query parameter', () => {
  it.each<[string, unknown, unknown]>([
    ['limit', '7', 7],
    ['limit', '-7', -7],
    ['limit', '7.5', 7.5],
    ['limit', '', ''],
    ['limit', ' 7', ' 7'],
    ['limit', '0x10', '0x10'],
    ['limit', '1e3', '1e3'],
    ['limit', 'Infinity', 'Infinity'],
    ['limit', ['7', '8'], ['7', '8']],
    ['ratio', '0.25', 0.25],
    ['isTest', 'true', true],
    ['isTest', 'false', false],
    ['isTest', '1', '1'],
    ['text', '7', '7'],
    ['status', '1', '1'],
    ['unknown', '7', '7'],
    ['toString', '7', '7'],
  ])('%s=%j is %j', (name, given, expected) => {
    expect(coerceQuery(schema, { [name]: given })).toEqual({ [name]: expected });
  });
});
