import type { Announcement, AnswerTo, Inquiry, PayloadOf, ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { Controller, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import type { RpcContext } from './rpc-context.js';

type Handler<Request, Reply> = (request: Request, context: RpcContext) => Promise<Reply>;
type HandlerDecorator<Request, Reply> = <Method extends Handler<Request, Reply>>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** What the transport is told of a handler: what it answers or hears, and where its method is. */
export interface HandlerExtras {
  readonly rpc?: Rpc;
  readonly announcement?: Announcement;
  readonly controller: Type;
  readonly method: string;
}

/**
 * A controller of bus requests. The transport calls its methods itself, past Nest's pipes, guards, interceptors and
 * filters: what every request needs (decoding, validation, trace, deadline, errors) it does in one place, for all.
 */
export function RpcController(): ClassDecorator {
  return Controller();
}

/** The method answers this request. The transport has validated it; its types are those of the descriptor. */
export function Handles<R extends Rpc>(rpc: R): HandlerDecorator<RequestOf<R>, ReplyOf<R>> {
  return (target, key, descriptor) => {
    const extras: HandlerExtras = { rpc, controller: target.constructor as Type, method: key };
    MessagePattern(rpc.subject, undefined, extras)(target, key, descriptor);
  };
}

/** Every instance's method hears this announcement. */
export function Hears<A extends Announcement>(announcement: A): HandlerDecorator<PayloadOf<A>, void> {
  return (target, key, descriptor) => {
    const extras: HandlerExtras = { announcement, controller: target.constructor as Type, method: key };
    EventPattern(announcement.subject, undefined, extras)(target, key, descriptor);
  };
}

/** Every instance's method hears this inquiry; the one whom it concerns answers, the others return undefined. */
export function Answers<I extends Inquiry>(
  inquiry: I,
): HandlerDecorator<PayloadOf<I>, AnswerTo<I> | undefined> {
  return (target, key, descriptor) => {
    const extras: HandlerExtras = {
      announcement: inquiry,
      controller: target.constructor as Type,
      method: key,
    };
    EventPattern(inquiry.subject, undefined, extras)(target, key, descriptor);
  };
}
