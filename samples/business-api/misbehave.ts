import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { renderAnswer, type Answer, type RenderedAnswer } from './answer.js';
import type { Fault } from './faults.js';
import type { ApiRequest } from './request.js';

const page = '<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>';

/**
 * Answers as the fault says; `run` carries the request out. The effect comes first, then the delay, then the answer:
 * a client that gives up meanwhile has changed something. Rejects when the client leaves while it waits.
 */
export async function misbehave(
  fault: Fault,
  request: ApiRequest,
  response: ServerResponse,
  run: () => Promise<Answer>,
  clientLeft: AbortSignal,
): Promise<void> {
  const answer =
    (fault.takesEffect ?? !bringsItsOwnAnswer(fault)) ? await run() : { status: 200, body: { status: 'ok' } };
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { signal: clientLeft });

  if (fault.hang) return;
  if (fault.reset === 'before_response') {
    response.socket?.resetAndDestroy();
    return;
  }
  const spoilt = spoil(answer, fault, request);
  if (fault.hugeBytes !== undefined) return sendHuge(response, spoilt, fault.hugeBytes, fault.gzip);
  if (fault.reset === 'mid_response') return sendHalfAndReset(response, spoilt, clientLeft);
  if (fault.trickle) return sendSlowly(response, spoilt, fault.trickle, clientLeft);
  response.writeHead(spoilt.status, spoilt.headers).end(spoilt.bytes);
}

function bringsItsOwnAnswer(fault: Fault): boolean {
  const { status, body, junk, hang, reset, hugeBytes, redirect, echo } = fault;
  const own = [status, body, hang, reset, hugeBytes, redirect, echo, junk === 'html' || junk === 'empty'];
  return own.some((part) => part !== undefined && part !== false);
}

/** The bytes and headers of the answer, with what the fault does to them. */
function spoil(answer: Answer, fault: Fault, request: ApiRequest): RenderedAnswer {
  const { status, headers, bytes } = renderAnswer(replace(answer, fault, request));
  const extra = {
    ...(fault.retryAfter !== undefined && { 'Retry-After': String(fault.retryAfter) }),
    ...fault.headers,
  };
  switch (fault.junk) {
    case 'html':
      return {
        status,
        headers: { 'Content-Type': 'text/html; charset=utf-8', ...extra },
        bytes: Buffer.from(page),
      };
    case 'truncated': {
      const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
      return {
        status,
        headers: { ...headers, 'Content-Length': String(half.length), ...extra },
        bytes: half,
      };
    }
    case 'wrong_type':
      return { status, headers: { ...headers, 'Content-Type': 'application/octet-stream', ...extra }, bytes };
    case 'empty':
      return { status, headers: { ...headers, 'Content-Length': '0', ...extra }, bytes: Buffer.alloc(0) };
    case undefined:
      return { status, headers: { ...headers, ...extra }, bytes };
  }
}

function replace(answer: Answer, fault: Fault, request: ApiRequest): Answer {
  const status = fault.status ?? answer.status;
  if (fault.redirect !== undefined) {
    return {
      status: fault.status ?? 302,
      headers: { Location: fault.redirect },
      body: { location: fault.redirect },
    };
  }
  if (fault.echo) {
    const { method, url, headers, rawHeaders, text } = request;
    const echoed = { 'X-Echo-Url': url, 'X-Echo-Authorization': request.header('authorization') ?? '' };
    return { status, headers: echoed, body: { method, url, headers, rawHeaders, body: text } };
  }
  if (fault.body !== undefined) return { status, body: fault.body };
  if (fault.status !== undefined && fault.status >= 400) {
    return { status, body: { error: { code: status, message: 'This answer is a fault on purpose.' } } };
  }
  return { ...answer, status };
}

/** Half of the announced body, then a TCP reset. */
async function sendHalfAndReset(
  response: ServerResponse,
  { status, headers, bytes }: RenderedAnswer,
  clientLeft: AbortSignal,
): Promise<void> {
  response.writeHead(status, headers);
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
  // A reset overtakes what the client has not read yet; give it time to see the beginning.
  await sleep(50, undefined, { signal: clientLeft });
  response.socket?.resetAndDestroy();
}

async function sendSlowly(
  response: ServerResponse,
  { status, headers, bytes }: RenderedAnswer,
  { everyMs, chunkBytes }: NonNullable<Fault['trickle']>,
  clientLeft: AbortSignal,
): Promise<void> {
  response.writeHead(status, headers);
  response.flushHeaders();
  for (let sent = 0; sent < bytes.length; sent += chunkBytes) {
    await sleep(everyMs, undefined, { signal: clientLeft });
    response.write(bytes.subarray(sent, sent + chunkBytes));
  }
  response.end();
}

async function sendHuge(
  response: ServerResponse,
  { status, headers }: RenderedAnswer,
  bytes: number,
  gzip = false,
): Promise<void> {
  const source = Readable.from(hugeJson(bytes));
  if (gzip) {
    const compressed = Object.entries(headers).filter(([name]) => name !== 'Content-Length');
    response.writeHead(status, { ...Object.fromEntries(compressed), 'Content-Encoding': 'gzip' });
    await pipeline(source, createGzip(), response);
  } else {
    response.writeHead(status, { ...headers, 'Content-Length': String(bytes) });
    await pipeline(source, response);
  }
}

/** `{"padding":"xxxx…"}` of exactly this size, in pieces. */
function* hugeJson(bytes: number): Generator<Buffer> {
  const [before, after] = [Buffer.from('{"padding":"'), Buffer.from('"}')];
  const chunk = Buffer.alloc(65_536, 'x');
  yield before;
  for (let left = bytes - before.length - after.length; left > 0; left -= chunk.length) {
    yield chunk.subarray(0, left);
  }
  yield after;
}
