import { EgressServiceConfig } from '#runtime/service.config';
import { GrantKey } from '#sealing/credential-grant';
import { decodeKey } from '#sealing/encoding';
import { IntakeKey } from '#sealing/intake-key';
import { IsIn, IsOptional, IsString, IsUrl, Matches, ValidateBy } from 'class-validator';
import { readFileSync } from 'node:fs';
import { ExecutorKey } from './crypto/executor-key.js';
import { KEY_ID, Keyring, KeyringError } from './crypto/keyring.js';

export const keyProviders = ['environment', 'file', 'aws-kms', 'gcp-kms', 'transit'] as const;
const address = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };

export class VaultConfig extends EgressServiceConfig {
  /**
   * Who holds the keys that protect the credentials; by default `file` or `environment`, whichever has keys. Beside one of
   * the other three, keys given here still open what they sealed, until a rotation has moved it.
   */
  @IsOptional()
  @IsIn(keyProviders)
  readonly VAULT_KEY_PROVIDER?: (typeof keyProviders)[number];

  /** The keys that protect the credentials: `kid:<32 bytes of base64>`, several separated by commas. */
  @Refused(problemOfKeys)
  readonly VAULT_KEYS?: string;

  /** A file with what VAULT_KEYS would hold, line breaks allowed; instead of it. */
  readonly VAULT_KEYS_FILE?: string;

  /** With `aws-kms`: `id:<KMS key id, ARN or alias>`, several separated by commas, the newest last. */
  @Refused(problemOfAwsKeys)
  readonly VAULT_AWS_KMS_KEYS?: string;

  /** In place of AWS's own endpoint of the region. */
  @IsOptional()
  @IsUrl(address)
  readonly VAULT_AWS_KMS_ENDPOINT?: string;

  /** With `gcp-kms`: `projects/…/locations/…/keyRings/…/cryptoKeys/…`. */
  @Refused(problemOfGcpKey)
  readonly VAULT_GCP_KMS_KEY?: string;

  /** In place of Google's own endpoint; `http://` is for an emulator, without credentials. */
  @IsOptional()
  @IsUrl(address)
  readonly VAULT_GCP_KMS_ENDPOINT?: string;

  /** With `transit`: where HashiCorp Vault or OpenBao is, `https://host:8200`. */
  @Refused(problemOfTransit)
  readonly VAULT_TRANSIT_URL?: string;

  /** The name of the transit key. */
  @Matches(/^[\w-]{1,128}$/)
  readonly VAULT_TRANSIT_KEY: string = 'patchbay';

  /** Where the transit engine is mounted. */
  @Matches(/^[\w-]+(\/[\w-]+)*$/)
  readonly VAULT_TRANSIT_MOUNT: string = 'transit';

  @IsOptional()
  @IsString()
  readonly VAULT_TRANSIT_TOKEN?: string;

  /** A file that the token is in, as an agent keeps it up to date; instead of VAULT_TRANSIT_TOKEN. */
  @IsOptional()
  @IsString()
  readonly VAULT_TRANSIT_TOKEN_FILE?: string;

  @IsOptional()
  @IsString()
  readonly VAULT_TRANSIT_NAMESPACE?: string;

  /** Shared with the executors, 32 bytes of base64: proves that a session key is an executor's. */
  @Refused(({ EXECUTOR_KEY }) => problemOfBytes('EXECUTOR_KEY', EXECUTOR_KEY))
  readonly EXECUTOR_KEY!: string;

  /** Shared with the catalog, 32 bytes of base64: proves which credentials a tool uses. */
  @Refused(({ CREDENTIAL_GRANT_KEY }) => problemOfBytes('CREDENTIAL_GRANT_KEY', CREDENTIAL_GRANT_KEY))
  readonly CREDENTIAL_GRANT_KEY!: string;

  /**
   * The private half of the key that credentials are sealed to on their way in, 32 bytes of base64. Gateways are given
   * the public half, VAULT_PUBLIC_KEY.
   */
  @Refused(({ VAULT_INTAKE_KEY }) => problemOfBytes('VAULT_INTAKE_KEY', VAULT_INTAKE_KEY))
  readonly VAULT_INTAKE_KEY!: string;
}

/** @throws KeyringError */
export function readKeyring(config: VaultConfig): Keyring {
  return Keyring.parse(readKeys(config));
}

/** Whether there are keys of this process's own, be it only those of before. */
export function hasLocalKeys({ VAULT_KEYS, VAULT_KEYS_FILE }: VaultConfig): boolean {
  return VAULT_KEYS !== undefined || VAULT_KEYS_FILE !== undefined;
}

/** KMS keys by our ids, in the order given. */
export function readAwsKeys({ VAULT_AWS_KMS_KEYS = '' }: VaultConfig): ReadonlyMap<string, string> {
  const entries = VAULT_AWS_KMS_KEYS.split(/[\s,]+/).filter((entry) => entry !== '');
  return new Map(
    entries.map((entry) => {
      const colon = entry.indexOf(':'); // an ARN has more of them
      return [entry.slice(0, Math.max(colon, 0)), entry.slice(colon + 1)];
    }),
  );
}

