import type { CredentialEdit, CredentialInput } from '#contracts/vault.contract';
import { intakeContext, sealForVault } from '#sealing/intake-key';

/** Secrets of an authorization, likewise; `context` says of which step. */
export function sealForFlow(vaultPublicKey: string, secrets: object, context: string): string {
  return sealForVault(vaultPublicKey, Buffer.from(JSON.stringify(secrets)), context);
}

/** A credential as it was entered, for the vault alone: the bus carries no secret in clear. */
export function sealCredential(
  vaultPublicKey: string,
  orgId: string,
  credential: CredentialInput | CredentialEdit,
): string {
  return sealForVault(vaultPublicKey, Buffer.from(JSON.stringify(credential)), intakeContext(orgId));
}
