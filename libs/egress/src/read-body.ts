import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** A body as it came out, or why there is none. `detail` is for operators. */
export type ReadBody =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly reason: 'too_large' | 'bad_response'; readonly detail: string };

type Inflate = (bytes: Buffer, limits: { maxOutputLength: number }) => Buffer;

/** How many times its size on the wire a body may inflate to, once it is large enough to matter. */
const HIGHEST_RATIO = 100;
const RATIO_MATTERS_ABOVE_BYTES = 65_536;
const ROOM_BYTES = 16_384;

const inflaters: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
  ['br', brotliDecompressSync],
  // "deflate" means a zlib wrapper (RFC 9110 section 8.4.1.2); some servers send the bare stream.
  [
    'deflate',
    (bytes, limits) => (((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync : inflateRawSync)(bytes, limits),
  ],
]);

/** What to say in `accept-encoding`: codings every common server knows and {@link CappedBody} can undo. */
export const ACCEPTED_ENCODINGS = 'gzip, br';

/**
 * Collects the bytes of one response body, never more than a cap. A body of one piece is never copied; the pieces of any
 * other are, into one place: a million pieces of a byte each would be kept in a hundred million bytes of objects.
 */
export class CappedBody {
  /** Bytes received so far, before any decompression. */
  bytesRead = 0;
  private first?: Buffer;
  /** From the second piece on: what has been received, with room for more behind it. */
  private gathered?: Buffer;

  /** @param maxBytes cap on the bytes received and, apart from that, on the bytes they inflate to. */
  constructor(private readonly maxBytes: number) {}

  /** Takes the next piece; false when the body is larger than the cap, and then nothing more is kept. */
  add(piece: Buffer): boolean {
    this.bytesRead += piece.length;
    if (this.bytesRead > this.maxBytes) return false;
    if (!this.first) this.first = piece;
    else this.gather(this.first, piece);
    return true;
  }

  /**
   * The whole body, with one layer of compression undone. It inflates in one go once everything is here: with both
   * sizes capped that is bounded work (about 1 ms for 256 KiB), and cheaper than a stream for the usual few kilobytes.
   *
   * @param encoding value of the `content-encoding` header.
   */
  finish(encoding: string | readonly string[] | undefined): ReadBody {
    const received = this.received();
    if (encoding === undefined || received.length === 0) return { ok: true, body: received };
    const coding = String(encoding).trim().toLowerCase();
    if (coding === '' || coding === 'identity') return { ok: true, body: received };
    const inflate = inflaters.get(coding);
    if (!inflate) return { ok: false, reason: 'bad_response', detail: 'unsupported content-encoding' };
    const ratioCap = Math.max(RATIO_MATTERS_ABOVE_BYTES, received.length * HIGHEST_RATIO);
    try {
      return { ok: true, body: inflate(received, { maxOutputLength: Math.min(this.maxBytes, ratioCap) }) };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
      const reason = code === 'ERR_BUFFER_TOO_LARGE' ? 'too_large' : 'bad_response';
      return { ok: false, reason, detail: `content-encoding ${coding}: ${code}` };
    }
  }

  private gather(first: Buffer, piece: Buffer): void {
    const before = this.bytesRead - piece.length;
    if (this.bytesRead > (this.gathered?.length ?? 0)) {
      const larger = Buffer.allocUnsafeSlow(
        Math.min(this.maxBytes, Math.max(ROOM_BYTES, 2 * this.bytesRead)),
      );
      (this.gathered ?? first).copy(larger, 0, 0, before);
      this.gathered = larger;
    }
    piece.copy(this.gathered ?? first, before);
  }

  private received(): Buffer {
    return this.gathered?.subarray(0, this.bytesRead) ?? this.first ?? Buffer.alloc(0);
  }
}
