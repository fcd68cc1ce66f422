import type { KeyManagementServiceClient } from '@google-cloud/kms';
import { decodeBase64Url } from '#sealing/encoding';
import { fetch } from 'undici';
import { contextBytes, KeyProviderError, type KeyProvider, type WrapContext } from './key-provider.js';

export interface GcpKmsOptions {
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…`, for symmetric encryption. */
  readonly key: string;
  /** In place of Google's own; `http://` is for an emulator, and comes without credentials. */
  readonly endpoint?: string | undefined;
}

const PREFIX = 'gcp-';
const options = { timeout: 2000, maxRetries: 1 };
/** gRPC codes of what Google decided about key or ciphertext: invalid argument, not found, failed precondition. */
const decided: readonly unknown[] = [3, 5, 9];

/**
 * A key of Google Cloud KMS, each of its versions one of ours: `gcp-3`. Credentials come the way they do for everything of
 * Google. The context is bound as additional authenticated data. Spoken to over REST: gRPC would be loaded for nothing.
 */
export class GcpKmsKeys implements KeyProvider {
  private constructor(
    private readonly client: KeyManagementServiceClient,
    private readonly key: string,
  ) {}

  static async open({ key, endpoint }: GcpKmsOptions): Promise<GcpKmsKeys> {
    const { KeyManagementServiceClient } = await import('@google-cloud/kms');
    return new GcpKmsKeys(
      new KeyManagementServiceClient({ fallback: true, ...endpointOptions(endpoint) }),
      key,
    );
  }

  knows(versionId: string): Promise<boolean> {
    return Promise.resolve(numberOf(versionId) !== undefined);
  }

  async newest(): Promise<string> {
    const [{ primary }] = await this.ask(() => this.client.getCryptoKey({ name: this.key }, options));
    return idOf(primary?.name);
  }

  async makeVersion(): Promise<string> {
    const [made] = await this.ask(() =>
      this.client.createCryptoKeyVersion({ parent: this.key, cryptoKeyVersion: {} }, options),
    );
    return idOf(made.name);
  }

  async wrap(versionId: string, key: Buffer, context: WrapContext): Promise<string> {
    const name = `${this.key}/cryptoKeyVersions/${need(versionId)}`;
    const additionalAuthenticatedData = contextBytes(versionId, context);
    const [reply] = await this.ask(() =>
      this.client.encrypt({ name, plaintext: key, additionalAuthenticatedData }, options),
    );
    if (reply.name !== name) throw new KeyProviderError(`Google KMS did not wrap under \`${versionId}\``);
    return bytesOf(reply.ciphertext).toString('base64url');
  }

  async unwrap(versionId: string, wrapped: string, context: WrapContext): Promise<Buffer> {
    need(versionId);
    const ciphertext = decodeBase64Url(wrapped);
    if (!ciphertext) throw new KeyProviderError('it is not what Google KMS wrapped');
    const additionalAuthenticatedData = contextBytes(versionId, context);
    const [reply] = await this.ask(() =>
      this.client.decrypt({ name: this.key, ciphertext, additionalAuthenticatedData }, options),
    );
    return bytesOf(reply.plaintext);
  }

  close(): void {
    void this.client.close();
  }

  private async ask<Reply>(request: () => Promise<Reply>): Promise<Reply> {
    try {
      return await request();
    } catch (error) {
      const { code } = error as { code?: unknown };
      throw new KeyProviderError(`Google KMS refuses (code ${String(code)})`, !decided.includes(code));
    }
  }
}

function endpointOptions(endpoint: string | undefined) {
  if (endpoint === undefined) return {};
  const { protocol, hostname, port } = new URL(endpoint);
  const secure = protocol === 'https:';
  const address = { apiEndpoint: hostname, port: Number(port) || (secure ? 443 : 80) };
  return secure ? address : { ...address, protocol: 'http', auth: withoutCredentials as never };
}

/** What the client needs of Google's authentication library, for an emulator. */
const withoutCredentials = {
  getRequestHeaders: () => Promise.resolve(new Headers()),
  fetch: (url: string, { method, headers, body }: { method: string; headers: Headers; body?: string }) =>
    fetch(url, { method, headers: [...headers], ...(body !== undefined && { body }) }),
};

function bytesOf(value: string | Uint8Array | null | undefined): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'base64');
  return Buffer.from(value ?? []);
}

function idOf(versionName: string | null | undefined): string {
  const number = /\/cryptoKeyVersions\/([1-9][0-9]{0,8})$/.exec(versionName ?? '')?.[1];
  if (number === undefined) throw new KeyProviderError('the key of Google KMS has no version', true);
  return `${PREFIX}${number}`;
}

function numberOf(versionId: string): string | undefined {
  return /^gcp-([1-9][0-9]{0,8})$/.exec(versionId)?.[1];
}

function need(versionId: string): string {
  const number = numberOf(versionId);
  if (number === undefined)
    throw new KeyProviderError(`\`${versionId}\` is no version of the key of Google KMS`);
  return number;
}
