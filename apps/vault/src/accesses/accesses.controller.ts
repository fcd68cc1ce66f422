import { listAccesses, type AccessPage, type ListAccesses } from '#contracts/vault-access.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import { Inject } from '@nestjs/common';
import { AccessLog } from './access-log.service.js';

@RpcController()
export class AccessesController {
  constructor(@Inject(AccessLog) private readonly accesses: AccessLog) {}

  @Handles(listAccesses)
  list(request: ListAccesses): Promise<AccessPage> {
    return this.accesses.list(request);
  }
}
