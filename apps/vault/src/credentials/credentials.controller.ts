import type { Done } from '#contracts/common.contract';
import {
  createCredential,
  deleteCredential,
  getCredential,
  getSecret,
  listCredentials,
  openCredential,
  openSecret,
  replaceCredential,
  type CreateCredential,
  type Credential,
  type CredentialPage,
  type DeleteCredential,
  type GetCredential,
  type GetSecret,
  type ListCredentials,
  type OpenCredential,
  type OpenedCredential,
  type OpenedSecret,
  type OpenSecret,
  type ReplaceCredential,
} from '#contracts/vault.contract';
import { Handles, RpcController } from '#messaging/handles.decorator';
import { Inject } from '@nestjs/common';
import { AccessLog, GATEWAY } from '../accesses/access-log.service.js';
import { CredentialIntake } from './credential.intake.js';
import { CredentialsService } from './credentials.service.js';
import { OpeningService } from './opening.service.js';

@RpcController()
export class CredentialsController {
  constructor(
    @Inject(CredentialsService) private readonly credentials: CredentialsService,
    @Inject(CredentialIntake) private readonly intake: CredentialIntake,
    @Inject(OpeningService) private readonly opening: OpeningService,
    @Inject(AccessLog) private readonly accesses: AccessLog,
  ) {}

  @Handles(createCredential)
  create({ orgId, sealed, actor = GATEWAY }: CreateCredential): Promise<Credential> {
    return this.accesses.noteFailure({ action: 'create', orgId, actor }, async () =>
      this.credentials.create(orgId, this.intake.readNew(orgId, sealed), actor),
    );
  }

  @Handles(getCredential)
  get(request: GetCredential): Promise<Credential> {
    return this.credentials.get(request);
  }

  @Handles(getSecret)
  getSecret(request: GetSecret): Promise<Credential> {
    return this.credentials.getSecret(request);
  }

  @Handles(listCredentials)
  list(request: ListCredentials): Promise<CredentialPage> {
    return this.credentials.list(request);
  }

  @Handles(replaceCredential)
  replace({ sealed, actor = GATEWAY, ...request }: ReplaceCredential): Promise<Credential> {
    const { orgId, credentialId } = request;
    return this.accesses.noteFailure({ action: 'replace', orgId, credentialId, actor }, async () =>
      this.credentials.replace(request, this.intake.readEdit(orgId, sealed), actor),
    );
  }

  @Handles(deleteCredential)
  delete({ actor = GATEWAY, ...request }: DeleteCredential): Promise<Done> {
    const { orgId, credentialId } = request;
    return this.accesses.noteFailure({ action: 'delete', orgId, credentialId, actor }, () =>
      this.credentials.delete(request, actor),
    );
  }

  @Handles(openCredential)
  open(request: OpenCredential): Promise<OpenedCredential> {
    return this.opening.open(request);
  }

  @Handles(openSecret)
  openSecret(request: OpenSecret): Promise<OpenedSecret> {
    return this.opening.openSecret(request);
  }
}
