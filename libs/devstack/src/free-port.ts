import { createServer } from 'node:net';

/**
 * The preferred port when it is free, any free one otherwise. Whoever listens must still be ready to find it taken:
 * between asking and listening another process can come first.
 */
export async function freePort(preferred = 0): Promise<number> {
  const port = await tryListen(preferred);
  return port ?? (await tryListen(0)) ?? Promise.reject(new Error('No free TCP port on 127.0.0.1'));
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

/** Somebody else can take a port between our asking for it and its use: then another one is tried. */
export async function onFreePort(
  wanted: number | undefined,
  start: (port: number) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(wanted);
    try {
      await start(port);
      return;
    } catch (error) {
      if (attempt === 3 || (await freePort(port)) === port) throw error;
    }
  }
}
