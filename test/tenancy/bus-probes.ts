import * as audit from '#contracts/audit.contract';
import { busServices, orchestratorAccess, serviceAccess, type BusService } from '#contracts/bus-access';
import * as calls from '#contracts/call.contract';
import * as catalog from '#contracts/catalog.contract';
import * as executor from '#contracts/executor.contract';
import { Announcement, Rpc } from '#contracts/rpc';
import * as vault from '#contracts/vault.contract';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { fieldsUsed, type Field, type Names } from './names.js';
import type { Answer, Probe } from './probe.js';
import { shapesOf, type Make, type Means, type Schema } from './values.js';

/** Somebody on the bus, as whom to come. */
export interface BusUser {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
}

type Subject = Rpc | Announcement;

/** Every subject there is. */
export const subjects: readonly Subject[] = [audit, calls, catalog, executor, vault]
  .flatMap((contract) => Object.values(contract) as unknown[])
  .filter((one): one is Subject => one instanceof Rpc || one instanceof Announcement);

/** Of the deployment as a whole, or of whoever holds a ticket: they name no organization, and nothing of one. */
export const ofNoOrganization: readonly Subject[] = [
  vault.startRotation,
  vault.getRotation,
  vault.rotationChanged,
  vault.shredOrganization, // for the operator alone
  vault.organizationShredded,
  vault.beginAuthorization,
  vault.finishAuthorization,
];

/** Everyone who may send a subject of ours sends it, in the name of our organization. */
export function busProbes(users: ReadonlyMap<string, BusUser>, means: Means): Probe[] {
  const { orgId } = means.us;
  const mayPublish = (user: string): readonly string[] =>
    busServices.includes(user as BusService)
      ? serviceAccess[user as BusService].publish
      : orchestratorAccess(user, orgId).publish;
  return [...users].flatMap(([user, as]) =>
    subjects.flatMap((subject) => {
      const isPublic = subject instanceof Rpc && subject.isPublic;
      const to = isPublic ? subject.subjectFor(orgId) : subject.subject;
      const may = mayPublish(user);
      if (!may.includes(to) && !may.includes(subject.subject)) return [];
      if (ofNoOrganization.includes(subject)) return [];
      const schema = (subject instanceof Rpc ? subject.request : subject.payload) as Schema;
      return shapesOf(schema, means, subject.subject).map((make) => probe(as, user, subject, to, make));
    }),
  );
}

function probe(
  { connection, inboxPrefix }: BusUser,
  user: string,
  subject: Subject,
  to: string,
  make: Make,
): Probe {
  const used = fieldsUsed(make);
  return {
    what: `${subject.subject} (${user})`,
    turn: turnOf(subject, used),
    fields: used,
    send: (names) =>
      subject instanceof Rpc
        ? ask(connection, to, make(names))
        : announce(connection, `${inboxPrefix}.${randomUUID()}`, to, make(names)),
  };
}

function turnOf({ subject }: Subject, used: readonly Field[]): Probe['turn'] {
  const verb = /\w+$/.exec(subject)?.[0] ?? '';
  const reads = ['get', 'list', 'diff', 'export', 'dependents', 'resolve', 'open', 'wait', 'inquire'];
  if (reads.includes(verb)) return used.length > 0 ? 'read' : 'list';
  return ['delete', 'archive', 'end'].includes(verb) ? 'remove' : 'write';
}

async function ask(connection: NatsConnection, to: string, payload: unknown): Promise<Answer> {
  const reply = await connection.request(to, JSON.stringify(payload), { timeout: 15_000 });
  return { status: reply.headers?.get('Nats-Service-Error-Code') ?? 'ok', text: reply.string() };
}

/** Nobody answers, or only whom it concerns. */
async function announce(
  connection: NatsConnection,
  inbox: string,
  to: string,
  payload: unknown,
): Promise<Answer> {
  const answers: string[] = [];
  const subscription = connection.subscribe(inbox, {
    callback: (_, message) => void answers.push(message.string()),
  });
  connection.publish(to, JSON.stringify(payload), { reply: inbox });
  await connection.flush();
  await new Promise((resolve) => setTimeout(resolve, 20));
  subscription.unsubscribe();
  return { status: 'published', text: answers.join('\n') };
}

/** Everything of another organization's that an orchestrator could try to send to or to hear. */
export async function knockAt(
  orchestrator: NatsConnection,
  orgId: string,
  names: Names,
): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>();
  const requests = subjects.filter((one): one is Rpc => one instanceof Rpc && one.isPublic);
  for (const rpc of requests) {
    const to = rpc.subjectFor(orgId);
    const outcome = await orchestrator.request(to, JSON.stringify(names), { timeout: 2000 }).then(
      () => 'answered',
      (error: unknown) => String(error),
    );
    outcomes.set(`send ${to}`, outcome);
  }
  const prefix = `patchbay.v1.${orgId}`;
  const heard = [
    `${prefix}.>`,
    `${prefix}.calls.*.events`,
    'patchbay.v1.*.calls.*.events',
    'patchbay.>',
    '>',
    '_INBOX.>',
  ];
  for (const subject of [
    ...heard,
    `$KV.PATCHBAY_CALLS.${orgId}.>`,
    ...busServices.map((name) => `_INBOX_${name}.>`),
  ]) {
    outcomes.set(`hear ${subject}`, await listen(orchestrator, subject));
  }
  return outcomes;
}

function listen(connection: NatsConnection, subject: string): Promise<string> {
  return new Promise((resolve) => {
    connection.subscribe(subject, { callback: (error) => resolve(error ? String(error) : 'heard') });
    void connection.flush().then(() => setTimeout(() => resolve('let in'), 100));
  });
}
