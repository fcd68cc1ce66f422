import type { ServerResponse } from 'node:http';
import type { ApiRequest, Upload } from './request.js';

export interface RecordedRequest {
  /** Counts up from 1 since the server started. */
  readonly number: number;
  readonly receivedAt: string;
  readonly method: string;
  /** Path and query, as they came. */
  readonly url: string;
  readonly httpVersion: string;
  /** Names in lower case, repeated ones joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** As they came: order, letter case, repetitions. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Whether the body came to its end and fitted. */
  readonly bodyComplete: boolean;
  /** The status answered; absent until the answer is out. */
  readonly status?: number;
  /** Absent while it runs; `cut` when either side ended the connection before the whole answer was out. */
  readonly ending?: 'answered' | 'cut';
}

/** The latest requests, oldest first. */
export class RequestLog {
  private entries: RecordedRequest[] = [];
  private count = 0;

  constructor(private readonly limit: number) {}

  record(request: ApiRequest, upload: Upload, response: ServerResponse): void {
    this.count += 1;
    const { method, url, httpVersion, headers, rawHeaders, text } = request;
    const entry: { -readonly [Field in keyof RecordedRequest]: RecordedRequest[Field] } = {
      number: this.count,
      receivedAt: new Date().toISOString(),
      method,
      url,
      httpVersion,
      headers,
      rawHeaders,
      body: text,
      bodyComplete: upload.ending === 'whole',
      ...(upload.ending === 'cut' && { ending: 'cut' }),
    };
    response.once('finish', () => {
      entry.status = response.statusCode;
    });
    response.once('close', () => {
      entry.ending = response.writableFinished ? 'answered' : 'cut';
    });
    this.entries.push(entry);
    if (this.entries.length > this.limit) this.entries.shift();
  }

  list(): readonly RecordedRequest[] {
    return [...this.entries];
  }

  clear(): void {
    this.entries = [];
  }
}
