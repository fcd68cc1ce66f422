import { ServiceError } from '#contracts/errors';
import { Announcement, Rpc } from '#contracts/rpc';
import { invalidRequest, Validator } from '#contracts/validate';
import { attributesFromBaggage } from '#telemetry/call-context';
import type { Counter } from '#telemetry/metrics';
import { FrugalSpan } from '#telemetry/frugal-span';
import { ORG_ID } from '#telemetry/attributes';
import { parseExactly } from '#toolcall/exact-json';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { context, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import type { TSchema } from 'typebox';
import { Deadline } from './deadline.js';
import type { HandlerExtras } from './handles.decorator.js';
import { load, requestsTotal } from './messaging.metrics.js';
import type { NatsLink } from './nats-connection.js';
import { DEADLINE_HEADER, extractContext } from './nats-headers.js';
import { organizationOf, timeLeftFor, withinDeadline } from './request-terms.js';
import type { RpcContext } from './rpc-context.js';
import { encodeError, parseObject, toServiceError } from './wire.js';

export interface TransportOptions {
  /** Instances with the same name share the requests. */
  readonly queue: string;
  /** Requests under way at once; one more is answered `overloaded`. */
  readonly maxInFlight: number;
  /** How long a request without a deadline of its own may take. */
  readonly defaultDeadlineMs: number;
  /** How long a shutdown waits for requests under way. */
  readonly drainMs: number;
}

type Call = (request: object, context: RpcContext) => Promise<object>;

interface Route {
  readonly rpc: Rpc;
  readonly validator: Validator<TSchema>;
  readonly call: Call;
  readonly succeeded: Counter.Internal;
}

/** Subjects on which something is done: ours, and the server's own. */
const ACTED_ON = /^(patchbay\.|\$)/;

/**
 * Requests and announcements over NATS, as plain JSON without an envelope. Everything a request needs that is not
 * business happens here, once: decoding, validation, trace, deadline, the in-flight cap, the reply and its size.
 * Nothing anybody sends ends the process, and every request gets an answer.
 */
export class NatsTransport extends Server implements CustomTransportStrategy {
  private readonly log = new Logger('NatsTransport');
  private readonly subscriptions: Subscription[] = [];
  private replies: { message: Msg; payload: Uint8Array }[] = [];
  private underWay = 0;
  private allDone: (() => void) | undefined;
  private controllers: Pick<INestApplicationContext, 'get'> | undefined;

  constructor(
    private readonly link: NatsLink,
    private readonly options: TransportOptions,
  ) {
    super();
  }

  /** Where the controllers are. Before listening. */
  bindTo(controllers: Pick<INestApplicationContext, 'get'>): void {
    this.controllers = controllers;
  }

  listen(ready: (error?: unknown) => void): void {
    for (const handler of this.messageHandlers.values()) this.subscribe(handler);
    // Only once the server has the subscriptions is the service there.
    this.link.connection.flush().then(() => ready(), ready);
  }

  /** Takes no more requests, waits for those under way, and leaves the connection to its owner. */
  async close(): Promise<void> {
    await Promise.all(this.subscriptions.map((one) => one.drain().catch(() => undefined)));
    if (this.underWay > 0) await this.finishUnderWay();
    await new Promise((resolve) => setImmediate(resolve)); // the last replies leave
  }

  private async finishUnderWay(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => (this.allDone = resolve)),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, this.options.drainMs))),
    ]);
    clearTimeout(timer);
  }

  override on(): never {
    throw new Error('NatsTransport has no events of its own; see NatsLink');
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature
  override unwrap<T>(): T {
    return this.link.connection as T;
  }

  private subscribe(handler: MessageHandler): void {
    const extras = handler.extras as HandlerExtras | undefined;
    const { rpc, announcement } = extras ?? {};
    if (extras && rpc instanceof Rpc) {
      const route = {
        rpc,
        validator: new Validator(rpc.request),
        call: this.methodOf(extras),
        succeeded: requestsTotal.labels({ subject: rpc.subject, code: 'ok' }),
      };
      this.listenTo(rpc.subject, this.options.queue, (message) => this.answer(route, message));
    } else if (extras && announcement instanceof Announcement) {
      const validator = new Validator(announcement.payload);
      const call = this.methodOf(extras);
      this.listenTo(announcement.subject, undefined, (message) => this.hear(call, validator, message));
    } else {
      throw new Error('A bus handler is declared with @Handles(rpc) or @Hears(announcement)');
    }
  }

  private methodOf({ controller, method }: HandlerExtras): Call {
    const instance = this.controllers?.get<Record<string, Call>>(controller, { strict: false });
    if (!instance) throw new Error('The transport was not bound to its application');
    return (request, handlerContext) => (instance[method] as Call).call(instance, request, handlerContext);
  }

  private listenTo(subject: string, queue: string | undefined, receive: (message: Msg) => void): void {
    const callback = (error: Error | null, message: Msg) => {
      if (error) this.log.error(`Subscription ${subject}: ${error.message}`);
      else receive(message);
    };
    this.subscriptions.push(this.link.connection.subscribe(subject, { ...(queue && { queue }), callback }));
  }

  private answer(route: Route, message: Msg): void {
    // Nobody waits for it, so nobody asked. And a reply goes out with this service's rights: sent where something is
    // done, it would do for a stranger what the stranger may not.
    if (!message.reply || ACTED_ON.test(message.reply)) return;
    if (this.underWay >= this.options.maxInFlight) {
      this.respondWithError(
        message,
        route,
        new ServiceError('overloaded', 'Too many requests at once; try later'),
      );
      return;
    }
    this.underWay += 1;
    load.requests += 1;
    void this.handle(route, message);
  }

  private release(): void {
    this.underWay -= 1;
    load.requests -= 1;
    if (this.underWay === 0) this.allDone?.();
  }

  /** Never rejects: its promise is awaited by nobody, and what escaped it would end the process. */
  private async handle(route: Route, message: Msg): Promise<void> {
    const parent = extractContext(ROOT_CONTEXT, message.headers);
    const span = FrugalSpan.start(route.rpc.subject, SpanKind.SERVER, parent, attributesFromBaggage(parent));
    try {
      const reply = await context.with(span.context, () => this.run(route, message, span));
      this.respond(message, route, reply);
    } catch (error) {
      this.noteFailure(route, span, error);
      this.respondWithError(message, route, error);
    } finally {
      span.end();
      this.release();
    }
  }

  /** Checks the request and calls its handler, for as long as whoever asked still waits. */
  private async run(route: Route, message: Msg, span: FrugalSpan): Promise<object> {
    const orgId = route.rpc.isPublic ? organizationOf(message.subject) : '';
    if (orgId) span.set(ORG_ID, orgId);
    const timeLeft = message.headers ? timeLeftFor(message.headers.get(DEADLINE_HEADER)) : undefined;
    const { maxRequestBytes = Infinity, exactIntegers } = route.rpc.options;
    if (message.data.length > maxRequestBytes) {
      throw new ServiceError('payload_too_large', `A request may have ${maxRequestBytes} bytes`);
    }
    const request = parseObject(message.data, exactIntegers ? parseExactly : undefined);
    if (!request)
      throw invalidRequest([{ pointer: '', code: 'wrong_type', message: 'must be a JSON object' }]);
    route.validator.assert(request);
    const deadline = Deadline.in(timeLeft ?? this.options.defaultDeadlineMs);
    const handlerContext: RpcContext = { orgId, deadline, span };
    const result = route.call(request, handlerContext);
    return timeLeft === undefined ? result : withinDeadline(result, timeLeft);
  }

  private respond(message: Msg, route: Route, reply: object): void {
    const payload = Buffer.from(JSON.stringify(reply));
    if (payload.length > this.link.maxPayload) {
      const limit = `${payload.length} bytes; the bus takes ${this.link.maxPayload}`;
      throw new ServiceError('reply_too_large', `The reply has ${limit}`);
    }
    this.replyLater(message, payload);
    route.succeeded.inc();
  }

  /**
   * Replies that are ready in the same turn of the event loop leave together, in one write to the socket instead of
   * one each: under load, the largest single saving there is. Alone, a reply waits for nothing.
   */
  private replyLater(message: Msg, payload: Uint8Array): void {
    this.replies.push({ message, payload });
    if (this.replies.length > 1) return;
    setImmediate(() => {
      const replies = this.replies;
      this.replies = [];
      for (const reply of replies) reply.message.respond(reply.payload);
    });
  }

  private respondWithError(message: Msg, route: Route, error: unknown): void {
    const { payload, headers } = encodeError(error);
    try {
      message.respond(payload, { headers });
    } catch (publishError) {
      this.log.error(`${route.rpc.subject} could not be answered`, stackOf(publishError));
    }
    requestsTotal.inc({
      subject: route.rpc.subject,
      code: toServiceError(error).code,
    });
  }

  private noteFailure(route: Route, span: FrugalSpan, error: unknown): void {
    if (error instanceof ServiceError && error.code !== 'internal') {
      span.keep();
      return;
    }
    const { code, message } = toServiceError(error);
    span.fail(code);
    if (code === 'internal') this.log.error(`${route.rpc.subject} failed`, stackOf(error));
    else this.log.warn(`${route.rpc.subject}: ${message}`);
  }

  private hear(call: Call, validator: Validator<TSchema>, message: Msg): void {
    const payload = parseObject(message.data);
    if (!validator.matches(payload)) {
      this.log.warn(`Ignored an announcement on ${message.subject} that is not one`);
      return;
    }
    const parent = extractContext(ROOT_CONTEXT, message.headers);
    const span = FrugalSpan.start(message.subject, SpanKind.CONSUMER, parent);
    context
      .with(span.context, () => call(payload as object, announcementContext(span)))
      .then((answer: object | undefined) => answer && message.respond(JSON.stringify(answer)))
      .catch((error: unknown) =>
        this.log.error(`${message.subject} was heard, but not acted on`, stackOf(error)),
      )
      .finally(() => span.end());
  }
}

function announcementContext(span: FrugalSpan): RpcContext {
  return { orgId: '', deadline: Deadline.in(5000), span };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
