import { constants, inflateRawSync } from 'node:zlib';
import { encode, encodings, type Encoding } from './encodings.js';
import type { Canary } from './secrets.js';

export interface Finding {
  readonly secret: string;
  readonly encoding: Encoding | 'gzip';
}

interface Pattern extends Finding {
  readonly bytes: Buffer;
}

const LONGEST_INFLATED = 16 * 1024 * 1024;
const gzipHeader = Buffer.from([0x1f, 0x8b, 0x08]);

/** Looks for many secrets in all their encodings in one pass over the bytes, and inside gzip streams among them. */
export class Finder {
  /** Which three bytes a pattern can begin with: so that most positions cost one look. */
  private readonly starts = new Uint8Array(1 << 24);
  private readonly byStart = new Map<number, Pattern[]>();

  constructor(canaries: readonly Canary[]) {
    for (const { name, forms } of canaries) {
      for (const form of forms) {
        for (const encoding of encodings) this.add({ secret: name, encoding, bytes: encode(form, encoding) });
      }
    }
  }

  /** What is there, each once. */
  find(bytes: Buffer): Finding[] {
    const found = new Map<string, Finding>();
    this.scan(bytes, (finding) => found.set(`${finding.secret} ${finding.encoding}`, finding));
    for (let at = bytes.indexOf(gzipHeader); at !== -1; at = bytes.indexOf(gzipHeader, at + 1)) {
      this.scan(inflated(bytes.subarray(at)), ({ secret }) =>
        found.set(`${secret} gzip`, { secret, encoding: 'gzip' }),
      );
    }
    return [...found.values()];
  }

  /** The names of the secrets found. */
  namesIn(bytes: Buffer): string[] {
    return [...new Set(this.find(bytes).map(({ secret }) => secret))].sort();
  }

  private scan(bytes: Buffer, report: (finding: Finding) => void): void {
    const { starts } = this;
    let start = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    for (let at = 2; at < bytes.length; at += 1) {
      start = ((start << 8) | (bytes[at] as number)) & 0xffffff;
      if (starts[start] === 0) continue;
      for (const pattern of this.byStart.get(start) ?? []) {
        const from = at - 2;
        const isHere =
          bytes.compare(pattern.bytes, 0, pattern.bytes.length, from, end(from, pattern, bytes)) === 0;
        if (isHere) report(pattern);
      }
    }
  }

  private add(pattern: Pattern): void {
    if (pattern.bytes.length < 8) throw new Error(`${pattern.secret}: too short to be no accident`);
    const start = pattern.bytes.readUIntBE(0, 3);
    const known = this.byStart.get(start) ?? [];
    if (known.some(({ bytes, secret }) => secret === pattern.secret && bytes.equals(pattern.bytes))) return;
    this.starts[start] = 1;
    this.byStart.set(start, [...known, pattern]);
  }
}

const end = (from: number, pattern: Pattern, { length }: Buffer) =>
  Math.min(from + pattern.bytes.length, length);

/** What can be inflated of a gzip member that begins here, whatever comes after it; nothing when none does. */
function inflated(bytes: Buffer): Buffer {
  const limits = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: LONGEST_INFLATED };
  try {
    return inflateRawSync(bytes.subarray(headerLength(bytes)), limits);
  } catch {
    return Buffer.alloc(0);
  }
}

/** RFC 1952: ten bytes, then what the flags announce: extra bytes, a file's name, a comment, a checksum. */
function headerLength(bytes: Buffer): number {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 4) at += 2 + bytes.readUInt16LE(at);
  if (flags & 8) at = bytes.indexOf(0, at) + 1;
  if (flags & 16) at = bytes.indexOf(0, at) + 1;
  return flags & 2 ? at + 2 : at;
}
