import type { IncomingMessage } from 'node:http';
import { Refusal } from './answer.js';

/** A request whose body has arrived; parts of it are parsed when a route asks. */
export class ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;

  constructor(
    private readonly message: IncomingMessage,
    readonly bytes: Buffer,
    /** Aborted when the server closes; not when the client leaves, whose request is carried out all the same. */
    readonly signal: AbortSignal,
  ) {
    this.method = message.method ?? 'GET';
    const [path = '', ...query] = this.url.split('?');
    this.path = path;
    this.query = new URLSearchParams(query.join('?'));
  }

  get url(): string {
    return this.message.url ?? '/';
  }

  get httpVersion(): string {
    return this.message.httpVersion;
  }

  header(name: string): string | undefined {
    const value = this.message.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  get headers(): Record<string, string> {
    const entries = Object.entries(this.message.headers).map(([name, value]) => [name, String(value)]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  /** As they came, in order and letter case, repeated ones apart. */
  get rawHeaders(): [name: string, value: string][] {
    const flat = this.message.rawHeaders;
    return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ''] as [string, string]] : []));
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** The body as a value; undefined when there is none. @throws Refusal 400 or 415 when it cannot be read. */
  body(): unknown {
    if (this.bytes.length === 0) return undefined;
    const type = (this.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (type === 'application/x-www-form-urlencoded')
      return Object.fromEntries(new URLSearchParams(this.text));
    if (type !== 'application/json' && !type.endsWith('+json')) {
      throw new Refusal(415, 'Send application/json or application/x-www-form-urlencoded.');
    }
    try {
      return JSON.parse(this.text) as unknown;
    } catch {
      throw new Refusal(400, 'The body is not valid JSON.');
    }
  }
}

export interface Upload {
  readonly bytes: Buffer;
  /** `cut`: the client left before its end; `too_large`: only the first part was kept. */
  readonly ending: 'whole' | 'cut' | 'too_large';
}

/** Reads a body up to a limit. Never rejects. */
export async function readUpload(message: IncomingMessage, maxBytes: number): Promise<Upload> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Leaving the loop must not destroy the connection: the refusal still has to go out on it.
    for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxBytes) break;
    }
  } catch {
    return { bytes: Buffer.concat(chunks), ending: 'cut' };
  }
  const bytes = Buffer.concat(chunks).subarray(0, maxBytes);
  return { bytes, ending: length > maxBytes ? 'too_large' : 'whole' };
}
