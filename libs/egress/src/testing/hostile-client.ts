import { setTimeout as wait } from 'node:timers/promises';
import { authority } from './certificates.js';
import { HOSTILE_MAX_BYTES } from './hostile-vectors.js';
import { clientAllowing, post } from './requests.js';

// A process of its own around an egress client, so that what it holds in memory can be told. It is asked by IPC.

/** Sends once. */
export interface Errand {
  readonly url: string;
  readonly timeoutMs: number;
}

export interface Account {
  /** The failure's reason, or `response`. */
  readonly cameTo: string;
  /** How long after the deadline the result was there; negative when before. Milliseconds. */
  readonly lateByMs: number;
  /** The most by which the process was larger than before, and what it still was once it had settled. */
  readonly peakBytes: number;
  readonly keptBytes: number;
}

const client = clientAllowing('127.0.0.0/8', {
  ca: authority,
  resolve: () => Promise.resolve(['127.0.0.1']),
});

async function run({ url, timeoutMs }: Errand): Promise<Account> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const look = () => void (peak = Math.max(peak, process.memoryUsage.rss()));
  const watch = setInterval(look, 2);
  const startedAt = performance.now();
  const result = await client.send(
    post(url, '{}', { timeoutMs, maxBytes: HOSTILE_MAX_BYTES, signal: undefined }),
  );
  const lateByMs = performance.now() - startedAt - timeoutMs;
  look(); // what was inflated in one go nobody could look at meanwhile, and is still there
  await wait(20);
  clearInterval(watch);
  globalThis.gc?.();
  return {
    cameTo: result.kind === 'response' ? result.kind : result.reason,
    lateByMs,
    peakBytes: peak - before,
    keptBytes: process.memoryUsage.rss() - before,
  };
}

process.on('message', (errand: Errand) => {
  void run(errand).then((account) => process.send?.(account));
});
process.send?.('ready');
