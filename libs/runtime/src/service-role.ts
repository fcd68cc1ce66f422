import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { EntityManager } from 'typeorm';
import { ConfigError } from './load-config.js';

const ITERATIONS = 4096;
/** Postgres' `insufficient_privilege`. */
const FORBIDDEN = '42501';

/** The role that a service logs in as. Roles belong to the whole server, so their names say of which database. */
export function roleName(databaseUrl: string, service: string): string {
  return `${decodeURIComponent(new URL(databaseUrl).pathname.slice(1))}_${service}`;
}

/** The URL with which a service logs in as its role. */
export function roleUrl(databaseUrl: string, service: string, password: string): string {
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(roleName(databaseUrl, service));
  url.password = encodeURIComponent(password);
  return url.href;
}

/**
 * Makes the role when it is not there, sets its password when one is given, and refuses a role that rights and row-level
 * security would not bind.
 * @throws ConfigError saying what to do, when the role is missing and this user may not make it, or the role may too much
 */
export async function ensureRole(manager: EntityManager, role: string, password?: string): Promise<void> {
  const name = pg.escapeIdentifier(role);
  const secret = password === undefined ? '' : ` PASSWORD ${pg.escapeLiteral(scramVerifier(password))}`;
  const [exists] = await manager.query<unknown[]>('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  try {
    if (!exists) await manager.query(`CREATE ROLE ${name} LOGIN${secret}`);
    else if (secret) await manager.query(`ALTER ROLE ${name}${secret}`);
  } catch (error) {
    if ((error as { code?: string }).code !== FORBIDDEN) throw error;
    const what = exists ? `set the password of the role ${role}` : `create the role ${role}`;
    throw new ConfigError(
      `The user of DATABASE_URL may not ${what}. Have an administrator do it, and leave the password out here ` +
        `(docs/database.md); with DATABASE_ROLES=shared all services use this user.`,
    );
  }
  const [problem] = await manager.query<{ what: string }[]>(POWERS, [role]);
  if (problem) throw new ConfigError(`The role ${role} must not ${problem.what}: take that from it first`);
}

/** What would carry a role past the rights it is given. */
const POWERS = `
  SELECT what FROM pg_roles r CROSS JOIN LATERAL (VALUES
    (r.rolsuper, 'be a superuser'),
    (r.rolbypassrls, 'bypass row-level security'),
    (r.rolcreaterole, 'create roles'),
    (EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid), 'be a member of another role'),
    (EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relowner = r.oid AND n.nspname NOT LIKE 'pg\\_%'), 'own tables')
  ) AS power(has, what)
  WHERE r.rolname = $1 AND has`;

/** What Postgres keeps in place of a password: with it, no statement and no server log holds the password itself. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const server = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}
