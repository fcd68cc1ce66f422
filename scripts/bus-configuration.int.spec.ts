import { run } from '#devstack/child-process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nkeys } from '@nats-io/transport-node';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { natsServerBinary } from '#devstack/nats-server';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const publicKey = () => nkeys.createUser().getPublicKey();
const deployment = {
  storeDir: '/var/lib/nats',
  services: {
    catalog: publicKey(),
    vault: publicKey(),
    executor: publicKey(),
    audit: publicKey(),
    gateway: publicKey(),
  },
  orchestrators: [
    { name: 'acme-voice', orgId: '0190aaaa-1111-7111-8111-111111111111', publicKey: publicKey() },
  ],
};

describe('npm run bus:configuration', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchbay-bus-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function configure(content: object): Promise<string> {
    const file = join(folder, 'deployment.json');
    await writeFile(file, JSON.stringify(content));
    const script = join('dist', 'scripts', 'bus-configuration.js');
    return (await promisify(execFile)(process.execPath, [script, file])).stdout;
  }

  it('writes a configuration that nats-server takes, with everybody in it and no secret', async () => {
    const configuration = await configure(deployment);
    const file = join(folder, 'nats.conf');
    await writeFile(file, configuration.replace('/var/lib/nats', folder));

    await run('nats-server', natsServerBinary(), ['-t', '-c', file]);

    for (const key of [...Object.values(deployment.services), deployment.orchestrators[0]?.publicKey]) {
      expect(configuration).toContain(`nkey: ${key}`);
    }
    expect(configuration).toContain('_INBOX_orchestrator_acme-voice.>');
    expect(configuration).not.toMatch(/\bSU[A-Z2-7]{20}/);
  });

  it.each([
    [
      'a seed in place of a public key',
      { services: { ...deployment.services, vault: 'SUAAAA' } },
      '/services/vault',
    ],
    ['no service', { services: {} }, '/services'],
    [
      'an organization that is a wildcard',
      { orchestrators: [{ ...deployment.orchestrators[0], orgId: '*' }] },
      '/orchestrators/0/orgId',
    ],
    [
      'a name of two tokens',
      { orchestrators: [{ ...deployment.orchestrators[0], name: 'a.b' }] },
      '`name` must be letters',
    ],
  ])('refuses %s, and says where', async (_what, change, where) => {
    await expect(configure({ ...deployment, ...change })).rejects.toThrow(where);
  });
});
