import { ServiceError } from '#contracts/errors';
import { ORG_ID } from '#telemetry/attributes';
import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GatewayRequest } from '../http/gateway-request.js';
import { ALLOWED } from './allow.decorator.js';
import { ApiKeysService } from './api-keys.service.js';
import { mayUse, type Role } from './roles.js';

/** Lets a request through when its API key's role may use the route. Stands before every route. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<true> {
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    const caller = await this.apiKeys.authenticate(bearerToken(request.headers.authorization));
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
