import { ServiceError } from '#contracts/errors';
import type { Announcement, AnswerTo, Inquiry, PayloadOf, ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { attributesFromBaggage } from '#telemetry/call-context';
import { FrugalSpan } from '#telemetry/frugal-span';
import { parseExactly } from '#toolcall/exact-json';
import { Inject, Injectable } from '@nestjs/common';
import { errors, type Msg } from '@nats-io/transport-node';
import { context, SpanKind } from '@opentelemetry/api';
import type { Deadline } from './deadline.js';
import { NatsLink } from './nats-connection.js';
import { requestHeaders } from './nats-headers.js';
import { decodeError, parseObject } from './wire.js';

/** Asks other services. Every wait has an end, which the caller names. */
@Injectable()
export class RpcClient {
  constructor(@Inject(NatsLink) private readonly link: NatsLink) {}

  /**
   * Sends a request and waits for its reply, until the deadline at most.
   *
   * @param orgId needed for public subjects, which are addressed to one organization
   * @throws ServiceError what the service answered; `service_unavailable` when nobody is there to answer (nothing was
   *   done) or the bus is down; `deadline_exceeded` when no answer came in time (it may have been done)
   */
  async call<R extends Rpc>(
    rpc: R,
    request: RequestOf<R>,
    options: { deadline: Deadline; orgId?: string },
  ): Promise<ReplyOf<R>> {
    const active = context.active();
    const span = FrugalSpan.start(rpc.subject, SpanKind.CLIENT, active, attributesFromBaggage(active));
    try {
      const timeout = Math.floor(options.deadline.remainingMs());
      if (timeout < 1) throw new ServiceError('deadline_exceeded', `No time left to ask for ${nameOf(rpc)}`);
      if (!this.link.isConnected) throw new ServiceError('service_unavailable', 'The bus is not connected');
      const reply = await this.request(
        rpc,
        rpc.subjectFor(options.orgId),
        JSON.stringify(request),
        timeout,
        span,
      );
      const error = decodeError(reply);
      if (error) throw error;
      const body = parseObject(reply.data, rpc.options.exactIntegers ? parseExactly : undefined);
      if (!body)
        throw new ServiceError('internal', `${nameOf(rpc)} was answered with something that is not JSON`);
      return body as ReplyOf<R>;
    } catch (error) {
      // What a service refuses is its answer; only a service that could not answer is a failure of this span.
      if (error instanceof ServiceError && isRefusal(error)) span.keep();
      else span.fail(error instanceof ServiceError ? error.code : 'internal');
      throw error;
    } finally {
      span.end();
    }
  }

  /** Tells whoever listens, at most once. Lost while the bus is down: a hint, never the truth. */
  announce<A extends Announcement>(announcement: A, payload: PayloadOf<A>): void {
    if (!this.link.isConnected) return;
    this.link.connection.publish(announcement.subject, JSON.stringify(payload));
  }

  /**
   * Asks all instances, and takes the first answer.
   * @returns undefined when nobody has answered by the deadline: as far as can be told, it concerns nobody
   * @throws ServiceError `service_unavailable` when the bus is down
   */
  async inquire<I extends Inquiry>(
    inquiry: I,
    payload: PayloadOf<I>,
    deadline: Deadline,
  ): Promise<AnswerTo<I> | undefined> {
    const timeout = Math.floor(deadline.remainingMs());
    if (timeout < 1) return undefined;
    if (!this.link.isConnected) throw new ServiceError('service_unavailable', 'The bus is not connected');
    try {
      const headers = requestHeaders(context.active(), timeout);
      const { connection } = this.link;
      const answer = await connection.request(inquiry.subject, JSON.stringify(payload), { timeout, headers });
      return parseObject(answer.data) as AnswerTo<I> | undefined;
    } catch (error) {
      if (isNoResponders(error) || error instanceof errors.TimeoutError) return undefined;
      throw new ServiceError('service_unavailable', 'The other instances could not be asked');
    }
  }

  private async request(
    rpc: Rpc,
    subject: string,
    payload: string,
    timeout: number,
    span: FrugalSpan,
  ): Promise<Msg> {
    if (payload.length > this.link.maxPayload) {
      throw new ServiceError('payload_too_large', `A request may have ${this.link.maxPayload} bytes`);
    }
    try {
      const headers = requestHeaders(span.context, timeout);
      return await this.link.connection.request(subject, payload, { timeout, headers });
    } catch (error) {
      if (isNoResponders(error)) {
        throw new ServiceError('service_unavailable', `No service is there to answer ${nameOf(rpc)}`);
      }
      if (error instanceof errors.TimeoutError) {
        throw new ServiceError('deadline_exceeded', `${nameOf(rpc)} was not answered in time`);
      }
      throw new ServiceError('service_unavailable', `${nameOf(rpc)} could not be asked`);
    }
  }
}

function isNoResponders(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true;
  return error instanceof errors.RequestError && error.isNoResponders();
}

function isRefusal(error: ServiceError): boolean {
  return !['service_unavailable', 'deadline_exceeded', 'internal', 'overloaded'].includes(error.code);
}

/** What was asked, as a person would say it: `vault.credential.open`, `tools.execute`. */
function nameOf(rpc: Rpc): string {
  return rpc.subject.replace(/^patchbay\.(internal|v1\.\*)\./, '');
}
