import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The secrets of one deployment on this machine: made once, kept beside its data. */
export interface DeploymentKeys {
  /** `VAULT_KEYS`. */
  readonly vaultKeys: string;
  /** `EXECUTOR_KEY`. */
  readonly executorKey: string;
}

/** Reads the file, or makes it, readable by its owner only. */
export async function deploymentKeys(file: string): Promise<DeploymentKeys> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DeploymentKeys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const keys = {
    vaultKeys: `k1:${randomBytes(32).toString('base64')}`,
    executorKey: randomBytes(32).toString('base64'),
  };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return keys;
}
