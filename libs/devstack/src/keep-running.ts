import { setTimeout as wait } from 'node:timers/promises';
import type { Child } from './child-process.js';

export interface Kept {
  readonly name: string;
  /** The process as it is now. */
  readonly child: () => Child | undefined;
  /** Starts it again; resolves once it is ready. */
  readonly start: () => Promise<unknown>;
  readonly say: (message: string) => void;
  /** Once aborted, nothing is started any more. */
  readonly signal: AbortSignal;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Who lives this long has recovered: the next death waits shortly again. */
const HEALTHY_AFTER_MS = 30_000;

/** Starts a process again whenever it ends unasked, after a pause that doubles, and says so. */
export async function keepRunning({ name, child, start, say, signal }: Kept): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  const isOver = () => signal.aborted;
  for (;;) {
    const startedAt = performance.now();
    const ending = await child()?.ended;
    if (isOver()) return;
    if (performance.now() - startedAt > HEALTHY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
    const how = ending?.signal ?? `code ${ending?.code ?? '?'}`;
    say(`${name} ended with ${how}; starting it again in ${pauseMs} ms`);
    await wait(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    if (isOver()) return;
    await start().then(
      () => say(`${name} is back`),
      (error: unknown) => {
        if (!isOver()) say(error instanceof Error ? error.message : String(error));
      },
    );
  }
}
