import type { Done } from '#contracts/common.contract';
import {
  createCredential,
  deleteCredential,
  getCredential,
  listCredentials,
  openCredential,
  replaceCredential,
  type CreateCredential,
  type Credential,
  type CredentialPage,
  type DeleteCredential,
  type GetCredential,
  type ListCredentials,
  type OpenCredential,
  type OpenedCredential,
  type ReplaceCredential,
} from '#contracts/vault.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import { Inject } from '@nestjs/common';
import { CredentialIntake } from './credential.intake.js';
import { CredentialsService } from './credentials.service.js';
import { OpeningService } from './opening.service.js';

@RpcController()
export class CredentialsController {
  constructor(
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(CredentialIntake) private readonly intake: CredentialIntake,
    @Inject(OpeningService) private readonly opening: OpeningService,
  ) {}

  @Handles(createCredential)
  create({ orgId, sealed }: CreateCredential): Promise<Credential> {
    return this.credentials.create(orgId, this.intake.readNew(orgId, sealed));
  }

  @Handles(getCredential)
  get(request: GetCredential): Promise<Credential> {
    return this.credentials.get(request);
  }

  @Handles(listCredentials)
  list(request: ListCredentials): Promise<CredentialPage> {
    return this.credentials.list(request);
  }

  @Handles(replaceCredential)
  replace({ sealed, ...request }: ReplaceCredential): Promise<Credential> {
    return this.credentials.replace(request, this.intake.readEdit(request.orgId, sealed));
  }

  @Handles(deleteCredential)
  delete(request: DeleteCredential): Promise<Done> {
    return this.credentials.delete(request);
  }

  @Handles(openCredential)
  open(request: OpenCredential): Promise<OpenedCredential> {
    return this.opening.open(request);
  }
}
