import * as audit from '#contracts/audit.contract';
import {
  orchestratorAccess,
  serviceAccess,
  vaultOperatorAccess,
  type BusAccess,
} from '#contracts/bus-access';
import * as calls from '#contracts/call.contract';
import * as catalog from '#contracts/catalog.contract';
import * as executor from '#contracts/executor.contract';
import { Announcement, Rpc } from '#contracts/rpc';
import * as vault from '#contracts/vault.contract';
import { startTestNats } from '#testing/test-nats';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, nkeyAuthenticator, nkeys, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { NatsLink } from '#messaging/nats-connection';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusSecurity } from './bus-security.js';
import { natsOptions } from './nats-access.js';
import type { RunningNats } from './nats-server.js';

const mine = randomUUID();
const theirs = randomUUID();
const stream = executor.executionStream.name;

type User = 'catalog' | 'vault' | 'executor' | 'audit' | 'gateway' | 'orchestrator' | 'operator';
const users: Record<User, BusAccess> = {
  ...serviceAccess,
  orchestrator: orchestratorAccess('demo', mine),
  operator: vaultOperatorAccess,
};

/** Who may send where: the first line that matches a subject says it. What matches none fails the test. */
const mayPublish: readonly [RegExp, readonly User[]][] = [
  [/^patchbay\.internal\.[a-z]+\.nothing\.here$/, []],
  [/^patchbay\.internal\.vault\.(credential|secret)\.open$/, ['executor']],
  [/^patchbay\.internal\.vault\.secret\.get$/, ['catalog']],
  [/^patchbay\.internal\.vault\.credential\.get$/, ['gateway', 'catalog']],
  [/^patchbay\.internal\.vault\.(credential|health)\.changed$/, ['vault']],
  [/^patchbay\.internal\.vault\.(rotation\.changed|organization\.shredded)$/, ['vault']],
  [/^patchbay\.internal\.vault\.rotation\.(start|get)$/, ['gateway', 'operator']],
  [/^patchbay\.internal\.vault\.organization\./, ['operator']],
  [/^patchbay\.internal\.vault\./, ['gateway']],
  [/^patchbay\.internal\.catalog\.tool\.resolve$/, ['executor']],
  [/^patchbay\.internal\.catalog\.(tool|agent)\.changed$/, ['catalog']],
  [/^patchbay\.internal\.catalog\./, ['gateway']],
  [/^patchbay\.internal\.executor\.execution\.(recorded|inquire)$/, ['executor']],
  [/^patchbay\.internal\.(executor|audit)\./, ['gateway']],
  [/^patchbay\.v1\..*\.events$/, []],
  [new RegExp(`^patchbay\\.v1\\.${mine}\\.calls\\.`), ['orchestrator']],
  [new RegExp(`^patchbay\\.v1\\.${theirs}\\.calls\\.`), []],
  [new RegExp(`^patchbay\\.v1\\.${mine}\\.`), ['gateway', 'orchestrator']],
  [new RegExp(`^patchbay\\.v1\\.${theirs}\\.`), ['gateway']],
  [/^\$JS\.API\.STREAM\.(INFO|CREATE)\.PATCHBAY_EXECUTIONS$/, ['executor', 'audit']],
  [/^\$JS\.API\.CONSUMER\.MSG\.NEXT\.PATCHBAY_EXECUTIONS\.audit$/, ['audit']],
  [/^\$JS\.API\.STREAM\.(INFO|CREATE|MSG\.GET)\.KV_PATCHBAY_CALLS$/, ['executor']],
  [/^\$KV\.PATCHBAY_CALLS\./, ['executor']],
  [/^\$JS\.ACK\.PATCHBAY_EXECUTIONS\.audit\./, ['audit']],
  [/^(\$|_INBOX)/, []],
];
const mayListen: readonly [RegExp, readonly User[]][] = [
  [/^patchbay\.internal\.vault\.credential\.changed$/, ['executor']],
  [/^patchbay\.internal\.catalog\.(tool|agent)\.changed$/, ['executor']],
  [/^patchbay\.internal\.executor\.execution\.recorded$/, []],
  [/^patchbay\.internal\.vault\.health\.changed$/, []], // for whoever an operator lets listen
  [/^patchbay\.internal\.vault\./, ['vault']],
  [/^patchbay\.internal\.catalog\./, ['catalog']],
  [/^patchbay\.internal\.executor\./, ['executor']],
  [/^patchbay\.internal\.audit\./, ['audit']],
  [new RegExp(`^patchbay\\.v1\\.${mine}\\.calls\\.\\*\\.events$`), ['orchestrator']],
  [/^patchbay\.v1\..*\.events$/, []],
  [/^patchbay\.v1\.[^.]+\.tools\.list$/, ['catalog']],
  [/^patchbay\.v1\./, ['executor']],
  [/^(_INBOX|\$|>)/, []], // its own inbox apart
];

