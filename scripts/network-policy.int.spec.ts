import { readPolicies } from '#egress/open-egress';
import { parseTarget } from '#egress/parse-target';
import {
  edges,
  holds,
  numberOf,
  randomAddress,
  randomNumbers,
  rangeOf,
  spell,
} from '#egress/testing/special-purpose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

interface Rule {
  readonly to?: readonly { ipBlock?: { cidr: string; except?: string[] }; podSelector?: object }[];
  readonly ports: readonly { protocol: string; port?: number }[];
}
interface NetworkPolicy {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly podSelector: object;
    readonly policyTypes: string[];
    readonly egress: readonly Rule[];
  };
}

const run = promisify(execFile);
const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 32);
const ORG = '0190a7c0-0000-7000-8000-000000000001';

/** Everything an operator can say that has to do with addresses. */
const policyFile = {
  allow: [
    '10.1.0.0/16',
    '100.64.0.0/10',
    'fd00::/8',
    '169.254.170.2/32',
    'http://192.168.7.7:4010',
    'https://crm.corp',
  ],
  deny: ['10.1.9.0/24', '93.184.0.0/16', '2606:4700::/32'],
  nat64Prefix: '64:ff9b::/96',
  organizations: { [ORG]: { allow: ['10.7.0.0/16'], schemes: ['https', 'http'], ports: [443, 80, 9000] } },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchbay-policy-'));
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policyFile));
});
afterAll(() => rm(folder, { recursive: true }));

async function print(environment: Record<string, string>, args: string[] = []): Promise<string> {
  const env = { PATH: process.env.PATH, ...environment };
  return (await run(process.execPath, ['dist/scripts/network-policy.js', ...args], { env })).stdout;
}
const read = (yaml: string) => loadAll(yaml) as NetworkPolicy[];

/** The ports by which a policy lets an address through, read as Kubernetes reads it: `any`, or a list of them. */
function reader({ spec }: NetworkPolicy): (address: bigint, bits: 32 | 128) => Set<number | 'any'> {
  const rules = spec.egress.flatMap(({ to = [], ports }) =>
    to.flatMap(({ ipBlock }) =>
      ipBlock
        ? [
            {
              block: rangeOf(expand(ipBlock.cidr)),
              except: (ipBlock.except ?? []).map(expand).map(rangeOf),
              ports,
            },
          ]
        : [],
    ),
  );
  return (address, bits) =>
    new Set(
      rules
        .filter(
          ({ block, except }) =>
            holds(block, address, bits) && !except.some((one) => holds(one, address, bits)),
        )
        .flatMap(({ ports }) => ports.map(({ port }) => port ?? ('any' as const))),
    );
}
/** With all of its groups: this reader is as plain as it can be. */
const expand = (cidr: string) => {
  const [address = '', length = ''] = cidr.split('/');
  return address.includes(':') ? `${spell(numberOf(address), 128)}/${length}` : cidr;
};

