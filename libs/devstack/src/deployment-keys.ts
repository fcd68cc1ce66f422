import { IntakeKey } from '#sealing/intake-key';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The secrets of one deployment on this machine: made once, kept beside its data. */
export interface DeploymentKeys {
  /** `VAULT_KEYS`. */
  readonly vaultKeys: string;
  /** `EXECUTOR_KEY`. */
  readonly executorKey: string;
  /** `VAULT_INTAKE_KEY`; its public half is `VAULT_PUBLIC_KEY`. */
  readonly intakeKey: string;
  readonly vaultPublicKey: string;
}

/** Reads the file, or makes it, readable by its owner only. */
export async function deploymentKeys(file: string): Promise<DeploymentKeys> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as DeploymentKeys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const keys = makeKeys();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return keys;
}

function makeKeys(): DeploymentKeys {
  const intakeKey = randomBytes(32);
  return {
    vaultKeys: `k1:${randomBytes(32).toString('base64')}`,
    executorKey: randomBytes(32).toString('base64'),
    intakeKey: intakeKey.toString('base64'),
    vaultPublicKey: new IntakeKey(intakeKey).publicKey,
  };
}
