import type { Actor } from '#contracts/vault.contract';
import type { Caller } from './caller.js';

/** Who asks, as the vault keeps it on record. */
export function actorOf({ keyId }: Caller): Actor {
  return { type: 'api_key', id: keyId };
}
