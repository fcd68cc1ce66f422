import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EgressClient } from './egress-client.js';
import { hostileVectors, type HostileVector } from './testing/hostile-vectors.js';
import { HostilityTrial } from './testing/hostility-trial.js';
import { clientAllowing, get, post } from './testing/requests.js';
import { response, Upstream, type Behaviour } from './testing/upstream.js';

const MOST_GROWTH_BYTES = 20_000_000;

let upstream: Upstream;
let client: EgressClient;
let url: string;
let stop: (() => Promise<void>) | undefined;

async function facing(behaviour: Behaviour): Promise<void> {
  upstream = await Upstream.start(behaviour);
  url = `http://127.0.0.1:${upstream.port}`;
  client = clientAllowing(url);
  stop = async () => {
    await upstream.stop();
    await client.close();
  };
}
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

const ended =
  (bytes: string): Behaviour =>
  (socket) =>
    void socket.end(bytes);
const head = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
const which = (...outcomes: HostileVector['comesTo'][]) =>
  hostileVectors
    .filter(({ comesTo }) => outcomes.includes(comesTo))
    .map((vector): [string, string, HostileVector] => [vector.name, vector.comesTo, vector]);

describe('a client in a process of its own', () => {
  let trial: HostilityTrial;
  beforeAll(
    async () => (trial = await HostilityTrial.start('dist/libs/egress/src/testing/hostile-client.js')),
  );
  afterAll(() => trial.stop());

  /** `npm run bench:hostile` says how well the deadline is kept; here it is that there is one. */
  it.each(which('timeout'))('is not held up beyond its deadline by %s', async (_name, comesTo, vector) => {
    const { cameTo, peakBytes } = await trial.face(vector, 200);

    expect(cameTo).toBe(comesTo);
    expect(peakBytes).toBeLessThan(MOST_GROWTH_BYTES);
  });

  it.each(which('too_large', 'bad_response', 'reset', 'tls', 'response'))(
    'does not grow by 20 MB over %s: %s',
    async (_name, comesTo, vector) => {
      const { cameTo, peakBytes } = await trial.face(vector, 20_000);

      expect(cameTo).toBe(comesTo);
      expect(peakBytes).toBeLessThan(MOST_GROWTH_BYTES);
    },
  );
});

describe('a response that cannot be used', () => {
  it.each(which('bad_response', 'reset'))(
    'because it is %s is a failure: %s',
    async (_name, reason, { behaviour }) => {
      await facing(behaviour);

      expect(await client.send(post(url, 'x'))).toMatchObject({ kind: 'failure', reason, requestSent: true });
      await upstream.idle();
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it('tells the status nevertheless, once there was one', async () => {
    await facing(ended(`HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\nshort`));

    expect(await client.send(post(url, 'x'))).toMatchObject({ reason: 'reset', status: 201 });
  });

  it('does not take early hints for the response', async () => {
    await facing(ended('HTTP/1.1 103 Early Hints\r\n\r\n'));

    expect(await client.send(post(url, 'x'))).toMatchObject({
      kind: 'failure',
      requestSent: true,
      status: undefined,
      timings: { firstByteMs: undefined },
    });
  });

  it('is one when it is ended by the connection alone', async () => {
    await facing(ended(`${head('x-a: b')}ok`));

    expect(await client.send(get(url))).toMatchObject({ kind: 'response' });
  });
});

describe('bytes after a response', () => {
  it('never answer the next request', async () => {
    const smuggled = response('smuggled').toString();
    await facing(
      (socket, _request, nth) => void socket.write(response('own').toString() + (nth === 1 ? smuggled : '')),
    );
    const bodies = [];
    for (let n = 0; n < 5; n += 1) {
      const result = await client.send(get(url));
      bodies.push(result.kind === 'response' ? result.body.toString() : result.reason);
      await new Promise(setImmediate);
    }

    expect(bodies).toEqual(Array(5).fill('own'));
  });
});

describe('a response that is too large', () => {
  const endless = which('too_large').filter(([name]) => /huge$|^chunks|without a length/.test(name));

  it.each(endless)(
    'because it is %s is cut off, connection and all',
    async (_name, reason, { behaviour }) => {
      await facing(behaviour);

      expect(await client.send(get(url, { signal: undefined }))).toMatchObject({
        kind: 'failure',
        reason,
        requestSent: true,
        message: 'The response is larger than allowed.',
      });
      await upstream.idle();
    },
  );
});

describe('any bytes whatever', () => {
  it('are a result, and say nothing of what was sent', async () => {
    let bytes = Buffer.alloc(0);
    await facing((socket) => void socket.end(bytes));
    const starts = fc.constantFrom(
      '',
      'HTTP/1.1 ',
      'HTTP/1.1 200 OK\r\n',
      head('content-length: 5'),
      head('transfer-encoding: chunked'),
    );
    const rest = fc.uint8Array({ maxLength: 200 });

    await fc.assert(
      fc.asyncProperty(starts, rest, async (start, tail) => {
        bytes = Buffer.concat([Buffer.from(start), tail]);
        const result = await client.send(get(`${url}/?key=hunter2`, { headers: [['x-key', 'hunter2']] }));
        return (
          result.kind === 'response' || (result.requestSent && !JSON.stringify(result).includes('hunter2'))
        );
      }),
      { numRuns: 300 },
    );
  });
});
