import {
  getRotation,
  organizationShredded,
  rotationChanged,
  shredOrganization,
  startRotation,
  type GetRotation,
  type OrganizationShredded,
  type Rotation,
  type RotationChanged,
  type Shredded,
  type ShredOrganization,
  type StartRotation,
} from '#contracts/vault-rotation.contract';
import { Handles, Hears, RpcController } from '#messaging/handles.decorator';
import { RpcClient } from '#messaging/rpc.client';
import { Inject } from '@nestjs/common';
import { OrganizationKeys } from '../keys/organization-keys.service.js';
import { RotationService } from './rotation.service.js';
import { RotationWorker } from './rotation-worker.service.js';
import { ShreddingService } from './shredding.service.js';

/** What operators ask, and what vaults tell each other. */
@RpcController()
export class OperationsController {
  constructor(
    @Inject(RotationService) private readonly rotations: RotationService,
    @Inject(RotationWorker) private readonly worker: RotationWorker,
    @Inject(ShreddingService) private readonly shredding: ShreddingService,
    @Inject(OrganizationKeys) private readonly keys: OrganizationKeys,
    @Inject(RpcClient) private readonly rpc: RpcClient,
  ) {}

  @Handles(startRotation)
  async start(request: StartRotation): Promise<Rotation> {
    const rotation = await this.rotations.start(request);
    this.rpc.announce(rotationChanged, { rotationId: rotation.id });
    return rotation;
  }

  @Handles(getRotation)
  get(request: GetRotation): Promise<Rotation> {
    return this.rotations.get(request);
  }

  @Handles(shredOrganization)
  shred({ orgId }: ShredOrganization): Promise<Shredded> {
    return this.shredding.shred(orgId.toLowerCase());
  }

  @Hears(rotationChanged)
  // eslint-disable-next-line @typescript-eslint/require-await -- what is heard is acted on in the background
  async lookForWork(_announced: RotationChanged): Promise<void> {
    this.worker.look();
  }

  @Hears(organizationShredded)
  // eslint-disable-next-line @typescript-eslint/require-await -- nothing to wait for
  async forget({ orgId }: OrganizationShredded): Promise<void> {
    this.keys.forget(orgId);
  }
}
