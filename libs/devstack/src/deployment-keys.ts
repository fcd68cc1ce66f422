import { IntakeKey } from '#sealing/intake-key';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The secrets of one deployment on this machine: made once, kept beside its data. */
export interface DeploymentKeys {
  /** `VAULT_KEYS`. */
  readonly vaultKeys: string;
  /** `EXECUTOR_KEY`. */
  readonly executorKey: string;
  /** `CREDENTIAL_GRANT_KEY`. */
  readonly grantKey: string;
  /** `VAULT_INTAKE_KEY`; its public half is `VAULT_PUBLIC_KEY`. */
  readonly intakeKey: string;
  readonly vaultPublicKey: string;
}

/** Reads the file, or makes it, readable by its owner only; keys that an older one lacks are added to it. */
export async function deploymentKeys(file: string): Promise<DeploymentKeys> {
  const kept = await readKeys(file);
  const keys = { ...makeKeys(), ...kept };
  if (kept && Object.keys(kept).length === Object.keys(keys).length) return keys;
  await mkdir(dirname(file), { recursive: true });
  const whole = `${file}.new`; // whoever is killed meanwhile has not lost the old ones
  await writeFile(whole, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  await rename(whole, file);
  return keys;
}

async function readKeys(file: string): Promise<Partial<DeploymentKeys> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<DeploymentKeys>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function makeKeys(): DeploymentKeys {
  const intakeKey = randomBytes(32);
  return {
    vaultKeys: `k1:${randomBytes(32).toString('base64')}`,
    executorKey: randomBytes(32).toString('base64'),
    grantKey: randomBytes(32).toString('base64'),
    intakeKey: intakeKey.toString('base64'),
    vaultPublicKey: new IntakeKey(intakeKey).publicKey,
  };
}
