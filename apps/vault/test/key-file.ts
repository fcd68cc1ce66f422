import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file of keys (`VAULT_KEYS_FILE`) that grows, as an operator's does. */
export class KeyFile {
  readonly keys: string[] = [];

  private constructor(private readonly folder: string) {}

  static async create(): Promise<KeyFile> {
    const file = new KeyFile(await mkdtemp(join(tmpdir(), 'patchbay-keys-')));
    await writeFile(file.path, '');
    await file.add();
    return file;
  }

  get path(): string {
    return join(this.folder, 'keys');
  }

  /** @returns the new key's id */
  async add(): Promise<string> {
    const id = `k${this.keys.length}`;
    const key = `${id}:${randomBytes(32).toString('base64')}`;
    this.keys.push(key);
    await appendFile(this.path, `${key}\n`);
    return id;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}
