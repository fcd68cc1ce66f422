import { getRotation, shredOrganization, startRotation, type Rotation } from '#contracts/vault.contract';
import { vaultOperatorAccess } from '#contracts/bus-access';
import { ServiceError } from '#contracts/errors';
import { Deadline } from '#messaging/deadline';
import { NatsLink } from '#messaging/nats-connection';
import { RpcClient } from '#messaging/rpc.client';
import { ConfigError, loadConfig } from '#runtime/load-config';
import { ServiceConfig } from '#runtime/service.config';
import { setTimeout } from 'node:timers/promises';

// npm run vault:rotate [-- <key id>] and npm run vault:shred -- <organization id>: what operators ask of the vault. Where
// the bus is, and as whom to come, is in NATS_* as it is for the services; docs/vault.md says who may.

const say = (line: string) => process.stdout.write(`${line}\n`);
const LOOK_EVERY_MS = 500;

class Usage extends Error {}

async function rotate(rpc: RpcClient, keyId: string | undefined): Promise<void> {
  let rotation = await rpc.call(startRotation, keyId === undefined ? {} : { keyId }, {
    deadline: Deadline.in(10_000),
  });
  say(`Rotation ${rotation.id}: from key ${rotation.fromKey} to ${rotation.toKey}`);
  let said = '';
  while (rotation.state !== 'finished') {
    await setTimeout(LOOK_EVERY_MS);
    rotation = await rpc.call(getRotation, { rotationId: rotation.id }, { deadline: Deadline.in(10_000) });
    const progress = describe(rotation);
    if (progress !== said) say(progress);
    said = progress;
  }
}

function describe({ state, total, remaining, waitingFor, fromKey, toKey }: Rotation): string {
  switch (state) {
    case 'introducing':
      return `waiting for ${waitingFor} vaults to have key ${toKey}`;
    case 'rewrapping':
      return `${remaining} of ${total} credentials to go`;
    case 'finished':
      return `Done: key ${fromKey} is retired and opens nothing any more. Take it away wherever it is kept.`;
  }
}

async function shred(rpc: RpcClient, orgId: string | undefined): Promise<void> {
  if (orgId === undefined) throw new Usage('Which organization? npm run vault:shred -- <organization id>');
  const { keys, credentials } = await rpc.call(
    shredOrganization,
    { orgId },
    { deadline: Deadline.in(30_000) },
  );
  say(`Destroyed ${keys} keys and ${credentials} credentials of organization ${orgId}.`);
  say(
    'Copies of the database that hold its wrapped keys open until the next rotation: npm run vault:rotate.',
  );
}

async function main([command, argument]: readonly string[]): Promise<void> {
  const config = loadConfig(ServiceConfig);
  const link = await NatsLink.open({
    url: config.NATS_URL,
    name: 'vault operator',
    user: config.NATS_USER,
    password: config.NATS_PASSWORD,
    nkeySeed: config.NATS_NKEY_SEED,
    inboxPrefix: config.NATS_INBOX_PREFIX ?? vaultOperatorAccess.inboxPrefix,
    caFile: config.NATS_CA_FILE,
  });
  const rpc = new RpcClient(link);
  try {
    if (command === 'rotate') await rotate(rpc, argument);
    else if (command === 'shred') await shred(rpc, argument);
    else throw new Usage('rotate [<key id>] or shred <organization id>');
  } finally {
    await link.close();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ServiceError || error instanceof ConfigError || error instanceof Usage)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
