import { describe, expect, it, jest } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { Exchange } from './exchange.js';

/** An exchange and the hands of undici. */
function begin() {
  const aborting = new AbortController();
  const released = jest.fn();
  const exchange = new Exchange({ timeoutMs: 2000, signal: aborting.signal, maxBytes: 10 }, released);
  const connection = {
    aborted: false,
    paused: false,
    reason: null,
    abort: jest.fn(),
    pause: jest.fn(),
    resume: jest.fn(),
  };
  return { aborting, released, exchange, connection };
}

describe('an exchange', () => {
  it('refuses to be written a second time, and says that it was sent', async () => {
    const { exchange, connection } = begin();
    exchange.onRequestStart(connection);

    expect(() => exchange.onRequestStart(connection)).toThrow('not written');
    exchange.onResponseError(connection, new Error('not written'));
    expect(await exchange.result).toMatchObject({ reason: 'reset', requestSent: true });
  });

  it('refuses to be written once it was given up, without closing the connection', async () => {
    const { exchange, connection, aborting } = begin();
    aborting.abort();

    expect(() => exchange.onRequestStart(connection)).toThrow('not written');
    expect(connection.abort).not.toHaveBeenCalled();
    expect(await exchange.result).toMatchObject({ reason: 'cancelled', requestSent: false });
  });

  it('keeps its first result', async () => {
    const { exchange, connection, aborting } = begin();
    exchange.onRequestStart(connection);
    exchange.onResponseStart(connection, 200, {});
    exchange.onResponseData(connection, Buffer.alloc(11));
    aborting.abort();
    exchange.onResponseError(connection, new Error('aborted'));

    expect(await exchange.result).toMatchObject({ reason: 'too_large', status: 200 });
    expect(connection.abort).toHaveBeenCalledTimes(1);
  });

  it('that has its result is not given up any more', async () => {
    const { exchange, connection } = begin();
    exchange.onRequestStart(connection);
    exchange.onResponseStart(connection, 200, {});
    exchange.onResponseEnd();
    exchange.cancel();

    expect(connection.abort).not.toHaveBeenCalled();
    expect(await exchange.result).toMatchObject({ status: 200 });
  });

  it('occupies its place until undici lets go of it', async () => {
    const { exchange, connection, aborting, released } = begin();
    aborting.abort();
    await exchange.result;

    expect(released).not.toHaveBeenCalled();
    exchange.onResponseError(connection, new Error('gone'));
    expect(released).toHaveBeenCalledTimes(1);
  });

  it('leaves nothing on the signal, which may outlive it', async () => {
    const { exchange, connection, aborting } = begin();
    expect(getEventListeners(aborting.signal, 'abort')).toHaveLength(1);
    exchange.onRequestStart(connection);
    exchange.onResponseStart(connection, 204, {});
    exchange.onResponseEnd();

    expect(await exchange.result).toMatchObject({ kind: 'response', status: 204 });
    expect(getEventListeners(aborting.signal, 'abort')).toHaveLength(0);
  });

  it('ends by its own clock, as a timeout', async () => {
    const limits = { timeoutMs: 1, maxBytes: 10 };
    const exchange = new Exchange(limits, jest.fn());

    expect(await exchange.result).toMatchObject({ reason: 'timeout', requestSent: false });
  });
});
