import type { Announcement, PayloadOf, ReplyOf, RequestOf, Rpc } from '#contracts/rpc';
import { Controller, UseFilters, applyDecorators } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { PassErrorsOn } from './pass-errors-on.filter.js';
import type { RpcContext } from './rpc-context.js';

type Handler<Request, Reply> = (request: Request, context: RpcContext) => Promise<Reply>;
type HandlerDecorator<Request, Reply> = <Method extends Handler<Request, Reply>>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/** A controller of bus requests. What it throws reaches the transport as it is, and is turned into a reply there. */
export function RpcController(): ClassDecorator {
  return applyDecorators(Controller(), UseFilters(PassErrorsOn));
}

/** The method answers this request. The transport has validated it; its types are those of the descriptor. */
export function Handles<R extends Rpc>(rpc: R): HandlerDecorator<RequestOf<R>, ReplyOf<R>> {
  return (target, key, descriptor) => {
    bindParameters(target, key);
    MessagePattern(rpc.subject, undefined, { rpc })(target, key, descriptor);
  };
}

/** Every instance's method hears this announcement. */
export function Hears<A extends Announcement>(announcement: A): HandlerDecorator<PayloadOf<A>, void> {
  return (target, key, descriptor) => {
    bindParameters(target, key);
    EventPattern(announcement.subject, undefined, { announcement })(target, key, descriptor);
  };
}

function bindParameters(target: object, key: string): void {
  Payload()(target, key, 0);
  Ctx()(target, key, 1);
}
