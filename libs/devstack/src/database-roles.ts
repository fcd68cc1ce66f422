import { roleUrl } from '#runtime/service-role';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mayCreateRoles } from './postgres.js';
import { serviceNames, type ServiceName } from './service-environment.js';

/** Who logs in to the database as whom. */
export interface DatabaseRoles {
  urlOf(service: ServiceName): string;
  /** What the migrator is told, so that the roles are there. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * A role for each service, its password made once and kept in the file, readable by its owner only. Where the user of the
 * URL may not create roles, that user for all.
 */
export async function databaseRoles(
  databaseUrl: string,
  file: string,
  say: (message: string) => void,
): Promise<DatabaseRoles> {
  if (!(await mayCreateRoles(databaseUrl))) {
    say(
      'The user of DATABASE_URL may not create roles, so all services use it: organizations are kept apart in the ' +
        'database all the same, services are not (docs/database.md)',
    );
    return { urlOf: () => databaseUrl, environment: { DATABASE_ROLES: 'shared' } };
  }
  const passwords = await readPasswords(file);
  const variables = serviceNames.map((name) => [`${name.toUpperCase()}_DATABASE_PASSWORD`, passwords[name]]);
  return {
    urlOf: (service) => roleUrl(databaseUrl, service, passwords[service]),
    environment: Object.fromEntries(variables) as Record<string, string>,
  };
}

async function readPasswords(file: string): Promise<Record<ServiceName, string>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<ServiceName, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = serviceNames.map((name) => [name, randomBytes(24).toString('base64url')]);
  const passwords = Object.fromEntries(made) as Record<ServiceName, string>;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600 });
  return passwords;
}
