import { ServiceError } from '#contracts/errors';
import type { ImportRequest, ImportResult } from '#toolcall/import/imported';
import { Injectable } from '@nestjs/common';
import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Beside this file, with its extension: under jest the sources run as they are. */
const WORKER = new URL(`./import-worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
const LONGEST_READ_MS = 15_000;
const MOST_AT_ONCE = 2;
const LIMITS = { maxOldGenerationSizeMb: 256, stackSizeMb: 4 };

/** Reads sources, which are untrusted and may be large, away from the thread that answers everybody. */
@Injectable()
export class ImportReader {
  private underWay = 0;

  /** @throws ServiceError `overloaded` when others are being read */
  async read(request: ImportRequest, longestMs = LONGEST_READ_MS): Promise<ImportResult> {
    if (this.underWay >= MOST_AT_ONCE) {
      throw new ServiceError('overloaded', 'Other imports are being read; try again in a moment');
    }
    this.underWay += 1;
    const worker = new Worker(WORKER, {
      workerData: request,
      resourceLimits: LIMITS,
      env: {},
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    try {
      const [result] = (await once(worker, 'message', { signal: AbortSignal.timeout(longestMs) })) as [
        ImportResult,
      ];
      return result;
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      const message = 'takes too long to read, or too much memory; import a part of it';
      return { ok: false, problems: [{ pointer: '/source', code: 'too_large', message }] };
    } finally {
      this.underWay -= 1;
      await worker.terminate();
    }
  }
}

function isTooMuch(error: unknown): boolean {
  const { name, code } = error as { name?: string; code?: string };
  return name === 'AbortError' || code === 'ERR_WORKER_OUT_OF_MEMORY';
}
