import { DatabaseServiceConfig } from '#runtime/service.config';
import { decodeKey } from '#sealing/encoding';
import { IntakeKey } from '#sealing/intake-key';
import { ValidateBy } from 'class-validator';
import { readFileSync } from 'node:fs';
import { ExecutorKey } from './crypto/executor-key.js';
import { Keyring, KeyringError } from './crypto/keyring.js';

export class VaultConfig extends DatabaseServiceConfig {
  /** The keys that protect the credentials: `kid:<32 bytes of base64>`, several separated by commas. */
  @Refused(problemOfKeys)
  readonly VAULT_KEYS?: string;

  /** A file with what VAULT_KEYS would hold, line breaks allowed; instead of it. */
  readonly VAULT_KEYS_FILE?: string;

  /** Shared with the executors, 32 bytes of base64: proves that a session key is an executor's. */
  @Refused(({ EXECUTOR_KEY }) => problemOfBytes('EXECUTOR_KEY', EXECUTOR_KEY))
  readonly EXECUTOR_KEY!: string;

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

export function readExecutorKey({ EXECUTOR_KEY }: VaultConfig): ExecutorKey {
  return new ExecutorKey(decodeKey(EXECUTOR_KEY) ?? Buffer.alloc(0));
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

function problemOfBytes(variable: string, value: unknown): string | undefined {
  const isKey = typeof value === 'string' && decodeKey(value);
  return isKey ? undefined : `${variable} must be 32 bytes of base64, which is 44 characters`;
}
