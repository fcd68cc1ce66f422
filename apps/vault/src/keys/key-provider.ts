import type { KeyObject } from 'node:crypto';

/** What a wrapped key is bound to: it unwraps for nothing else. Never secret; some providers log it. */
export type WrapContext = Readonly<Record<string, string>>;

/** A key cannot be used. Names key ids and reasons, never a key. */
export class KeyProviderError extends Error {
  constructor(
    message: string,
    /** The provider did not say no: it may work later. */
    readonly isOutage = false,
  ) {
    super(message);
  }
}

/**
 * Holds the keys that wrap organizations' keys, or has the use of them: each has versions, and every version has an id
 * (`KEY_ID`) that means the same in every vault.
 */
export interface KeyProvider {
  /** Whether the id is one of its versions'. Looks again before it says no, where versions can be added meanwhile. */
  knows(versionId: string): Promise<boolean>;
  /** The version to use from now on, were it for the provider; undefined when it has none. */
  newest(): Promise<string | undefined>;
  /** Makes a new version, where the provider can. @returns its id */
  makeVersion?(): Promise<string>;
  /** @throws KeyProviderError */
  wrap(versionId: string, key: Buffer, context: WrapContext): Promise<string>;
  /** The caller erases the key after use. @throws KeyProviderError */
  unwrap(versionId: string, wrapped: string, context: WrapContext): Promise<Buffer>;
  /** For what was sealed under a key itself, as vaults did before organizations had keys of their own. */
  find?(versionId: string): KeyObject | undefined;
  close?(): void;
}

/** Where Nest has it. */
export const KEY_PROVIDER = Symbol('key provider');

/** The context in one canonical text, for providers that bind bytes. */
export function contextBytes(versionId: string, context: WrapContext): Buffer {
  const sorted = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify(['patchbay vault key', versionId, ...sorted.flat()]));
}
