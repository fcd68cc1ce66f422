import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { OrganizationsService } from './organizations.service.js';

interface Log {
  log(message: string): void;
  warn(message: string): void;
}

/**
 * On a start without any organization, makes one and leaves its admin key in a file. Without a file to leave it in,
 * only says how to name one.
 */
export async function ensureFirstAdmin(
  organizations: OrganizationsService,
  file: string | undefined,
  log: Log,
): Promise<void> {
  if (file === undefined) {
    if (await organizations.isEmpty()) {
      log.warn(
        'There is no organization yet, so no API key can exist. Set FIRST_ADMIN_KEY_FILE to a file this process may ' +
          'write and start again: one organization is made, and its admin key is left there.',
      );
    }
    return;
  }
  const isMade = await organizations.createFirst('Default organization', (first) =>
    writeForOwnerOnly(file, `${JSON.stringify(first)}\n`),
  );
  if (isMade) log.log(`Made the first organization; its admin key is in ${file}`);
}

/** Whole or not at all, and never readable by others, whatever stood there before. */
async function writeForOwnerOnly(file: string, text: string): Promise<void> {
  const partial = `${file}.${randomUUID()}`;
  try {
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
