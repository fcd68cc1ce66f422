import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { EgressClient } from './egress-client.js';
import { clientAllowing, get, post } from './testing/requests.js';
import { answer, response, Upstream, type Behaviour } from './testing/upstream.js';

let upstream: Upstream;
let client: EgressClient;
let url: string;

async function facing(behaviour: Behaviour): Promise<void> {
  upstream = await Upstream.start(behaviour);
  url = `http://127.0.0.1:${upstream.port}`;
  client = clientAllowing(url);
}
afterEach(async () => {
  await upstream.stop();
  await client.close();
});

const ended =
  (bytes: string): Behaviour =>
  (socket) =>
    void socket.end(bytes);
const head = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;

describe('a response that cannot be used', () => {
  it.each<[string, string, Behaviour]>([
    ['another protocol', 'bad_response', answer('220 mail.example.com ESMTP\r\n')],
    ['a body without a head', 'bad_response', ended('<html>hello</html>')],
    ['an impossible status', 'bad_response', answer('HTTP/1.1 2000 OK\r\n\r\n')],
    ['10,000 header fields', 'bad_response', answer(head('x-a: b\r\n'.repeat(10_000)))],
    ['a header field of 200 kB', 'bad_response', answer(head(`x-a: ${'b'.repeat(200_000)}`))],
    ['two lengths', 'bad_response', answer(head('content-length: 2\r\ncontent-length: 3') + 'okk')],
    [
      'a length and chunks',
      'bad_response',
      answer(head('content-length: 2\r\ntransfer-encoding: chunked') + '2\r\nok\r\n0\r\n\r\n'),
    ],
    ['broken chunks', 'bad_response', answer(head('transfer-encoding: chunked') + 'zz\r\nok\r\n')],
    ['a line break in a header field', 'bad_response', answer('HTTP/1.1 200 OK\r\nx-a: b\u0000c\r\n\r\n')],
    [
      'a compression that is none',
      'bad_response',
      answer(response('plain', 'connection: close\r\ncontent-encoding: gzip\r\n')),
    ],
    [
      'two layers of compression',
      'bad_response',
      answer(response('plain', 'connection: close\r\ncontent-encoding: gzip, gzip\r\n')),
    ],
    [
      'a protocol upgrade',
      'reset',
      answer('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    ],
    ['100 Continue, which nobody asked for', 'reset', answer('HTTP/1.1 100 Continue\r\n\r\n')],
    ['nothing, and the end', 'reset', ended('')],
    ['half a head, and the end', 'reset', ended('HTTP/1.1 200 OK\r\ncontent-le')],
    [
      'less than its length, and the announced end',
      'bad_response',
      ended(head('connection: close\r\ncontent-length: 100') + 'short'),
    ],
    ['less than its length, and the end', 'reset', ended(head('content-length: 100') + 'short')],
    [
      'less than its length, and a reset',
      'reset',
      (socket) => void (socket.write(head('content-length: 100') + 'short'), socket.resetAndDestroy()),
    ],
  ])('%s: %s', async (_name, reason, behaviour) => {
    await facing(behaviour);

    expect(await client.send(post(url, 'x'))).toMatchObject({ kind: 'failure', reason, requestSent: true });
    await upstream.idle();
    expect(upstream.requests).toHaveLength(1);
  });

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

  it.each<[string, string]>([
    [
      'early hints before it',
      `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n`.repeat(50) + head('content-length: 2') + 'ok',
    ],
    ['a body where none belongs', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok'],
    ['no length, ended by the connection', head('x-a: b') + 'ok'],
  ])('is not one with %s', async (_name, bytes) => {
    await facing(ended(bytes));

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
  const endless =
    (first: string, more: string): Behaviour =>
    (socket) => {
      const pour = () => {
        while (socket.writable && socket.write(more));
      };
      socket.on('drain', pour).write(first);
      pour();
    };
  const block = 'x'.repeat(16_384);

  it.each<[string, Behaviour]>([
    ['by its length', endless(head('content-length: 1000000000000'), block)],
    ['in chunks without end', endless(head('transfer-encoding: chunked'), `4000\r\n${block}\r\n`)],
    ['without a length', endless(head('connection: close'), block)],
  ])('%s is cut off at the cap, connection and all', async (_name, behaviour) => {
    await facing(behaviour);

    expect(await client.send(get(url))).toMatchObject({
      kind: 'failure',
      reason: 'too_large',
      requestSent: true,
      status: 200,
      message: 'The response is larger than allowed.',
    });
    await upstream.idle();
  });

  it('once inflated is not inflated any further, nor held in memory', async () => {
    const pieces: Buffer[] = [];
    const zeros = Buffer.alloc(1_000_000);
    await pipeline(
      Readable.from(Array<Buffer>(200).fill(zeros)),
      createGzip(),
      async (bytes: AsyncIterable<Buffer>) => {
        for await (const piece of bytes) pieces.push(piece);
      },
    );
    const bomb = Buffer.concat(pieces);
    await facing(answer(response(bomb, 'content-encoding: gzip\r\n')));
    const before = process.memoryUsage().rss;
    const result = await client.send(get(url, { maxBytes: 1_048_576 }));
    const grownBy = process.memoryUsage().rss - before;

    expect(bomb.length).toBeLessThan(1_048_576);
    expect(result).toMatchObject({ kind: 'failure', reason: 'too_large', status: 200 });
    expect(grownBy).toBeLessThan(50_000_000);
  });
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
