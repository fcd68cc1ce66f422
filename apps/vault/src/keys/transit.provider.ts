import { readFileSync } from 'node:fs';
import { Agent, request } from 'undici';
import { contextBytes, KeyProviderError, type KeyProvider, type WrapContext } from './key-provider.js';

export interface TransitOptions {
  /** Of HashiCorp Vault or OpenBao, without a path. */
  readonly url: string;
  /** Where the transit engine is mounted. */
  readonly mount: string;
  /** An `aes256-gcm96` or `chacha20-poly1305` key. */
  readonly key: string;
  readonly token?: string | undefined;
  /** Read for each request: whatever renews the token writes it there. */
  readonly tokenFile?: string | undefined;
  readonly namespace?: string | undefined;
}

const PREFIX = 'transit-';
const TIMEOUT_MS = 2000;
const MOST_BYTES = 65_536;

/**
 * Keys of a transit engine (HashiCorp Vault, OpenBao), each of its key's versions one of ours: `transit-3`. The context is
 * bound as associated data. Spoken to by its documented HTTP API.
 */
export class TransitKeys implements KeyProvider {
  private readonly agent = new Agent({ connections: 8, connect: { timeout: 1000 } });

  constructor(private readonly options: TransitOptions) {}

  knows(versionId: string): Promise<boolean> {
    return Promise.resolve(numberOf(versionId) !== undefined);
  }

  async newest(): Promise<string> {
    const { latest_version: latest } = await this.ask('GET', `keys/${this.options.key}`);
    if (!Number.isInteger(latest)) throw new KeyProviderError('the transit key has no version', true);
    return `${PREFIX}${Number(latest)}`;
  }

  async makeVersion(): Promise<string> {
    await this.ask('POST', `keys/${this.options.key}/rotate`, {});
    return this.newest();
  }

  async wrap(versionId: string, key: Buffer, context: WrapContext): Promise<string> {
    const version = need(versionId);
    const { ciphertext } = await this.ask('POST', `encrypt/${this.options.key}`, {
      plaintext: key.toString('base64'),
      associated_data: contextBytes(versionId, context).toString('base64'),
      key_version: version,
    });
    if (typeof ciphertext === 'string' && isOf(version, ciphertext)) return ciphertext;
    throw new KeyProviderError(`the transit engine did not wrap under \`${versionId}\``);
  }

  async unwrap(versionId: string, wrapped: string, context: WrapContext): Promise<Buffer> {
    if (!isOf(need(versionId), wrapped)) {
      throw new KeyProviderError(`it is not what \`${versionId}\` wrapped`);
    }
    const { plaintext } = await this.ask('POST', `decrypt/${this.options.key}`, {
      ciphertext: wrapped,
      associated_data: contextBytes(versionId, context).toString('base64'),
    });
    if (typeof plaintext !== 'string') throw new KeyProviderError('the transit engine gave no key', true);
    return Buffer.from(plaintext, 'base64');
  }

  close(): void {
    void this.agent.close();
  }

  private async ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Record<string, unknown>> {
    const { url, mount, namespace } = this.options;
    let status: number;
    let text: string;
    try {
      const response = await request(`${url}/v1/${mount}/${path}`, {
        method,
        dispatcher: this.agent,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        headers: {
          'x-vault-token': this.token(),
          'x-vault-request': 'true',
          ...(namespace && { 'x-vault-namespace': namespace }),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      status = response.statusCode;
      if (Number(response.headers['content-length'] ?? 0) > MOST_BYTES) throw new Error('too much');
      text = await response.body.text();
    } catch (error) {
      const { code = 'unreadable' } = error as { code?: string };
      throw new KeyProviderError(`the transit engine cannot be reached (${code})`, true);
    }
    if (status === 200 || status === 204) return dataOf(text);
    // 400 and 404 are about what was asked; 403 is about a token, which is renewed, and 5xx about the server.
    const isOutage = status !== 400 && status !== 404;
    throw new KeyProviderError(
      `the transit engine answers ${status} for its key ${this.options.key}`,
      isOutage,
    );
  }

  private token(): string {
    const { token = '', tokenFile } = this.options;
    return tokenFile === undefined ? token : readFileSync(tokenFile, 'utf8').trim();
  }
}

function dataOf(text: string): Record<string, unknown> {
  if (text === '') return {};
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  } catch {
    throw new KeyProviderError('the transit engine did not answer in JSON', true);
  }
}

function isOf(version: number, wrapped: string): boolean {
  return new RegExp(`^vault:v${version}:[A-Za-z0-9+/]+={0,2}$`).test(wrapped);
}

function numberOf(versionId: string): number | undefined {
  const digits = /^transit-([1-9][0-9]{0,8})$/.exec(versionId)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function need(versionId: string): number {
  const number = numberOf(versionId);
  if (number === undefined) throw new KeyProviderError(`\`${versionId}\` is no version of the transit key`);
  return number;
}
