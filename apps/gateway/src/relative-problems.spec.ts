import { ServiceError } from '#contracts/errors';
import { invalidRequest } from '#contracts/validate';
import { describe, expect, it } from '@jest/globals';
import { problemsOf, relativeTo } from './relative-problems.js';

describe('problems relative to the body', () => {
  it.each([
    ['/definition/request/url', '/request/url'],
    ['/definition', ''],
    ['/definitions/0', '/definitions/0'],
    ['/toolKey', '/toolKey'],
    ['', ''],
  ])('%j is %j', (onTheBus, inTheBody) => {
    const error = invalidRequest([{ pointer: onTheBus, code: 'required', message: 'is needed' }]);

    expect(problemsOf(relativeTo('definition', error))).toEqual([
      { pointer: inTheBody, code: 'required', message: 'is needed' },
    ]);
  });

  it('are what the message names too', () => {
    const error = invalidRequest([{ pointer: '/definition/key', code: 'required', message: 'is needed' }]);

    expect(relativeTo('definition', error).message).toBe('/key: is needed');
  });

  it.each([undefined, {}, { problems: [] }, { problems: 'many' }])(
    'leave an error with the details %j as it is',
    (details) => {
      const error = new ServiceError('tool_exists', 'There is one', details);

      expect(relativeTo('definition', error)).toBe(error);
    },
  );
});