export function readExecutorKey({ EXECUTOR_KEY }: VaultConfig): ExecutorKey {
  return new ExecutorKey(decodeKey(EXECUTOR_KEY) ?? Buffer.alloc(0));
}

export function readGrantKey({ CREDENTIAL_GRANT_KEY }: VaultConfig): GrantKey {
  return new GrantKey(decodeKey(CREDENTIAL_GRANT_KEY) ?? Buffer.alloc(0));
}

export function readIntakeKey({ VAULT_INTAKE_KEY }: VaultConfig): IntakeKey {
  return new IntakeKey(decodeKey(VAULT_INTAKE_KEY) ?? Buffer.alloc(0));
}

/** The variable is refused with the sentence found, which never quotes a value. Sees the whole configuration. */
function Refused(problemOf: (config: VaultConfig) => string | undefined): PropertyDecorator {
  return ValidateBy({
    name: 'refused',
    validator: {
      validate: (_value, context) => problemOf(context?.object as VaultConfig) === undefined,
      defaultMessage: (context) => problemOf(context?.object as VaultConfig) ?? '',
    },
  });
}

function readKeys({ VAULT_KEYS, VAULT_KEYS_FILE }: VaultConfig): string {
  if (VAULT_KEYS !== undefined && VAULT_KEYS_FILE !== undefined) {
    throw new KeyringError('set this or VAULT_KEYS_FILE, not both');
  }
  if (VAULT_KEYS_FILE === undefined) return VAULT_KEYS ?? '';
  try {
    return readFileSync(VAULT_KEYS_FILE, 'utf8');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new KeyringError(`the file that VAULT_KEYS_FILE names cannot be read (${code})`);
  }
}

function problemOfKeys(config: VaultConfig): string | undefined {
  const { VAULT_KEY_PROVIDER: provider, VAULT_KEYS, VAULT_KEYS_FILE } = config;
  if (provider === 'environment' && VAULT_KEYS_FILE !== undefined) {
    return 'VAULT_KEYS: VAULT_KEY_PROVIDER says that the keys are here, and VAULT_KEYS_FILE is set';
  }
  if (provider === 'file' && VAULT_KEYS !== undefined) {
    return 'VAULT_KEYS: VAULT_KEY_PROVIDER says that the keys are in a file';
  }
  if (isRemote(config) && !hasLocalKeys(config)) return undefined;
  return problemOf('VAULT_KEYS', () => readKeyring(config));
}

function problemOf(variable: string, read: () => Keyring): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof KeyringError) return `${variable}: ${error.message}`;
    throw error;
  }
}

function isRemote({ VAULT_KEY_PROVIDER: provider }: VaultConfig): boolean {
  return provider !== undefined && provider !== 'environment' && provider !== 'file';
}

function problemOfAwsKeys(config: VaultConfig): string | undefined {
  if (config.VAULT_KEY_PROVIDER !== 'aws-kms') return undefined;
  const keys = [...readAwsKeys(config)];
  if (keys.length === 0) return 'VAULT_AWS_KMS_KEYS must name a key: id:<KMS key id, ARN or alias>';
  const isWrong = keys.some(([id, key]) => !KEY_ID.test(id) || key === '');
  return isWrong
    ? `VAULT_AWS_KMS_KEYS: every entry must be an id (${KEY_ID.source}), a colon, a key`
    : undefined;
}

function problemOfGcpKey(config: VaultConfig): string | undefined {
  if (config.VAULT_KEY_PROVIDER !== 'gcp-kms') return undefined;
  const isName = /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;
  if (isName.test(config.VAULT_GCP_KMS_KEY ?? '')) return undefined;
  return 'VAULT_GCP_KMS_KEY must be projects/…/locations/…/keyRings/…/cryptoKeys/…';
}

function problemOfTransit(config: VaultConfig): string | undefined {
  if (config.VAULT_KEY_PROVIDER !== 'transit') return undefined;
  const { VAULT_TRANSIT_URL: url, VAULT_TRANSIT_TOKEN: token, VAULT_TRANSIT_TOKEN_FILE: file } = config;
  if (!/^https?:\/\/[^/\s]+$/.test(url ?? '')) return 'VAULT_TRANSIT_URL must be https://host:port';
  if ((token === undefined) === (file === undefined)) {
    return 'VAULT_TRANSIT_URL: set VAULT_TRANSIT_TOKEN or VAULT_TRANSIT_TOKEN_FILE, one of them';
  }
  return undefined;
}

function problemOfBytes(variable: string, value: unknown): string | undefined {
  const isKey = typeof value === 'string' && decodeKey(value);
  return isKey ? undefined : `${variable} must be 32 bytes of base64, which is 44 characters`;
}
