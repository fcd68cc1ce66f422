import { Uuid } from '#contracts/common.contract';
import { getRotation, startRotation, type Rotation, type StartRotation } from '#contracts/vault.contract';
import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ForOperator } from './auth/allow.decorator.js';
import { Endpoint } from './http/endpoint.decorator.js';
import { BodyAs, PathParam } from './http/request.decorators.js';
import { ServicesClient } from './services.client.js';

const whose =
  "Asks for the operator's key (`OPERATOR_KEY_SHA256`): the keys are those of the whole deployment.";

@ApiTags('Operations')
@Controller('v1/operations/rotations')
export class RotationsController {
  constructor(private readonly services: ServicesClient) {}

  @Post()
  @ForOperator()
  @Endpoint<Rotation>({
    summary:
      'Begin to change the key that protects credentials; the vaults do it in the background, without a pause',
    description: `${whose} To the vaults' newest key, or the one that is named.`,
    reply: 'Rotation',
    location: ({ id }) => `/v1/operations/rotations/${id}`,
    refusals: ['precondition_failed'],
  })
  start(@BodyAs('StartRotation') request: StartRotation): Promise<Rotation> {
    return this.services.ask(startRotation, request);
  }

  @Get('latest')
  @ForOperator()
  @Endpoint<Rotation>({
    summary: 'How far the latest rotation is',
    description: whose,
    reply: 'Rotation',
    refusals: ['not_found'],
  })
  latest(): Promise<Rotation> {
    return this.services.ask(getRotation, {});
  }

  @Get(':id')
  @ForOperator()
  @Endpoint<Rotation>({
    summary: 'How far a rotation is',
    description: whose,
    reply: 'Rotation',
    refusals: ['not_found'],
  })
  get(@PathParam('id', Uuid, 'not_found') rotationId: string): Promise<Rotation> {
    return this.services.ask(getRotation, { rotationId });
  }
}
