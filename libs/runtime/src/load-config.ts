import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';

/** The environment does not describe a service that could run. Names what is wrong, never a value. */
export class ConfigError extends Error {}

/**
 * Reads a configuration class from environment variables. Unset and empty variables take the class's default.
 * @throws ConfigError naming every variable that is missing or wrong, and what would be right
 */
export function loadConfig<T extends object>(
  type: new () => T,
  environment: NodeJS.ProcessEnv = process.env,
): T {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const config = plainToInstance(type, given, { exposeDefaultValues: true });
  const errors = validateSync(config, { validationError: { target: false, value: false } });
  if (errors.length > 0) throw new ConfigError(describe(errors));
  return config;
}

function describe(errors: readonly ValidationError[]): string {
  const lines = errors.flatMap((error) => Object.values(error.constraints ?? {}));
  return `The environment does not configure this service:\n  ${lines.join('\n  ')}`;
}
