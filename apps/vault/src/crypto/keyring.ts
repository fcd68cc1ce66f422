import { decodeKey } from '#sealing/encoding';
import { createSecretKey, type KeyObject } from 'node:crypto';

/** The keyring is not one. Names key ids, never a key. */
export class KeyringError extends Error {}

export interface NamedKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** No dot: the envelope separates its parts by dots. */
export const KEY_ID = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** The keys that an operator gave, in the order given. */
export class Keyring {
  private constructor(
    private readonly keys: ReadonlyMap<string, KeyObject>,
    /** The last of them. */
    readonly current: NamedKey,
  ) {}

  /**
   * Reads `kid:key` entries separated by commas or white space; a key is 32 bytes of base64.
   * @throws KeyringError
   */
  static parse(text: string): Keyring {
    const keys = new Map<string, KeyObject>();
    const entries = text.split(/[\s,]+/).filter((entry) => entry !== '');
    for (const [index, entry] of entries.entries()) {
      const [id = '', encoded = ''] = entry.split(':', 2);
      // An entry without an id may be a bare key: it is counted, not quoted.
      if (!entry.includes(':') || !KEY_ID.test(id)) {
        throw new KeyringError(`entry ${index + 1} must begin with a key id (${KEY_ID.source}) and a colon`);
      }
      if (keys.has(id)) throw new KeyringError(`key \`${id}\` is there twice`);
      keys.set(id, readKey(id, encoded));
    }
    const last = [...keys].at(-1);
    if (!last) throw new KeyringError('there is no key');
    return new Keyring(keys, { id: last[0], key: last[1] });
  }

  /** Undefined when the keyring does not hold the key. */
  find(id: string): KeyObject | undefined {
    return this.keys.get(id);
  }
}

/** A KeyObject rather than bytes: it cannot be printed. */
function readKey(id: string, encoded: string): KeyObject {
  const bytes = decodeKey(encoded);
  if (!bytes) throw new KeyringError(`key \`${id}\` must be 32 bytes of base64, which is 44 characters`);
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
