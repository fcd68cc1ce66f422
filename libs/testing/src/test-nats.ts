import { startNatsServer, type NatsServerOptions, type RunningNats } from '#devstack/nats-server';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A nats-server of the spec's own, with JetStream in a folder that goes away with it. */
export async function startTestNats(options: Omit<NatsServerOptions, 'dataDir'> = {}): Promise<RunningNats> {
  const home = await mkdtemp(join(tmpdir(), 'patchbay-nats-'));
  const nats = await startNatsServer({ dataDir: home, ...options });
  return {
    ...nats,
    stop: async () => {
      await nats.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
