/** What can be given up: one exchange. */
interface Cancellable {
  /** False only when it is certain that no byte of the request left. */
  readonly requestSent: boolean;
  cancel(): void;
}

/**
 * The caller's change of mind about a request, or about several one after the other. In place of an AbortSignal where
 * there is one per request: it costs two fields until it is used, and it knows whether anything was sent.
 */
export class Cancellation {
  private wanted = true;
  private sentEarlier = false;
  private exchange: Cancellable | undefined;
  private cancelling: PromiseWithResolvers<void> | undefined;

  get isCancelled(): boolean {
    return !this.wanted;
  }

  /** Whether a byte of any of the requests may have left. */
  get requestSent(): boolean {
    return this.sentEarlier || (this.exchange?.requestSent ?? false);
  }

  /** Gives up what is under way, sent or not, and lets nothing more begin. What has its result keeps it. */
  cancel(): void {
    if (!this.wanted) return;
    this.wanted = false;
    this.exchange?.cancel();
    this.cancelling?.resolve();
  }

  /** Resolves once it is cancelled: for whoever waits for something else meanwhile. */
  whenCancelled(): Promise<void> {
    if (!this.wanted) return Promise.resolve();
    this.cancelling ??= Promise.withResolvers();
    return this.cancelling.promise;
  }

  /** Said by an exchange when it begins. */
  begin(exchange: Cancellable): void {
    this.sentEarlier = this.requestSent;
    this.exchange = exchange;
  }
}
