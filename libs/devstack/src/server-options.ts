import type { Child } from './child-process.js';

/** How a server of ours is started. */
export interface ServerOptions {
  /** Made on first use, and kept. */
  readonly dataDir: string;
  /** The port one would like; any free one otherwise. */
  readonly port?: number | undefined;
  /** The only port that will do, for a server that others know already. */
  readonly exactPort?: number | undefined;
  /** Sees each process before it is ready, so that none escapes. */
  readonly onSpawn?: ((child: Child) => void) | undefined;
  /** Once aborted, no process is started any more. */
  readonly signal?: AbortSignal | undefined;
}
