import { ConfigError, loadConfig } from '#runtime/load-config';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKeyring, VaultConfig } from './config.js';

const key = randomBytes(32).toString('base64');
const otherKey = randomBytes(32).toString('base64');
const complete = {
  DATABASE_URL: 'postgres://vault:pw@localhost/patchbay',
  VAULT_KEYS: `k1:${key},k2:${otherKey}`,
  EXECUTOR_KEY: key,
  CREDENTIAL_GRANT_KEY: key,
  VAULT_INTAKE_KEY: otherKey,
};

function refusalOf(environment: NodeJS.ProcessEnv): string {
  try {
    loadConfig(VaultConfig, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

describe('the configuration of the vault', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchbay-keys-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('takes its keys from a variable', () => {
    const config = loadConfig(VaultConfig, complete);

    expect(readKeyring(config).current.id).toBe('k2');
  });

  it('takes its keys from a file', async () => {
    const file = join(folder, 'keys');
    await writeFile(file, `k1:${key}\nk2:${otherKey}\n`);

    const config = loadConfig(VaultConfig, { ...complete, VAULT_KEYS: '', VAULT_KEYS_FILE: file });

    expect(readKeyring(config).current.id).toBe('k2');
  });

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['no keys', { VAULT_KEYS: '' }, 'VAULT_KEYS: there is no key'],
    ['keys and a file of keys', { VAULT_KEYS_FILE: '/keys' }, 'VAULT_KEYS: set this or VAULT_KEYS_FILE'],
    [
      'a file that is not there',
      { VAULT_KEYS: '', VAULT_KEYS_FILE: '/not/there' },
      'VAULT_KEYS: the file that VAULT_KEYS_FILE names cannot be read (ENOENT)',
    ],
    ['a short key', { VAULT_KEYS: `k1:${key.slice(8)}` }, 'VAULT_KEYS: key `k1` must be 32 bytes'],
    [
      'a key provider that is none',
      { VAULT_KEY_PROVIDER: 'azure' },
      'VAULT_KEY_PROVIDER must be one of the following values: environment, file, aws-kms, gcp-kms, transit',
    ],
    [
      'keys in the other place',
      { VAULT_KEY_PROVIDER: 'file' },
      'VAULT_KEYS: VAULT_KEY_PROVIDER says that the keys are in a file',
    ],
    ['AWS KMS without a key', { VAULT_KEY_PROVIDER: 'aws-kms' }, 'VAULT_AWS_KMS_KEYS must name a key'],
    [
      'a key of AWS KMS without an id',
      { VAULT_KEY_PROVIDER: 'aws-kms', VAULT_AWS_KMS_KEYS: 'arn:aws:kms:eu-west-1:1:key/1,1234' },
      'VAULT_AWS_KMS_KEYS: every entry must be an id',
    ],
    [
      'a version in place of a key of Google KMS',
      {
        VAULT_KEY_PROVIDER: 'gcp-kms',
        VAULT_GCP_KMS_KEY: 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1',
      },
      'VAULT_GCP_KMS_KEY must be projects/',
    ],
    ['a transit engine nowhere', { VAULT_KEY_PROVIDER: 'transit' }, 'VAULT_TRANSIT_URL must be https://'],
    [
      'a transit engine without a token',
      { VAULT_KEY_PROVIDER: 'transit', VAULT_TRANSIT_URL: 'https://bao:8200' },
      'set VAULT_TRANSIT_TOKEN or VAULT_TRANSIT_TOKEN_FILE',
    ],
    ['no executor key', { EXECUTOR_KEY: '' }, 'EXECUTOR_KEY must be 32 bytes of base64'],
    ['no grant key', { CREDENTIAL_GRANT_KEY: '' }, 'CREDENTIAL_GRANT_KEY must be 32 bytes of base64'],
    ['no intake key', { VAULT_INTAKE_KEY: '' }, 'VAULT_INTAKE_KEY must be 32 bytes of base64'],
    ['a short executor key', { EXECUTOR_KEY: key.slice(8) }, 'EXECUTOR_KEY must be 32 bytes of base64'],
  ])('refuses %s, and shows no key', (_what, change, message) => {
    const refusal = refusalOf({ ...complete, ...change });

    expect(refusal).toContain(message);
    expect(refusal).not.toContain(key.slice(8));
    expect(refusal).not.toContain(otherKey);
  });

  it('reports everything that is wrong at once', () => {
    const refusal = refusalOf({});

    const required = [
      'DATABASE_URL',
      'VAULT_KEYS',
      'EXECUTOR_KEY',
      'CREDENTIAL_GRANT_KEY',
      'VAULT_INTAKE_KEY',
    ];
    for (const variable of required) {
      expect(refusal).toContain(variable);
    }
  });
});
