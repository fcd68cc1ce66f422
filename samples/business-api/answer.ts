import { STATUS_CODES } from 'node:http';

/** What a route says; its body is anything JSON can hold. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface FieldError {
  /** A JSON Pointer into the request's body. */
  readonly pointer: string;
  readonly detail: string;
}

/** A refusal. The client reads it as RFC 9457 problem details. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
    private readonly extra: { headers?: Record<string, string>; errors?: readonly FieldError[] } = {},
  ) {
    super(detail);
    this.name = 'Refusal';
  }

  toAnswer(): Answer {
    const title = STATUS_CODES[this.status];
    const { headers, errors } = this.extra;
    return {
      status: this.status,
      headers: { 'Content-Type': 'application/problem+json', ...headers },
      body: {
        type: 'about:blank',
        title,
        status: this.status,
        detail: this.message,
        ...(errors && { errors }),
      },
    };
  }
}

export function notFound(what: string, id: string): Refusal {
  return new Refusal(404, `There is no ${what} ${id}.`);
}

/** An answer as it goes on the wire. */
export interface RenderedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
}

export function renderAnswer({ status, headers = {}, body }: Answer): RenderedAnswer {
  if (body === undefined) return { status, headers, bytes: Buffer.alloc(0) };
  const bytes = Buffer.from(JSON.stringify(body));
  const described = { 'Content-Type': 'application/json', 'Content-Length': String(bytes.length) };
  return { status, headers: { ...described, ...headers }, bytes };
}