const declared = [audit, calls, catalog, executor, vault].flatMap((module) =>
  Object.values(module).filter(
    (one): one is Rpc | Announcement => one instanceof Rpc || one instanceof Announcement,
  ),
);
const subjects = declared.flatMap((one) =>
  one instanceof Rpc && one.isPublic ? [one.subjectFor(mine), one.subjectFor(theirs)] : [one.subject],
);
const events = [mine, theirs].map((orgId) => `patchbay.v1.${orgId}.calls.*.events`);
const published = [
  ...subjects,
  ...events.map((subject) => subject.replace('*', randomUUID())),
  'patchbay.internal.vault.nothing.here',
  ...[
    'INFO',
    'STREAM.LIST',
    `STREAM.INFO.${stream}`,
    `STREAM.CREATE.${stream}`,
    `STREAM.DELETE.${stream}`,
  ].map((api) => `$JS.API.${api}`),
  ...[`STREAM.PURGE.${stream}`, `CONSUMER.MSG.NEXT.${stream}.audit`, 'STREAM.CREATE.OTHER'].map(
    (api) => `$JS.API.${api}`,
  ),
  ...['INFO', 'CREATE', 'MSG.GET', 'DELETE', 'PURGE'].map(
    (api) => `$JS.API.STREAM.${api}.KV_${calls.callBucket}`,
  ),
  `$KV.${calls.callBucket}.${mine}.call`,
  '$KV.OTHER.key',
  `$JS.ACK.${stream}.audit.1.1.1.1.1`,
  '$SYS.REQ.SERVER.PING',
  ...Object.values(users).map(({ inboxPrefix }) => `${inboxPrefix}.abc`),
  '_INBOX.abc',
];
const listened = [
  ...declared.map(({ subject }) => subject),
  ...events,
  'patchbay.v1.*.calls.*.events',
  ...Object.values(users).map(({ inboxPrefix }) => `${inboxPrefix}.>`),
  '_INBOX.>',
  '$SYS.>',
  '$JS.>',
  '>',
];

describe('the bus, with the access each user is given', () => {
  let nats: RunningNats;
  const seeds = new Map<User, Uint8Array>();

  beforeAll(async () => {
    const known = Object.entries(users).map(([name, access]) => {
      const pair = nkeys.createUser();
      seeds.set(name as User, pair.getSeed());
      return { name, access, publicKey: pair.getPublicKey() };
    });
    nats = await startTestNats({ secured: { users: known } });
  });
  afterAll(() => nats.stop());

  const open = (user: User) =>
    connect({
      servers: nats.url,
      authenticator: nkeyAuthenticator(seeds.get(user) ?? new Uint8Array()),
      inboxPrefix: users[user].inboxPrefix,
    });

  it.each(Object.keys(users) as User[])('lets %s send where it may, and nowhere else', async (user) => {
    const connection = await open(user);
    const refused = refusalsOf(connection);
    for (const subject of published) connection.publish(subject, '{}');
    await connection.flush();
    await connection.close();

    const expected = published.filter((subject) => !rule(mayPublish, subject).includes(user));
    expect((await refused).publish.toSorted()).toEqual(expected.toSorted());
  });

  it.each(Object.keys(users) as User[])('lets %s listen where it may, and nowhere else', async (user) => {
    const connection = await open(user);
    const refused = refusalsOf(connection);
    for (const subject of listened) connection.subscribe(subject, { callback: () => undefined });
    await connection.flush();
    await connection.close();

    const own = `${users[user].inboxPrefix}.>`;
    const expected = listened.filter(
      (subject) => subject !== own && !rule(mayListen, subject).includes(user),
    );
    expect((await refused).subscription.toSorted()).toEqual(expected.toSorted());
  });

  it.each([
    ['nobody in particular', {}],
    ['a stranger with an nkey', { authenticator: nkeyAuthenticator(nkeys.createUser().getSeed()) }],
    ['a user and a password', { user: 'gateway', pass: 'gateway' }],
  ])('does not let in %s', async (_who, options) => {
    await expect(connect({ servers: nats.url, ...options, reconnect: false })).rejects.toThrow(
      /authorization/i,
    );
  });
});

