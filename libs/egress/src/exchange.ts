import type { Dispatcher } from 'undici';
import type { Cancellation } from './cancellation.js';
import {
  abortReason,
  failureReason,
  publicMessages,
  type EgressFailureReason,
  type EgressResult,
  type ResponseHeaders,
  type Timings,
} from './egress-result.js';
import { CappedBody } from './read-body.js';

/** Thrown into undici to keep it from writing a request. It stays inside: the exchange is settled already, or will be. */
const doNotWrite = new Error('not written: given up, or written before');

/** What ends an exchange that does not end by itself. */
export interface ExchangeLimits {
  /** From now, milliseconds: the one clock there is. */
  readonly timeoutMs: number;
  /** The caller's change of mind. */
  readonly signal?: AbortSignal | undefined;
  /** The same, without a signal. */
  readonly cancellation?: Cancellation | undefined;
  /** Cap on the response's body in bytes, both received and decompressed. */
  readonly maxBytes: number;
}

/**
 * One request on its way through undici, from dispatch to result. It settles exactly once, never rejects, and allows
 * the request to be written once: whatever undici does about a lost connection, it cannot send it again.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly result: Promise<EgressResult>;
  private settle!: (result: EgressResult) => void;
  private settled = false;
  private readonly startedAtMs = performance.now();
  private readonly timer: NodeJS.Timeout;
  private readonly received: CappedBody;
  private connectMs?: number;
  private firstByteMs?: number;
  private status?: number;
  private headers: ResponseHeaders = {};
  /** There from the moment the request is written. */
  private controller?: Dispatcher.DispatchController;

  /** @param onReleased called once, when undici has let go of the request: possibly long after the result.
   */
  constructor(
    private readonly limits: ExchangeLimits,
    private readonly onReleased: () => void,
  ) {
    this.received = new CappedBody(limits.maxBytes);
    this.result = new Promise((resolve) => (this.settle = resolve));
    this.timer = setTimeout(() => this.interrupt('timeout'), limits.timeoutMs);
    limits.signal?.addEventListener('abort', this);
    limits.cancellation?.begin(this);
  }

  /** EventListener: the caller's signal. */
  handleEvent(): void {
    this.interrupt(this.limits.signal ? abortReason(this.limits.signal) : 'cancelled');
  }

  /** Whether a byte of the request may have left. */
  get requestSent(): boolean {
    return this.controller !== undefined;
  }

  /** Gives it up, unless it has its result. */
  cancel(): void {
    if (!this.settled) this.interrupt('cancelled');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, not aborted: undici drops the request and keeps the connection, which others are waiting for.
    if (this.settled || this.controller) throw doNotWrite;
    this.controller = controller;
    this.connectMs = this.elapsedMs();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ResponseHeaders,
  ): void {
    if (status < 200) return; // 103 Early Hints and its like come before the response
    this.firstByteMs = this.elapsedMs();
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (!this.settled && !this.received.add(piece)) this.giveUp('too_large', 'as received');
  }

  onResponseEnd(): void {
    if (!this.settled) this.complete();
    this.onReleased();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(failureReason(error), error.message);
    this.onReleased();
  }

  private fail(reason: EgressFailureReason, detail: string): void {
    this.finish({
      kind: 'failure',
      reason,
      requestSent: this.requestSent,
      message: publicMessages[reason],
      detail,
      status: this.status,
      timings: this.timings(),
    });
  }

  private complete(): void {
    const read = this.received.finish(this.headers['content-encoding']);
    if (!read.ok) {
      this.fail(read.reason, read.detail);
      return;
    }
    this.finish({
      kind: 'response',
      status: this.status ?? 0,
      headers: this.headers,
      body: read.body,
      bytesRead: this.received.bytesRead,
      timings: this.timings(),
    });
  }

  private interrupt(reason: 'timeout' | 'cancelled'): void {
    this.giveUp(reason, this.controller ? 'after sending' : 'before sending');
  }

  /** Settles with a failure and closes the connection, if the request has one by now. */
  private giveUp(reason: EgressFailureReason, detail: string): void {
    this.fail(reason, detail);
    this.controller?.abort(doNotWrite);
  }

  /** The first result is the one that counts: promises see to that. */
  private finish(result: EgressResult): void {
    this.settled = true;
    clearTimeout(this.timer);
    this.limits.signal?.removeEventListener('abort', this);
    this.settle(result);
  }

  private timings(): Timings {
    return { connectMs: this.connectMs, firstByteMs: this.firstByteMs, totalMs: this.elapsedMs() };
  }

  private elapsedMs(): number {
    return performance.now() - this.startedAtMs;
  }
}
