import { describe, expect, it } from '@jest/globals';
import { presenceAt, type Presence } from './argument-presence.js';
import type { ParameterSchema } from './parameters/parameter-schema.js';
import { parsePath } from './value-path.js';

const schema = {
  type: 'object',
  properties: {
    must: { type: 'string' },
    may: { type: 'string' },
    filled: { type: 'integer', default: 1 },
    nothing: { type: ['string', 'null'] },
    choice: { enum: ['a', null] },
    anything: {},
    deep: {
      type: 'object',
      properties: { must: { type: 'string' }, may: { type: 'string' } },
      required: ['must'],
    },
    open: { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    free: { type: 'object' },
    list: { type: 'array', items: { type: 'object', properties: { id: {} } }, minItems: 1, maxItems: 2 },
  },
  required: ['must', 'nothing', 'choice', 'anything', 'deep', 'open', 'free', 'list'],
} as ParameterSchema;

describe('whether arguments have a value at a path', () => {
  it.each<[string, Presence]>([
    ['must', 'always'],
    ['may', 'sometimes'],
    ['filled', 'always'],
    ['nothing', 'sometimes'],
    ['choice', 'sometimes'],
    ['anything', 'sometimes'],
    ['anything.further[0]', 'sometimes'],
    ['unheard', 'never'],
    ['must.length', 'never'],
    ['must[0]', 'never'],
    ['deep', 'always'],
    ['deep.must', 'always'],
    ['deep.may', 'sometimes'],
    ['deep.unheard', 'never'],
    ['deep[0]', 'never'],
    ['open.any', 'sometimes'],
    ['free.any', 'sometimes'],
    ['list[0]', 'always'],
    ['list[1]', 'sometimes'],
    ['list[2]', 'never'],
    ['list[0].id', 'sometimes'],
    ['list.id', 'never'],
  ])('%s: %s', (text, presence) => {
    const parsed = parsePath(text);
    if (!parsed.ok) throw new Error(parsed.message);
    expect(presenceAt(schema, parsed.path)).toBe(presence);
  });

  it('is told of a schema that is malformed, too', () => {
    const malformed = { type: 7, properties: { a: 'x', b: { required: 'a' } }, required: 1 };

    expect(presenceAt(malformed as unknown as ParameterSchema, ['a', 'b'])).toBe('sometimes');
    expect(presenceAt({ properties: 3 } as unknown as ParameterSchema, ['a'])).toBe('sometimes');
  });
});