describe('the bus with TLS', () => {
  let folder: string;
  let nats: RunningNats;
  let security: BusSecurity;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'patchbay-bus-'));
    security = await BusSecurity.in(folder, { tls: true });
    nats = await startTestNats({ secured: security.secured({ operator: false }) });
  });
  afterAll(async () => {
    await nats.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const serviceLink = () => {
    const { NATS_NKEY_SEED, NATS_INBOX_PREFIX, NATS_CA_FILE } = security.environmentOf('executor');
    return NatsLink.open({
      url: nats.url,
      name: 'executor',
      nkeySeed: NATS_NKEY_SEED,
      inboxPrefix: NATS_INBOX_PREFIX,
      caFile: NATS_CA_FILE,
    });
  };

  it('carries nothing in clear, and lets no client in that does not know its authority', async () => {
    const link = await serviceLink();
    expect(link.connection.info?.tls_required).toBe(true);
    const stranger = { servers: nats.url, authenticator: nkeyAuthenticator(nkeys.createUser().getSeed()) };

    await expect(connect({ ...stranger, reconnect: false })).rejects.toThrow(/certificate/);
    await link.close();
  });

  it('lets an operator change keys, and have no secret opened', async () => {
    const connection = await connect({
      ...natsOptions({ natsUrl: nats.url, ...security.operator }),
      inboxPrefix: vaultOperatorAccess.inboxPrefix,
    });
    const refused = refusalsOf(connection);
    connection.publish(vault.startRotation.subject, '{}');
    connection.publish(vault.openCredential.subject, '{}');
    await connection.flush();
    await connection.close();

    expect((await refused).publish).toEqual([vault.openCredential.subject]);
  });

  it("lets an orchestrator in once it is told of its organization, and ends nobody else's connection", async () => {
    const link = await serviceLink();
    const closed = link.connection.closed();
    const orchestrator = () =>
      connect({ ...natsOptions({ natsUrl: nats.url, ...security.orchestrator(mine) }), reconnect: false });
    await expect(orchestrator()).rejects.toThrow(/authorization/i);

    await nats.reload(security.secured({ orgId: mine, operator: false }));

    const connection = await orchestrator();
    expect(
      await Promise.race([closed.then(() => 'closed'), link.connection.flush().then(() => 'open')]),
    ).toBe('open');
    await connection.close();
    await link.close();
  });
});

function rule(table: typeof mayPublish, subject: string): readonly string[] {
  const found = table.find(([pattern]) => pattern.test(subject));
  if (!found) throw new Error(`Nobody has said who may use ${subject}`);
  return found[1];
}

/** What the server refused until the connection closed. */
async function refusalsOf(connection: NatsConnection) {
  const refused: Record<'publish' | 'subscription', string[]> = { publish: [], subscription: [] };
  for await (const status of connection.status()) {
    if (status.type !== 'error') continue;
    const { operation, subject } = status.error as Error & {
      operation: 'publish' | 'subscription';
      subject: string;
    };
    refused[operation].push(subject);
  }
  return refused;
}
