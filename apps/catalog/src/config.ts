import { EgressServiceConfig } from '#runtime/service.config';
import { Matches } from 'class-validator';

/** Calls nobody, but does not let a tool be saved that nobody may call. */
export class CatalogConfig extends EgressServiceConfig {
  /** Shared with the vault: proves to it which credentials a tool uses. */
  @Matches(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, {
    message: 'CREDENTIAL_GRANT_KEY must be 32 bytes of base64, which is 44 characters',
  })
  readonly CREDENTIAL_GRANT_KEY!: string;
}
