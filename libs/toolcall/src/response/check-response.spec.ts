import { describe, expect, it } from '@jest/globals';
import type { ResponseDefinition } from '../tool-definition.js';
import { checkResponse, checkVerification } from './check-response.js';

describe('how a tool reads an answer', () => {
  it.each<[string, ResponseDefinition, string, string]>([
    [
      'a path that cannot be read',
      { variables: [{ name: 'a', path: 'a..b' }] },
      '/response/variables/0/path',
      'orders[0].status',
    ],
    [
      'an expression that cannot be read',
      { variables: [{ name: 'a', expression: 'a[' }] },
      '/response/variables/0/expression',
      'no JMESPath',
    ],
    [
      'an unknown function',
      { variables: [{ name: 'a', expression: 'md5(a)' }] },
      '/response/variables/0/expression',
      'no function `md5`',
    ],
    [
      'a variable from nowhere',
      { variables: [{ name: 'a' }] },
      '/response/variables/0',
      '`path`, `expression` or `header`',
    ],
    [
      'a variable from two places',
      { variables: [{ name: 'a', path: 'a', header: 'X-A' }] },
      '/response/variables/0/header',
      'one source',
    ],
    [
      'a variable named like a prototype',
      { variables: [{ name: '__proto__', path: 'a' }] },
      '/response/variables/0/name',
      'cannot be called',
    ],
    [
      'a variable named like the status',
      { variables: [{ name: 'api_response_status', path: 'a' }] },
      '/response/variables/0/name',
      'cannot be called',
    ],
    [
      'a variable twice',
      {
        variables: [
          { name: 'a', path: 'a' },
          { name: 'a', header: 'b' },
        ],
      },
      '/response/variables/1/name',
      'more than once',
    ],
    ['a path to deny that cannot be read', { deny: ['a', 'a[*]b'] }, '/response/deny/1', '`.` after `[*]`'],
    ['a path to redact that cannot be read', { redact: ['a[*].'] }, '/response/redact/0', 'is empty'],
    ['a path to allow that cannot be read', { allow: ['[]'] }, '/response/allow/0', 'cannot be read'],
    [
      'something to allow of nothing',
      { allow: ['a'], expose: 'mapped' },
      '/response/allow',
      '`expose` is "mapped"',
    ],
    [
      'an outcome of nothing',
      { outcomes: [{ when: '999', outcome: 'x' }] },
      '/response/outcomes/0/when',
      'at character 4: it ends where a comparison',
    ],
    [
      'a condition that cannot be read',
      { outcomes: [{ when: 'a == 1 AND b ==', outcome: 'x' }] },
      '/response/outcomes/0/when',
      'at character 16',
    ],
    [
      'a status behind its class',
      {
        outcomes: [
          { when: '4xx', outcome: 'x' },
          { when: '404', outcome: 'y' },
        ],
      },
      '/response/outcomes/1/when',
      'never reached: `4xx`',
    ],
    [
      'the same condition twice',
      {
        outcomes: [
          { when: 'a exists', outcome: 'x' },
          { when: 'a exists', outcome: 'y' },
        ],
      },
      '/response/outcomes/1/when',
      'never reached',
    ],
    [
      'a timeout that succeeded',
      { outcomes: [{ when: 'timeout', outcome: 'x', succeeded: true }] },
      '/response/outcomes/0/succeeded',
      'did not come',
    ],
    [
      'too many comparisons',
      {
        outcomes: Array.from({ length: 26 }, (_, i) => ({ when: `a == ${i} OR NOT b exists`, outcome: 'x' })),
      },
      '/response/outcomes',
      'at most 50 comparisons',
    ],
  ])('is refused with %s', (_what, response, pointer, message) => {
    expect(checkResponse(response)).toEqual([
      expect.objectContaining({ pointer, message: expect.stringContaining(message) }),
    ]);
  });

  it('is accepted with everything there is', () => {
    const response: ResponseDefinition = {
      format: 'xml',
      variables: [
        { name: 'a', path: 'orders[0].status', default: 'none' },
        { name: 'b', expression: "orders[?status=='open'] | [0].id" },
        { name: 'c', header: 'X-Request-Id' },
      ],
      expose: 'all',
      allow: ['orders[*].status', '[*]'],
      deny: ['orders[*].card["full number"]'],
      redact: ['[*][0].x'],
      maxArrayItems: 5,
      maxStringLength: 100,
      outcomes: [
        { when: '404', outcome: 'not_found', succeeded: true },
        { when: '4xx', outcome: 'invalid' },
        { when: 'timeout', outcome: 'slow' },
        {
          when: 'error.code == "x" AND (status < 300 OR headers.x-y exists)',
          outcome: 'bad',
          succeeded: false,
        },
      ],
    };

    expect(checkResponse(response)).toEqual([]);
    expect(checkResponse()).toEqual([]);
  });
});

describe('what a tool verifies', () => {
  it('goes by a condition that can be read', () => {
    expect(checkVerification({ grants: { claim: 'identity', when: 'verified == true' } })).toEqual([]);
    expect(checkVerification({ grants: { claim: 'identity' } })).toEqual([]);
    expect(checkVerification({ grants: { claim: 'identity', when: 'verified = true' } })).toEqual([
      expect.objectContaining({
        pointer: '/verification/grants/when',
        message: expect.stringContaining('at character 10'),
      }),
    ]);
  });
});
