import type { Role } from './roles.js';

/** Who asks, as the API key says. */
export interface Caller {
  readonly orgId: string;
  readonly organizationName: string;
  readonly role: Role;
  readonly keyId: string;
  readonly keyName: string;
}
