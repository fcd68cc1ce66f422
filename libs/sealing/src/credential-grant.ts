import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64Url } from './encoding.js';

/** Which secrets one version of a tool uses: what an executor that runs it may have opened, and nothing else. */
export interface GrantTerms {
  readonly orgId: string;
  readonly toolKey: string;
  /** 0 for a draft. */
  readonly version: number;
  /** Whose values of secrets that are named it uses. */
  readonly environment: string;
  readonly credentialIds: readonly string[];
  /** Of secrets that its templates name. */
  readonly secretNames: readonly string[];
}

export interface Grant extends GrantTerms {
  readonly expiresAt: Date;
}

type Fields = [
  orgId: string,
  toolKey: string,
  version: number,
  environment: string,
  credentialIds: readonly string[],
  secretNames: readonly string[],
  expiresAtSeconds: number,
];

const FORMAT = 'g1';

/**
 * The key that catalog and vault share: what the catalog says of a tool reaches the vault through executors, which can
 * neither make such a statement nor change one. A grant is `g1.<JSON array>.<HMAC-SHA256>`, both parts in base64url.
 */
export class GrantKey {
  readonly #key: Buffer; // truly private: printing this object shows nothing

  constructor(key: Buffer) {
    this.#key = key;
  }

  sign(terms: GrantTerms, expiresAt: Date): string {
    const { orgId, toolKey, version, environment, credentialIds, secretNames } = terms;
    const ids = credentialIds.map((id) => id.toLowerCase());
    const seconds = Math.floor(expiresAt.getTime() / 1000);
    const tool = [orgId.toLowerCase(), toolKey, version, environment] as const;
    const fields: Fields = [...tool, ids, secretNames, seconds];
    const payload = Buffer.from(JSON.stringify(fields)).toString('base64url');
    return `${FORMAT}.${payload}.${this.mac(payload).toString('base64url')}`;
  }

  /** What it grants; undefined unless it was signed with this key and nothing was altered. Whether it has expired is not looked at. */
  read(grant: string): Grant | undefined {
    const [format, payload = '', proof = '', ...rest] = grant.split('.');
    const mac = decodeBase64Url(proof, 32);
    if (format !== FORMAT || rest.length > 0 || !mac) return undefined;
    if (!timingSafeEqual(mac, this.mac(payload))) return undefined;
    // Signed under this format's name, so it has its fields.
    const fields = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Fields;
    const [orgId, toolKey, version, environment, credentialIds, secretNames, seconds] = fields;
    const terms = { orgId, toolKey, version, environment, credentialIds, secretNames };
    return { ...terms, expiresAt: new Date(seconds * 1000) };
  }

  private mac(payload: string): Buffer {
    return createHmac('sha256', this.#key).update(`patchbay credential grant ${FORMAT}\0${payload}`).digest();
  }
}
