/**
 * What a sealed credential is bound to, spelled alike by the vault that seals and the executor that opens: a reply
 * meant for one credential cannot be passed off as another's, nor as another version.
 */
export function credentialContext(credential: {
  readonly orgId: string;
  readonly credentialId: string;
  readonly version: number;
}): string {
  const { orgId, credentialId, version } = credential;
  return JSON.stringify(['patchbay credential', orgId.toLowerCase(), credentialId.toLowerCase(), version]);
}

/** The same for one value of a secret that is asked for by its name. */
export function secretContext(secret: {
  readonly orgId: string;
  readonly reference: string;
  readonly environment: string;
  readonly version: number;
}): string {
  const { orgId, reference, environment, version } = secret;
  return JSON.stringify(['patchbay secret', orgId.toLowerCase(), reference, environment, version]);
}
