import { credentialChanged, type CredentialChanged } from '#contracts/vault.contract';
import { Hears, RpcController } from '#messaging/handles.decorator';
import { CredentialCache } from './credential.cache.js';
import { SecretCache } from './secret.cache.js';

@RpcController()
export class CredentialsController {
  constructor(
    private readonly credentials: CredentialCache,
    private readonly secrets: SecretCache,
  ) {}

  @Hears(credentialChanged)
  drop(changed: CredentialChanged): Promise<void> {
    this.credentials.drop(changed);
    this.secrets.drop(changed);
    return Promise.resolve();
  }
}
