import {
  busServices,
  orchestratorAccess,
  serviceAccess,
  vaultOperatorAccess,
  type BusService,
} from '#contracts/bus-access';
import type { BusUser } from '#messaging/bus-configuration';
import { nkeys } from '@nats-io/transport-node';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { NatsAccess } from './nats-access.js';
import type { SecuredBus } from './nats-server.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const YEARS_GOOD = 10;
const ORCHESTRATOR = 'demo';

/** A bus of this machine's own: an nkey for each service, for one orchestrator and for an operator; TLS if wanted. */
export class BusSecurity {
  private constructor(
    private readonly seeds: Readonly<Record<BusService | 'orchestrator' | 'operator', string>>,
    private readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined,
  ) {}

  /** Reads what the folder holds, or makes it: once for all starts. Readable by its owner only. */
  static async in(folder: string, options: { readonly tls: boolean }): Promise<BusSecurity> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const files = { certFile: join(folder, 'bus.crt'), keyFile: join(folder, 'bus.key') };
    const tls = options.tls ? files : undefined;
    const seedsFile = join(folder, 'nkeys.json');
    const known = await readFile(seedsFile, 'utf8').catch(() => undefined);
    if (known !== undefined) return new BusSecurity(JSON.parse(known) as BusSecurity['seeds'], tls);
    const { cert, private: key } = await makeCertificate();
    const seeds = Object.fromEntries(
      [...busServices, 'orchestrator', 'operator'].map((name) => [name, makeSeed()]),
    ) as BusSecurity['seeds'];
    for (const [file, content] of [
      [files.certFile, cert],
      [files.keyFile, key],
      [seedsFile, JSON.stringify(seeds)], // last: an interrupted start makes all of it again
    ] as const) {
      await writeFile(file, content, { mode: 0o600 });
    }
    return new BusSecurity(seeds, tls);
  }

  /**
   * Whom the server lets in. The orchestrator has to wait until its organization is known. The operator may rotate the
   * vault's keys; for specs and benches, `operator` lets it do everything.
   */
  secured({ orgId, operator }: { orgId?: string; operator: boolean }): SecuredBus {
    const user = (name: keyof typeof this.seeds, access: BusUser['access']) => ({
      name,
      access,
      publicKey: nkeys.fromSeed(new TextEncoder().encode(this.seeds[name])).getPublicKey(),
    });
    return {
      ...(this.tls && { tls: this.tls }),
      users: [
        ...busServices.map((name) => user(name, serviceAccess[name])),
        ...(orgId === undefined ? [] : [user('orchestrator', orchestratorAccess(ORCHESTRATOR, orgId))]),
        user('operator', operator ? 'everything' : vaultOperatorAccess),
      ],
    };
  }

  orchestrator(orgId: string): Omit<NatsAccess, 'natsUrl'> {
    const { inboxPrefix } = orchestratorAccess(ORCHESTRATOR, orgId);
    return { natsSeed: this.seeds.orchestrator, natsInboxPrefix: inboxPrefix, ...this.authority };
  }

  get operator(): Omit<NatsAccess, 'natsUrl'> {
    return { natsSeed: this.seeds.operator, ...this.authority };
  }

  /** What a service is told, so that it comes as itself. */
  environmentOf(service: BusService): Record<string, string> {
    return {
      NATS_NKEY_SEED: this.seeds[service],
      NATS_INBOX_PREFIX: serviceAccess[service].inboxPrefix,
      ...(this.tls && { NATS_CA_FILE: this.tls.certFile }),
    };
  }

  /** The certificate is its own. */
  private get authority() {
    return this.tls && { natsCaFile: this.tls.certFile };
  }
}

const makeSeed = () => new TextDecoder().decode(nkeys.createUser().getSeed());

/** Signed by itself, so that it is its own authority. */
function makeCertificate() {
  return generate([{ name: 'commonName', value: 'Patchbay bus' }], {
    keyType: 'ec',
    notAfterDate: new Date(Date.now() + YEARS_GOOD * 365 * DAY_MS),
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
}
