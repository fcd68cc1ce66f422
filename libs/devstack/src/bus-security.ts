import { busServices, orchestratorAccess, serviceAccess, type BusService } from '#contracts/bus-access';
import type { BusUser } from '#messaging/bus-configuration';
import { nkeys } from '@nats-io/transport-node';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { SecuredBus } from './nats-server.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const YEARS_GOOD = 10;
const ORCHESTRATOR = 'demo';

/** Who a client of the bus is, as the server knows it. */
export interface BusIdentity {
  /** An nkey seed, `SU…`. */
  readonly seed: string;
  readonly inboxPrefix: string;
}

/** A bus of this machine's own: an nkey for each service, for one orchestrator and for an operator; TLS. */
export class BusSecurity {
  private constructor(
    private readonly seeds: Readonly<Record<BusService | 'orchestrator' | 'operator', string>>,
    private readonly tls: { readonly certFile: string; readonly keyFile: string },
  ) {}

  /** Reads what the folder holds, or makes it: once for all starts. Readable by its owner only. */
  static async in(folder: string): Promise<BusSecurity> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const tls = { certFile: join(folder, 'bus.crt'), keyFile: join(folder, 'bus.key') };
    const seedsFile = join(folder, 'nkeys.json');
    const known = await readFile(seedsFile, 'utf8').catch(() => undefined);
    if (known !== undefined) return new BusSecurity(JSON.parse(known) as BusSecurity['seeds'], tls);
    const { cert, private: key } = await makeCertificate();
    const seeds = Object.fromEntries(
      [...busServices, 'orchestrator', 'operator'].map((name) => [name, makeSeed()]),
    ) as BusSecurity['seeds'];
    for (const [file, content] of [
      [tls.certFile, cert],
      [tls.keyFile, key],
      [seedsFile, JSON.stringify(seeds)], // last: an interrupted start makes all of it again
    ] as const) {
      await writeFile(file, content, { mode: 0o600 });
    }
    return new BusSecurity(seeds, tls);
  }

  /**
   * Whom the server lets in. The orchestrator has to wait until its organization is known; an operator, who may do
   * everything, is for specs and benches. Clients on this machine may leave TLS out.
   */
  secured({ orgId, operator }: { orgId?: string; operator: boolean }): SecuredBus {
    const user = (name: keyof typeof this.seeds, access: BusUser['access']) => ({
      name,
      access,
      publicKey: nkeys.fromSeed(new TextEncoder().encode(this.seeds[name])).getPublicKey(),
    });
    return {
      tls: { ...this.tls, required: false },
      users: [
        ...busServices.map((name) => user(name, serviceAccess[name])),
        ...(orgId === undefined ? [] : [user('orchestrator', orchestratorAccess(ORCHESTRATOR, orgId))]),
        ...(operator ? [user('operator', 'everything')] : []),
      ],
    };
  }

  orchestrator(orgId: string): BusIdentity {
    const { inboxPrefix } = orchestratorAccess(ORCHESTRATOR, orgId);
    return { seed: this.seeds.orchestrator, inboxPrefix };
  }

  get operator(): BusIdentity {
    return { seed: this.seeds.operator, inboxPrefix: '_INBOX' };
  }

  /** What a service is told, so that it comes as itself and through TLS. */
  environmentOf(service: BusService): Record<string, string> {
    return {
      NATS_NKEY_SEED: this.seeds[service],
      NATS_INBOX_PREFIX: serviceAccess[service].inboxPrefix,
      NATS_CA_FILE: this.tls.certFile,
    };
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
