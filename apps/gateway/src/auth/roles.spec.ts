import { describe, expect, it } from '@jest/globals';
import { mayUse, roles, type Role } from './roles.js';

describe('roles', () => {
  it.each<[Role[], Role[]]>([
    [['viewer'], ['admin', 'editor', 'viewer']],
    [['editor'], ['admin', 'editor']],
    [['admin'], ['admin']],
    [['executor'], ['admin', 'editor', 'executor']],
    [
      ['viewer', 'executor'],
      ['admin', 'editor', 'viewer', 'executor'],
    ],
    [[], []],
  ])('what is allowed to %j is open to %j', (allowed, expected) => {
    expect(roles.filter((role) => mayUse(role, allowed))).toEqual(expected);
  });
});
