import { Validator } from '#contracts/validate';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import Type, { type TObject } from 'typebox';
import type { GatewayRequest } from './gateway-request.js';
import { TAKES_QUERY } from './request.decorators.js';

const noParameters: Validator<TObject> = new Validator(Type.Object({}, { additionalProperties: false }));

/** A route that declares no query parameters takes none: a misspelt one is noticed. */
@Injectable()
export class RefuseQueryInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): ReturnType<CallHandler['handle']> {
    const takesQuery = this.reflector.get<boolean | undefined>(TAKES_QUERY, context.getHandler());
    if (!takesQuery) noParameters.assert(context.switchToHttp().getRequest<GatewayRequest>().query);
    return next.handle();
  }
}
