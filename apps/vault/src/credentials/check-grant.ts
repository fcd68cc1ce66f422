import type { OpenCredential } from '#contracts/vault.contract';
import type { Grant } from '#sealing/credential-grant';

/** Why what the catalog granted does not cover what is asked for; undefined when it does. */
export function grantProblem(
  grant: Grant | undefined,
  { orgId, credentialId, purpose }: OpenCredential,
  now: Date,
): string | undefined {
  if (!grant) return 'the catalog has not signed what this tool uses';
  if (grant.orgId !== orgId.toLowerCase()) return 'the tool is of another organization';
  if (purpose && grant.toolKey !== purpose.toolKey) return 'the grant is for another tool';
  if (!grant.credentialIds.includes(credentialId.toLowerCase())) return 'the tool does not use it';
  return now >= grant.expiresAt ? 'the grant has expired' : undefined;
}
