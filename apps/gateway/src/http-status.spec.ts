import { errorCodes, type ErrorCode } from '#contracts/errors';
import { describe, expect, it } from '@jest/globals';
import { codeOfStatus, httpStatus, isOurFault } from './http-status.js';

/** Said a second time, so that a change of what clients see is made on purpose. */
const expected: [number, ErrorCode[]][] = [
  [400, ['invalid_request']],
  [401, ['unauthenticated']],
  [403, ['forbidden', 'tool_not_allowed', 'credential_not_granted']],
  [
    404,
    [
      'not_found',
      'tool_not_found',
      'version_not_found',
      'credential_not_found',
      'execution_not_found',
      'api_key_not_found',
      'connection_not_found',
    ],
  ],
  [
    409,
    [
      'tool_exists',
      'tool_not_published',
      'tool_archived',
      'binding_outdated',
      'environment_not_set',
      'credential_refused',
      'authorization_required',
      'idempotency_conflict',
    ],
  ],
  [412, ['precondition_failed']],
  [413, ['payload_too_large']],
  [422, ['credential_origin_mismatch']],
  [500, ['internal', 'reply_too_large', 'credential_unreadable']],
  [503, ['overloaded', 'service_unavailable']],
  [504, ['deadline_exceeded']],
];

describe('the HTTP status of an error', () => {
  it.each(expected)('%d stands for %j', (status, codes) => {
    expect(errorCodes.filter((code) => httpStatus[code] === status).sort()).toEqual([...codes].sort());
  });

  it('is our fault from 500 on', () => {
    expect(errorCodes.filter((code) => !isOurFault(code)).map((code) => httpStatus[code])).not.toContain(500);
    expect([isOurFault('internal'), isOurFault('overloaded'), isOurFault('not_found')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it.each([
    [400, 'invalid_request'],
    [404, 'not_found'],
    [413, 'payload_too_large'],
    [415, 'invalid_request'],
    [500, 'internal'],
    [503, 'internal'],
  ])('%d of the HTTP layer itself is %s', (status, code) => {
    expect(codeOfStatus(status)).toBe(code);
  });
});
