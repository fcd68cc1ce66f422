import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import type { Me } from './documents.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { CallerOf } from './http/request.decorators.js';

@ApiTags('Me')
@Controller('v1/me')
export class MeController {
  @Get()
  @Allow('viewer', 'executor')
  @Endpoint<Me>({ summary: 'Say whose API key this is and what it may do', reply: 'Me' })
  get(@CallerOf() { orgId, organizationName, role, keyId, keyName }: Caller): Promise<Me> {
    return Promise.resolve({
      organization: { id: orgId, name: organizationName },
      role,
      apiKey: { id: keyId, name: keyName },
    });
  }
}
