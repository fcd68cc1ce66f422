import { GetStats, getStats, type Stats } from '#contracts/audit.contract';
import { closed } from '#contracts/common.contract';
import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import Type from 'typebox';
import { Allow } from './auth/allow.decorator.js';
import type { Caller } from './auth/caller.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { CallerOf, QueryAs } from './http/request.decorators.js';
import { ServicesClient } from './services.client.js';

const StatsQuery = Type.Omit(GetStats, ['orgId'], closed);

@ApiTags('Statistics')
@Controller('v1/stats')
export class StatsController {
  constructor(private readonly services: ServicesClient) {}

  @Get()
  @Allow('viewer')
  @Endpoint<Stats>({
    summary: 'Count executions: success rate and percentiles, by tool, host or time',
    reply: 'Stats',
  })
  get(
    @CallerOf() { orgId }: Caller,
    @QueryAs(StatsQuery) query: Type.Static<typeof StatsQuery>,
  ): Promise<Stats> {
    return this.services.ask(getStats, { orgId, ...query });
  }
}
