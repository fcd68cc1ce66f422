import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import type { TlsOptions } from 'node:tls';
import type { EgressFailureReason } from '../egress-result.js';
import { expired, key, selfSigned, trusted } from './certificates.js';
import { answer, response, type Behaviour } from './upstream.js';

/** One way in which an upstream can be hostile. */
export interface HostileVector {
  readonly name: string;
  readonly behaviour: Behaviour;
  /** What it has to come to. `response` where nothing is wrong with it that a client could see. */
  readonly comesTo: EgressFailureReason | 'response';
  readonly tls?: TlsOptions;
  /** What it is called by; its address when absent. */
  readonly host?: string;
}

/** What a client grants every one of them; bombs are larger than this only once they are open. */
export const HOSTILE_MAX_BYTES = 1_048_576;
const BOMB_BYTES = 200_000_000;

const head = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
const chunked = head('transfer-encoding: chunked');
const ended =
  (bytes: string | Buffer): Behaviour =>
  (socket) =>
    void socket.end(bytes);

/** Writes as fast as the client reads, for as long as it does. */
const endless =
  (first: string, more: string | Buffer): Behaviour =>
  (socket) => {
    const pour = () => {
      while (socket.writable && socket.write(more));
    };
    socket.on('drain', pour).write(first);
    pour();
  };

/** Writes a little every few milliseconds, well within every idle timeout. */
const trickling =
  (first: string, more: string): Behaviour =>
  (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(more), 10);
    socket.on('close', () => clearInterval(timer));
  };

/** Made when it is asked for: the compression of 200 MB takes a moment. */
const bomb =
  (coding: string, compress: (plain: Buffer) => Buffer): Behaviour =>
  (socket) =>
    void socket.write(response(compress(Buffer.alloc(BOMB_BYTES)), `content-encoding: ${coding}\r\n`));
const brotli = (plain: Buffer) =>
  brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

const tooLarge: readonly [string, Behaviour][] = [
  ['a gzip bomb', bomb('gzip', gzipSync)],
  ['a brotli bomb', bomb('br', brotli)],
  ['a deflate bomb', bomb('deflate', deflateSync)],
  ['a body that is announced to be huge', endless(head('content-length: 1000000000000'), 'x'.repeat(16_384))],
  ['chunks without end', endless(chunked, `4000\r\n${'x'.repeat(16_384)}\r\n`)],
  ['chunks of one byte without end', endless(chunked, '1\r\nx\r\n'.repeat(2_000))],
  ['a chunk extension without end', endless(`${chunked}1;`, 'a'.repeat(16_384))],
  ['early hints without end', endless('', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(500))],
  ['a body without a length and without end', endless(head('connection: close'), 'x'.repeat(16_384))],
];

const late: readonly [string, Behaviour][] = [
  ['silence', () => undefined],
  ['a head that trickles', trickling('HTTP/1.1 200 OK\r\n', 'x-a: b\r\n')],
  ['a body that trickles', trickling(head('content-length: 1000000'), 'x')],
  ['chunks that trickle', trickling(chunked, '1\r\nx\r\n')],
  ['early hints that trickle', trickling('', 'HTTP/1.1 103 Early Hints\r\n\r\n')],
  ['half a chunk and silence', answer(`${chunked}ff\r\nx`)],
  ['a body that stops one byte early', answer(`${head('content-length: 3')}ok`)],
];

