import * as audit from './audit.contract.js';
import * as calls from './call.contract.js';
import * as catalog from './catalog.contract.js';
import * as executor from './executor.contract.js';
import { Announcement, Rpc } from './rpc.js';
import * as vault from './vault.contract.js';

/** What one user of the bus may send to and listen to; nothing else. Subjects may have wildcards. */
export interface BusAccess {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Where replies to its own requests arrive; no other user may listen there. */
  readonly inboxPrefix: string;
}

export const busServices = ['catalog', 'vault', 'executor', 'audit', 'gateway'] as const;
export type BusService = (typeof busServices)[number];

const { name: stream, consumer } = executor.executionStream;
/** JetStream's own requests: whoever publishes to or consumes from a stream makes it when it is missing. */
const makeStream = [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.CREATE.${stream}`,
  `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
  `$JS.API.CONSUMER.DELETE.${stream}.${consumer}`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${consumer}`,
  `$JS.API.CONSUMER.CREATE.${stream}.${consumer}`,
];
const consumeStream = [
  ...makeStream,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
  `$JS.API.STREAM.MSG.DELETE.${stream}`,
  `$JS.ACK.${stream}.${consumer}.>`,
];

/** What a KV bucket takes: it is a stream, made by whoever needs it first. */
const useBucket = [
  `$JS.API.STREAM.INFO.KV_${calls.callBucket}`,
  `$JS.API.STREAM.CREATE.KV_${calls.callBucket}`,
  `$JS.API.STREAM.MSG.GET.KV_${calls.callBucket}`,
  `$KV.${calls.callBucket}.>`,
];

/** Nobody else may have a secret opened or a definition handed out for execution. */
const executorsOnly: readonly Rpc[] = [catalog.resolveTool, vault.openCredential, vault.openSecret];

/** The keys are those of the whole deployment: no organization's admin has a say in them. */
const operatorsOnly: readonly Rpc[] = [vault.startRotation, vault.getRotation, vault.shredOrganization];
/** What the gateway asks on the operator's word. What cannot be undone takes a user of the bus. */
const operatorsByRest: readonly Rpc[] = [vault.startRotation, vault.getRotation];

/** Of use to nobody but who saves tools: whatever else there is of a secret, admins see as a credential. */
const catalogOnly: readonly Rpc[] = [vault.getSecret];

const subjectsOf = (rpcs: readonly (Rpc | Announcement)[]) => rpcs.map(({ subject }) => subject);
const served = (module: object) => Object.values(module).filter((one): one is Rpc => one instanceof Rpc);
const notForAdmins = [...executorsOnly, ...operatorsOnly, ...catalogOnly];
const forAdmins = (module: object) => served(module).filter((rpc) => !notForAdmins.includes(rpc));
/** What vaults tell each other. */
const amongVaults = [vault.rotationChanged, vault.organizationShredded];

/**
 * The one table of who may do what on the bus: a service listens to what its contract declares, and sends what it needs
 * of others. `scripts/bus-configuration.ts` makes nats-server's configuration of it.
 */
export const serviceAccess: Readonly<Record<BusService, BusAccess>> = {
  catalog: access('catalog', {
    publish: [vault.getCredential, ...catalogOnly, catalog.toolChanged, catalog.agentChanged],
    subscribe: served(catalog),
  }),
  vault: access('vault', {
    publish: [vault.credentialChanged, vault.credentialHealthChanged, ...amongVaults],
    subscribe: [...served(vault), ...amongVaults],
  }),
  executor: access('executor', {
    publish: [...executorsOnly, executor.executionsRecorded, executor.inquireExecution],
    subscribe: [
      ...served(executor),
      ...served(calls),
      executor.inquireExecution,
      catalog.toolChanged,
      catalog.agentChanged,
      vault.credentialChanged,
    ],
    streams: [...makeStream, ...useBucket],
  }),
  audit: access('audit', { publish: [], subscribe: served(audit), streams: consumeStream }),
  gateway: access('gateway', {
    publish: [...[catalog, vault, audit, executor].flatMap(forAdmins), ...operatorsByRest],
    subscribe: [],
  }),
};

/** What whoever runs the deployment needs besides a shell: `npm run vault:rotate` and `npm run vault:shred`. */
export const vaultOperatorAccess: BusAccess = {
  publish: subjectsOf(operatorsOnly),
  subscribe: ['_INBOX_vault_operator.>'],
  inboxPrefix: '_INBOX_vault_operator',
};

/**
 * An orchestrator's access: its organization's public subjects and the events of its calls, nothing of another's.
 * @param name of the orchestrator, unique on the bus; letters, digits, `-` and `_`
 * @throws RangeError when the name or the organization could be more than one subject token
 */
export function orchestratorAccess(name: string, orgId: string): BusAccess {
  for (const [what, token] of Object.entries({ name, orgId })) {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(token)) {
      throw new RangeError(`\`${what}\` must be letters, digits, - and _, found ${JSON.stringify(token)}`);
    }
  }
  const requests = [...served(catalog), ...served(executor), ...served(calls)].filter(
    ({ isPublic }) => isPublic,
  );
  const inboxPrefix = `_INBOX_orchestrator_${name}`;
  return {
    publish: requests.map((rpc) => rpc.subjectFor(orgId)),
    subscribe: [`patchbay.v1.${orgId}.calls.*.events`, `${inboxPrefix}.>`],
    inboxPrefix,
  };
}

function access(
  service: BusService,
  {
    publish,
    subscribe,
    streams = [],
  }: Record<'publish' | 'subscribe', readonly (Rpc | Announcement)[]> & {
    streams?: readonly string[];
  },
): BusAccess {
  const inboxPrefix = `_INBOX_${service}`;
  return {
    publish: [...subjectsOf(publish), ...streams],
    subscribe: [...subjectsOf(subscribe), `${inboxPrefix}.>`],
    inboxPrefix,
  };
}
