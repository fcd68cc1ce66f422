import type { Environment } from '#contracts/common.contract';
import type { GrantKey } from '#sealing/credential-grant';
import { secretNames } from '#toolcall/secret-reference';
import type { ToolDefinition } from '#toolcall/tool-definition';

/** Executors run a definition that is five minutes old when the catalog is down; the rest is for clocks that differ. */
const VALID_MS = 10 * 60_000;

/** A tool as an executor is about to run it: with what environment and agent have different. */
export interface RunnableDefinition {
  readonly orgId: string;
  readonly key: string;
  readonly version: number;
  readonly environment: Environment;
  readonly definition: ToolDefinition;
}

/** Tells the vault, by way of the executor, which secrets the tool uses; undefined for one that uses none. */
export function grantOf(
  { orgId, key: toolKey, version, environment, definition }: RunnableDefinition,
  signer: GrantKey,
  now: Date,
): string | undefined {
  const { credentialId } = definition.request;
  const credentialIds = credentialId === undefined ? [] : [credentialId];
  const names = secretNames(definition);
  if (credentialIds.length + names.length === 0) return undefined;
  const terms = { orgId, toolKey, version, environment, credentialIds, secretNames: names };
  return signer.sign(terms, new Date(now.getTime() + VALID_MS));
}
