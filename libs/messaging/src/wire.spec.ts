import { ServiceError } from '#contracts/errors';
import { describe, expect, it } from '@jest/globals';
import type { Msg } from '@nats-io/transport-node';
import { decodeError, encodeError, parseObject, toServiceError } from './wire.js';

/** What nothing that leaves may contain. */
const INSIDE = 'postgres://patchbay:hunter2@db.internal';

function errorWith(message: string, code?: unknown): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** An error as it goes out and comes in again. */
function overTheWire(error: unknown) {
  const { payload, headers } = encodeError(error);
  const reply = { data: Buffer.from(payload), headers } as unknown as Msg;
  return { payload, headers, received: decodeError(reply) };
}

describe('an error on its way out', () => {
  it.each([
    ['a connection that failed (08006)', errorWith(INSIDE, '08006')],
    ['a connection that could not be made (08001)', errorWith(INSIDE, '08001')],
    ['too many connections (53300)', errorWith(INSIDE, '53300')],
    ['a full disk (53100)', errorWith(INSIDE, '53100')],
    ['a shutdown by the administrator (57P01)', errorWith(INSIDE, '57P01')],
    ['a database that is starting up (57P03)', errorWith(INSIDE, '57P03')],
    ['a refused connection', errorWith(INSIDE, 'ECONNREFUSED')],
    ['a reset connection', errorWith(INSIDE, 'ECONNRESET')],
    ['a broken pipe', errorWith(INSIDE, 'EPIPE')],
    ['a connection that timed out', errorWith(INSIDE, 'ETIMEDOUT')],
    ['a host that is not there', errorWith(INSIDE, 'ENOTFOUND')],
    ['a pool with no connection to spare', errorWith('timeout exceeded when trying to connect')],
    ['a connection that ended', errorWith('Connection terminated unexpectedly')],
    ['a query without an answer', errorWith('Query read timeout')],
  ])('is `service_unavailable` for %s', (_name, error) => {
    expect(toServiceError(error)).toMatchObject({
      code: 'service_unavailable',
      message: 'The database cannot be reached',
    });
    expect(overTheWire(error).payload).not.toContain(INSIDE);
  });

  it.each([
    ['a violated constraint (23505)', errorWith(INSIDE, '23505')],
    ['a wrong statement (42601)', errorWith(INSIDE, '42601')],
    ['a cancelled statement (57014)', errorWith(INSIDE, '57014')],
    ['a code that only begins like an outage', errorWith(INSIDE, '080061')],
    ['a code that is a number', errorWith(INSIDE, 53300)],
    ['a code of ours on an error that is not', errorWith(INSIDE, 'tool_not_found')],
    ['a message that mentions an outage', errorWith(`${INSIDE}: Connection terminated`)],
    ['a mistake in the code', new TypeError(INSIDE)],
    ['thrown text', INSIDE],
    ['a thrown object', { code: 'ECONNREFUSED', message: INSIDE }],
    ['an error within an error', new Error(INSIDE, { cause: new ServiceError('tool_not_found', INSIDE) })],
    ['a thrown null', null],
    ['a thrown undefined', undefined],
  ])('is `internal` for %s', (_name, error) => {
    expect(toServiceError(error)).toMatchObject({
      code: 'internal',
      message: 'Patchbay failed to do its work',
    });
  });

  it.each([
    ['an error', errorWith(INSIDE, '23505')],
    ['an error with details of its own', Object.assign(errorWith(INSIDE), { details: { INSIDE } })],
    ['text', INSIDE],
    ['an object', { message: INSIDE, details: INSIDE, stack: INSIDE }],
  ])('says nothing of %s that is not meant for outside', (_name, error) => {
    const { payload, headers } = overTheWire(error);

    expect(JSON.parse(payload)).toEqual({
      error: { code: 'internal', message: 'Patchbay failed to do its work' },
    });
    expect(headers.get('Nats-Service-Error-Code')).toBe('internal');
    expect(headers.get('Nats-Service-Error')).toBe('Patchbay failed to do its work');
  });

  it('that is meant for outside arrives as it was', () => {
    const problems = [{ pointer: '/name', code: 'missing', message: 'must be there' }];
    const error = new ServiceError('invalid_request', '/name: must be there', { problems });

    expect(toServiceError(error)).toBe(error);
    expect(overTheWire(error).received).toEqual(error);
    expect(overTheWire(error).received).toMatchObject({ code: 'invalid_request', details: { problems } });
  });

  it('fits in one header line, whatever its message is', () => {
    const { headers, received } = overTheWire(new ServiceError('not_found', `no\r\n“x”${'y'.repeat(1000)}`));

    expect(headers.get('Nats-Service-Error')).toMatch(/^[\x20-\x7e]{1,256}$/);
    expect(received?.message).toBe(`no\r\n“x”${'y'.repeat(1000)}`);
  });
});

describe('a reply that came in', () => {
  it.each([
    ['of no known code', '{"error":{"code":"out_of_cheese","message":"x"}}'],
    ['without a code', '{"error":{}}'],
    ['without a body', ''],
    ['that is not JSON', '<html>'],
  ])('with an error %s is `internal`', (_name, body) => {
    const { headers } = encodeError(new ServiceError('not_found', 'x'));

    expect(decodeError({ data: Buffer.from(body), headers } as unknown as Msg)).toMatchObject({
      code: 'internal',
    });
  });

  it('is no error without the header, whatever its body says', () => {
    const data = Buffer.from('{"error":{"code":"not_found","message":"x"}}');

    expect(decodeError({ data } as unknown as Msg)).toBeUndefined();
  });
});

describe('a payload', () => {
  it.each([
    ['an object', '{"a":1}', { a: 1 }],
    ['nothing', '', {}],
    ['a list', '[1]', undefined],
    ['text', '"a"', undefined],
    ['null', 'null', undefined],
    ['not JSON', '{"a":', undefined],
  ])('of %s', (_name, text, expected) => {
    expect(parseObject(Buffer.from(text))).toEqual(expected);
  });

  it('that is a part of a larger buffer is read alone', () => {
    const whole = Buffer.from('xx{"a":1}yy');

    expect(parseObject(whole.subarray(2, 9))).toEqual({ a: 1 });
  });
});
