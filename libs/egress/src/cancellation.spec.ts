import { describe, expect, it, jest } from '@jest/globals';
import { Cancellation } from './cancellation.js';

const exchange = (requestSent: boolean) => ({ requestSent, cancel: jest.fn() });

describe('a cancellation', () => {
  it('gives up the exchange under way, once', () => {
    const cancellation = new Cancellation();
    const [earlier, current] = [exchange(true), exchange(false)];
    cancellation.begin(earlier);
    cancellation.begin(current);

    cancellation.cancel();
    cancellation.cancel();

    expect(cancellation.isCancelled).toBe(true);
    expect(earlier.cancel).not.toHaveBeenCalled();
    expect(current.cancel).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['before anything was begun', [], false],
    ['while nothing was sent', [exchange(false)], false],
    ['once something was sent', [exchange(true)], true],
    ['once an earlier one was sent, and this one not', [exchange(true), exchange(false)], true],
  ])('knows %s whether a byte may have left', (_when, exchanges, expected) => {
    const cancellation = new Cancellation();
    exchanges.forEach((one) => cancellation.begin(one));

    expect(cancellation.requestSent).toBe(expected);
  });

  it('tells whoever waits, before and after', async () => {
    const cancellation = new Cancellation();
    const told = cancellation.whenCancelled();
    cancellation.cancel();

    await expect(Promise.all([told, cancellation.whenCancelled()])).resolves.toHaveLength(2);
  });
});
