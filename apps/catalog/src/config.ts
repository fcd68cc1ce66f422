import { DatabaseServiceConfig } from '#runtime/service.config';
import { Matches } from 'class-validator';

export class CatalogConfig extends DatabaseServiceConfig {
  /** Shared with the vault: proves to it which credentials a tool uses. */
  @Matches(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, {
    message: 'CREDENTIAL_GRANT_KEY must be 32 bytes of base64, which is 44 characters',
  })
  readonly CREDENTIAL_GRANT_KEY!: string;
}
