import type { Static, TSchema } from 'typebox';

const ORGANIZATION = '*';

/** What a request needs that few do. */
export interface RpcOptions {
  /** Integers too large for a number are kept digit for digit, as `parseExactly` reads them. */
  readonly exactIntegers?: boolean;
  /** A larger request is refused before it is read. As much as the bus takes when absent. */
  readonly maxRequestBytes?: number;
}

/**
 * One request between services, declared once and imported by both sides.
 *
 * A subject is either internal (`patchbay.internal.<service>.<noun>.<verb>`) or public, in which case its
 * third token is `*` and stands for the organization. Requests are validated by whoever handles them,
 * replies are typed and trusted.
 */
export class Rpc<Request extends TSchema = TSchema, Reply extends TSchema = TSchema> {
  readonly isPublic: boolean;

  constructor(
    readonly subject: string,
    readonly request: Request,
    readonly reply: Reply,
    readonly options: RpcOptions = {},
  ) {
    this.isPublic = subject.split('.')[2] === ORGANIZATION;
  }

  /** The subject to send to: public ones are addressed to one organization. */
  subjectFor(orgId?: string): string {
    if (!this.isPublic) return this.subject;
    if (!orgId) throw new Error(`${this.subject} is addressed to an organization; none was given`);
    return this.subject.replace(ORGANIZATION, orgId);
  }
}

/** A fact one service announces; past tense. Core NATS: at most once, a hint and never the truth. */
export class Announcement<Payload extends TSchema = TSchema> {
  constructor(
    readonly subject: string,
    readonly payload: Payload,
  ) {}
}

/**
 * An announcement that whoever it concerns answers; the others stay silent. For what one instance of a service has in
 * its memory, and nobody knows which.
 */
export class Inquiry<
  Payload extends TSchema = TSchema,
  Reply extends TSchema = TSchema,
> extends Announcement<Payload> {
  constructor(
    subject: string,
    payload: Payload,
    readonly reply: Reply,
  ) {
    super(subject, payload);
  }
}

export type RequestOf<R> = R extends Rpc<infer Request> ? Static<Request> : never;
export type ReplyOf<R> = R extends Rpc<TSchema, infer Reply> ? Static<Reply> : never;
export type AnswerTo<I> = I extends Inquiry<TSchema, infer Reply> ? Static<Reply> : never;
export type PayloadOf<A> = A extends Announcement<infer Payload> ? Static<Payload> : never;
