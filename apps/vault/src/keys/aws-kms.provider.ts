import type { DecryptCommandOutput, EncryptCommandOutput, KMSClient } from '@aws-sdk/client-kms';
import { decodeBase64Url } from '#sealing/encoding';
import { KeyProviderError, type KeyProvider, type WrapContext } from './key-provider.js';

export interface AwsKmsOptions {
  /** KMS keys (id, ARN or alias) by our ids; the last is the newest. */
  readonly keys: ReadonlyMap<string, string>;
  /** In place of AWS's own, as for a VPC endpoint. */
  readonly endpoint?: string | undefined;
}

type KmsModule = typeof import('@aws-sdk/client-kms');

/**
 * Keys of AWS KMS. One key version of ours is one KMS key; KMS's own yearly rotation goes on within it. Region and
 * credentials come the way they do for everything of AWS. The context is bound as KMS's encryption context.
 */
export class AwsKmsKeys implements KeyProvider {
  private constructor(
    private readonly kms: KmsModule,
    private readonly client: KMSClient,
    private readonly keys: ReadonlyMap<string, string>,
  ) {}

  static async open({ keys, endpoint }: AwsKmsOptions): Promise<AwsKmsKeys> {
    const kms = await import('@aws-sdk/client-kms');
    const requestHandler = { connectionTimeout: 1000, requestTimeout: 2000 };
    const client = new kms.KMSClient({ maxAttempts: 2, requestHandler, ...(endpoint && { endpoint }) });
    return new AwsKmsKeys(kms, client, keys);
  }

  knows(versionId: string): Promise<boolean> {
    return Promise.resolve(this.keys.has(versionId));
  }

  newest(): Promise<string | undefined> {
    return Promise.resolve([...this.keys.keys()].at(-1));
  }

  async wrap(versionId: string, key: Buffer, context: WrapContext): Promise<string> {
    const EncryptionContext = { ...context, version: versionId };
    const command = new this.kms.EncryptCommand({
      KeyId: this.need(versionId),
      Plaintext: key,
      EncryptionContext,
    });
    const { CiphertextBlob } = await this.ask<EncryptCommandOutput>(versionId, () =>
      this.client.send(command),
    );
    return Buffer.from(CiphertextBlob ?? []).toString('base64url');
  }

  async unwrap(versionId: string, wrapped: string, context: WrapContext): Promise<Buffer> {
    const CiphertextBlob = decodeBase64Url(wrapped);
    if (!CiphertextBlob) throw new KeyProviderError('it is not what AWS KMS wrapped');
    const EncryptionContext = { ...context, version: versionId };
    const command = new this.kms.DecryptCommand({
      KeyId: this.need(versionId),
      CiphertextBlob,
      EncryptionContext,
    });
    const { Plaintext } = await this.ask<DecryptCommandOutput>(versionId, () => this.client.send(command));
    return Buffer.from(Plaintext ?? []);
  }

  close(): void {
    this.client.destroy();
  }

  private need(versionId: string): string {
    const key = this.keys.get(versionId);
    if (key === undefined) throw new KeyProviderError(`key \`${versionId}\` is not in VAULT_AWS_KMS_KEYS`);
    return key;
  }

  /** Only KMS itself says no; whatever else goes wrong may go right later. */
  private async ask<Output>(versionId: string, send: () => Promise<Output>): Promise<Output> {
    try {
      return await send();
    } catch (error) {
      const { name, $fault, $retryable } = error as {
        name: string;
        $fault?: string;
        $retryable?: object;
      };
      const isOutage = $fault !== 'client' || $retryable !== undefined || undecided.has(name);
      throw new KeyProviderError(`AWS KMS refuses key \`${versionId}\` (${name})`, isOutage);
    }
  }
}

/** Our credentials or our rate are at fault, not the key. */
const undecided = new Set([
  ...['ThrottlingException', 'LimitExceededException', 'ExpiredTokenException'],
  ...[
    'UnrecognizedClientException',
    'AccessDeniedException',
    'DependencyTimeoutException',
    'KMSInternalException',
  ],
]);