describe('the NetworkPolicy', () => {
  it.each<[string, Record<string, string>]>([
    ['nothing but the public internet', {}],
    ['what EGRESS_ALLOW says', { EGRESS_ALLOW: '10.1.0.0/16,fd12::/48,http://127.0.0.1:4010' }],
    ['what the policy file says', { EGRESS_ALLOW: '', EGRESS_POLICY_FILE: 'policy.json' }],
  ])(`lets through what libs/egress does, %s (TEST_SEED=${seed})`, async (_name, environment) => {
    const file = environment.EGRESS_POLICY_FILE && join(folder, environment.EGRESS_POLICY_FILE);
    const settings = { EGRESS_ALLOW: '', ...environment, ...(file && { EGRESS_POLICY_FILE: file }) };
    const [policy] = read(await print(settings));
    const portsOf = reader(policy!);
    const policies = readPolicies(settings);
    /** What the parse gate and the address policy make of `https://[address]:port`, for whoever may most. */
    const permitted = (text: string, port: number) => {
      const host = text.includes(':') ? `[${new URL(`http://[${text}]`).hostname.slice(1, -1)}]` : text;
      const schemes = ['http', 'https'];
      return schemes.some((scheme) =>
        policies.all.some((one) => parseTarget(`${scheme}://${host}:${port}/`, one).ok),
      );
    };
    const random = randomNumbers(seed);
    const cidrs = [
      '10.1.0.0/16',
      '10.1.9.0/24',
      '10.7.0.0/16',
      '93.184.0.0/16',
      '100.64.0.0/10',
      '169.254.170.2/32',
    ];
    const addresses = ([32, 128] as const).flatMap((bits) => [
      ...edges[bits].flatMap((edge) =>
        [-1n, 0n, 1n].map((by) => [(edge + by) & ((1n << BigInt(bits)) - 1n), bits] as const),
      ),
      ...Array.from({ length: 2000 }, () => [randomAddress(random, bits), bits] as const),
    ]);
    const named = cidrs.map(rangeOf).flatMap(({ first, last }) => [first - 1n, first, last, last + 1n]);
    const behindNat64 = named.map((address) => [(0x64ff9bn << 96n) | address, 128] as const);
    const mismatches = [];
    for (const [address, bits] of [...addresses, ...named.map((one) => [one, 32] as const), ...behindNat64]) {
      const text = spell(address, bits);
      const ports = portsOf(address, bits);
      for (const port of [443, 8443, 80, 9000, 4010, 9999]) {
        const open = ports.has('any') || ports.has(port);
        if (open !== permitted(text, port)) mismatches.push(`${text} ${port}: ${open ? 'open' : 'closed'}`);
      }
    }

    expect(mismatches).toEqual([]);
  });

  it('is one Kubernetes takes: exceptions lie within their block, and are not all of it', async () => {
    const [policy] = read(await print({ EGRESS_POLICY_FILE: join(folder, 'policy.json') }));
    const blocks = policy!.spec.egress.flatMap(({ to = [] }) => to.flatMap(({ ipBlock }) => ipBlock ?? []));

    expect(blocks.length).toBeGreaterThan(6);
    for (const { cidr, except = [] } of blocks) {
      const { first, last, bits } = rangeOf(expand(cidr));
      for (const inner of except.map(expand).map(rangeOf)) {
        expect(inner.bits).toBe(bits);
        expect(inner.first >= first && inner.last <= last).toBe(true);
        expect(inner.last - inner.first).toBeLessThan(last - first);
      }
    }
  });

  it('keeps the services that call nobody inside, and names what is allowed by name', async () => {
    const text = await print({ EGRESS_ALLOW: 'https://crm.corp' }, [
      '--namespace',
      'voice',
      '--nats',
      'app=bus:4222',
    ]);
    const [calling, inside] = read(text);

    expect(text).toContain('# https://crm.corp\n');
    expect([calling, inside].map((one) => one?.metadata)).toEqual([
      { name: 'patchbay-egress', namespace: 'voice' },
      { name: 'patchbay-no-egress', namespace: 'voice' },
    ]);
    expect(inside?.spec).toEqual({
      podSelector: {
        matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: ['catalog', 'audit'] }],
      },
      policyTypes: ['Egress'],
      egress: [
        { ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] }, // prettier-ignore
        { to: [{ podSelector: { matchLabels: { app: 'bus' } } }], ports: [{ protocol: 'TCP', port: 4222 }] },
        {
          to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'postgres' } } }],
          ports: [{ protocol: 'TCP', port: 5432 }],
        },
      ],
    });
  });

  it('with a proxy lets the services reach the proxy, and the proxy what they would', async () => {
    const direct = read(await print({}));
    const [calling, , proxy] = read(await print({}, ['--proxy', 'app=smokescreen:4750']));
    const outside = (policy?: NetworkPolicy) =>
      policy?.spec.egress.filter(({ to }) => to?.some(({ ipBlock }) => ipBlock));

    expect(outside(calling)).toEqual([]);
    expect(calling?.spec.egress.at(-1)).toEqual({
      to: [{ podSelector: { matchLabels: { app: 'smokescreen' } } }],
      ports: [{ protocol: 'TCP', port: 4750 }],
    });
    expect(proxy?.spec.podSelector).toEqual({ matchLabels: { app: 'smokescreen' } });
    expect(outside(proxy)).toEqual(outside(direct[0]));
  });

  it('is not printed of a policy that cannot be read', async () => {
    await expect(print({ EGRESS_ALLOW: '10.1.2.3/16' })).rejects.toThrow('write 10.1.0.0/16');
    await expect(print({}, ['--nats', 'nats'])).rejects.toThrow('must be label=value:port');
  });
});
