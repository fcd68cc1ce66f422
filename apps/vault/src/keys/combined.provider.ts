import type { KeyObject } from 'node:crypto';
import { KeyProviderError, type KeyProvider, type WrapContext } from './key-provider.js';

/** New keys are the first provider's; the others still open what they wrapped, until a rotation has left them behind. */
export class CombinedKeys implements KeyProvider {
  constructor(private readonly providers: readonly [KeyProvider, ...KeyProvider[]]) {}

  async knows(versionId: string): Promise<boolean> {
    return (await this.who(versionId)) !== undefined;
  }

  newest(): Promise<string | undefined> {
    return this.providers[0].newest();
  }

  async makeVersion(): Promise<string> {
    const made = await this.providers[0].makeVersion?.();
    if (made === undefined) throw new KeyProviderError('the key provider makes no keys by itself');
    return made;
  }

  async wrap(versionId: string, key: Buffer, context: WrapContext): Promise<string> {
    return (await this.need(versionId)).wrap(versionId, key, context);
  }

  async unwrap(versionId: string, wrapped: string, context: WrapContext): Promise<Buffer> {
    return (await this.need(versionId)).unwrap(versionId, wrapped, context);
  }

  find(versionId: string): KeyObject | undefined {
    for (const provider of this.providers) {
      const key = provider.find?.(versionId);
      if (key) return key;
    }
    return undefined;
  }

  close(): void {
    for (const provider of this.providers) provider.close?.();
  }

  private async who(versionId: string): Promise<KeyProvider | undefined> {
    for (const provider of this.providers) if (await provider.knows(versionId)) return provider;
    return undefined;
  }

  private async need(versionId: string): Promise<KeyProvider> {
    const provider = await this.who(versionId);
    if (!provider) throw new KeyProviderError(`no key provider has key \`${versionId}\``);
    return provider;
  }
}
