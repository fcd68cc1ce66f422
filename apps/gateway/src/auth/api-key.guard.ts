import { ServiceError } from '#contracts/errors';
import { ORG_ID } from '#telemetry/attributes';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GatewayRequest } from '../http/gateway-request.js';
import { ALLOWED, FOR_OPERATOR, OPEN } from './allow.decorator.js';
import { ApiKeysService } from './api-keys.service.js';
import { OperatorKey } from './operator-key.js';
import { mayUse, type Role } from './roles.js';

/** Lets a request through when its API key's role may use the route, it is the operator's, or nobody needs one. Stands before every route. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly operatorKey: OperatorKey,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    if (this.reflector.get<true | undefined>(OPEN, context.getHandler())) return true;
    const key = bearerToken(request.headers.authorization);
    if (
      this.reflector.get<true | undefined>(FOR_OPERATOR, context.getHandler()) &&
      this.operatorKey.is(key)
    ) {
      return true;
    }
    const caller = await this.apiKeys.authenticate(key);
    if (!caller)
      throw new ServiceError('unauthenticated', 'A valid API key is needed: Authorization: Bearer <key>');
    request.caller = caller;
    request.span.set(ORG_ID, caller.orgId);

    const allowed = this.reflector.get<Role[] | undefined>(ALLOWED, context.getHandler()) ?? [];
    if (!mayUse(caller.role, allowed)) {
      throw new ServiceError('forbidden', `An API key with the role \`${caller.role}\` may not do this`);
    }
    return true;
  }
}

/** The token of an `Authorization: Bearer` header; empty when there is none. */
function bearerToken(header: string | undefined): string {
  return /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
}