const unusable: readonly [string, Behaviour][] = [
  ['another protocol', answer('220 mail.example.com ESMTP\r\n')],
  ['HTTP/0.9: a body without a head', ended('<html>hello</html>')],
  ['an impossible status', answer('HTTP/1.1 2000 OK\r\n\r\n')],
  ['10,000 header fields', answer(head('x-a: b\r\n'.repeat(10_000)))],
  ['a header field of 200 kB', answer(head(`x-a: ${'b'.repeat(200_000)}`))],
  ['header fields without end', endless('HTTP/1.1 200 OK\r\n', 'x-a: b\r\n'.repeat(500))],
  ['trailers without end', endless(`${chunked}0\r\n`, 'x-a: b\r\n'.repeat(500))],
  ['two lengths', answer(`${head('content-length: 2\r\ncontent-length: 3')}okk`)],
  [
    'a length and chunks',
    answer(`${head('content-length: 2\r\ntransfer-encoding: chunked')}2\r\nok\r\n0\r\n\r\n`),
  ],
  ['broken chunks', answer(`${chunked}zz\r\nok\r\n`)],
  ['a chunk of more than can be counted', answer(`${chunked}ffffffffffffffffff\r\nok\r\n`)],
  ['a NUL in a header field', answer('HTTP/1.1 200 OK\r\nx-a: b\u0000c\r\n\r\n')],
  [
    'a compression that is none',
    answer(response('plain', 'connection: close\r\ncontent-encoding: gzip\r\n')),
  ],
  [
    'a compression nobody asked for',
    answer(response('plain', 'connection: close\r\ncontent-encoding: zstd\r\n')),
  ],
  [
    'two layers of compression',
    answer(response(gzipSync(gzipSync('{}')), 'connection: close\r\ncontent-encoding: gzip, gzip\r\n')),
  ],
  [
    'a compression that is cut off',
    answer(
      response(
        gzipSync(Buffer.alloc(1000)).subarray(0, 20),
        'connection: close\r\ncontent-encoding: gzip\r\n',
      ),
    ),
  ],
  [
    'less than its length, and the announced end',
    ended(`${head('connection: close\r\ncontent-length: 100')}short`),
  ],
];

const reset: readonly [string, Behaviour][] = [
  [
    'a protocol upgrade',
    answer('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  ['100 Continue, which nobody asked for', answer('HTTP/1.1 100 Continue\r\n\r\n')],
  ['nothing, and the end', ended('')],
  ['half a head, and the end', ended('HTTP/1.1 200 OK\r\ncontent-le')],
  ['less than its length, and the end', ended(`${head('content-length: 100')}short`)],
  [
    'less than its length, and a reset',
    (socket) => {
      socket.write(`${head('content-length: 100')}short`);
      socket.resetAndDestroy();
    },
  ],
  ['a reset at once', (socket) => void socket.resetAndDestroy()],
];

const usable: readonly [string, Behaviour][] = [
  [
    'early hints before the response',
    answer('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50) + response('ok').toString()),
  ],
  ['a body where none belongs', ended('HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok')],
  ['a second response nobody asked for', answer(Buffer.concat([response('own'), response('smuggled')]))],
  ['lists a hundred thousand levels deep', answer(response('['.repeat(100_000) + ']'.repeat(100_000)))],
  ['bytes that are no text', answer(response(Buffer.alloc(10_000, 0xff)))],
  ['an alternative service', answer(response('ok', 'alt-svc: h2="127.0.0.1:1"; ma=3600\r\n'))],
];

const good: TlsOptions = { key, cert: trusted };
const oldTls: TlsOptions = {
  ...good,
  minVersion: 'TLSv1',
  maxVersion: 'TLSv1.1',
  ciphers: 'DEFAULT:@SECLEVEL=0',
};
const untrusted: readonly (readonly [name: string, tls: TlsOptions, host: string])[] = [
  ['a certificate signed by nobody', { key, cert: selfSigned }, 'api.partner.example'],
  ['a certificate that has expired', { key, cert: expired }, 'api.partner.example'],
  ['a certificate for another name', good, 'other.partner.example'],
  ['TLS 1.1', oldTls, 'api.partner.example'],
];

const group = (comesTo: HostileVector['comesTo'], rows: readonly [string, Behaviour][]): HostileVector[] =>
  rows.map(([name, behaviour]) => ({ name, behaviour, comesTo }));

export const hostileVectors: readonly HostileVector[] = [
  ...group('too_large', tooLarge),
  ...group('timeout', late),
  ...group('bad_response', unusable),
  ...group('reset', reset),
  ...group('response', usable),
  ...untrusted.map(([name, tls, host]): HostileVector => ({
    name,
    tls,
    host,
    behaviour: answer(response('ok')),
    comesTo: 'tls',
  })),
];
