import { isIP } from 'node:net';
import { specialBlocks } from './address-policy.js';
import { formatCidr, liesWithin, parseCidr, type Cidr } from './cidr.js';
import type { EgressPolicies } from './egress-policies.js';
import type { EgressPolicy } from './egress-policy.js';

/** Addresses that a firewall lets through: those of a block, but for some within it. */
export interface NetworkBlock {
  readonly cidr: string;
  readonly except: readonly string[];
  /** Any when absent. */
  readonly ports?: readonly number[];
}

const everywhere = [parseCidr('0.0.0.0/0'), parseCidr('2000::/3')].filter((one) => one !== undefined);

/**
 * What a firewall beside this library has to let through, and nothing more: every address that some organization's policy
 * permits. Names it cannot tell; {@link originsByName} has them.
 */
export function networkBlocks(policies: EgressPolicies): readonly NetworkBlock[] {
  const found = policies.all.flatMap((policy) => {
    const networks = policy.networks.flatMap((network) => namedBlock(policy, network));
    const blocks = [...publicBlocks(policy), ...networks, ...originBlocks(policy)];
    const { nat64Prefix } = policy;
    return nat64Prefix ? [...blocks, ...blocks.flatMap((block) => translated(block, nat64Prefix))] : blocks;
  });
  return [...new Map(found.map((block) => [JSON.stringify(block), block])).values()];
}

/** Origins named by a host name: the addresses behind are for the operator to say, where they are not public. */
export function originsByName(policies: EgressPolicies): readonly string[] {
  const origins = new Set(policies.all.flatMap((policy) => [...policy.origins]));
  return [...origins].filter((origin) => isIP(hostOf(origin)) === 0).sort();
}

function publicBlocks({ schemes, ports, deniedNetworks }: EgressPolicy): NetworkBlock[] {
  if (schemes.length === 0) return [];
  const closed = [...specialBlocks.map(({ cidr }) => cidr), ...deniedNetworks];
  return everywhere.flatMap((cidr) => blockWithout(cidr, closed)).map((block) => ({ ...block, ports }));
}

/** A network the operator named. Reserved blocks amid it have to be named themselves. */
function namedBlock({ deniedNetworks }: EgressPolicy, network: Cidr): NetworkBlock[] {
  const kept = specialBlocks.filter(
    ({ cidr, kind }) => kind === 'embedded' || (kind === 'reserved' && !liesWithin(network, cidr)),
  );
  return blockWithout(network, [...kept.map(({ cidr }) => cidr), ...deniedNetworks]);
}

function originBlocks(policy: EgressPolicy): NetworkBlock[] {
  return [...policy.origins].flatMap((origin) => {
    const host = hostOf(origin);
    if (!policy.permits(host, 'named_origin') || policy.denies(new URL(origin))) return [];
    const { protocol, port } = new URL(origin);
    const ports = [Number(port) || (protocol === 'https:' ? 443 : 80)];
    return [{ cidr: `${host}/${isIP(host) === 4 ? 32 : 128}`, except: [], ports }];
  });
}

/** A block without some others; nothing when one of them holds all of it. */
function blockWithout(cidr: Cidr, closed: readonly Cidr[]): NetworkBlock[] {
  if (closed.some((one) => liesWithin(cidr, one))) return [];
  const within = closed.filter((one) => liesWithin(one, cidr));
  const widest = within.filter(
    (one) => !within.some((other) => other.text !== one.text && liesWithin(one, other)),
  );
  return [{ cidr: cidr.text, except: [...new Set(widest.map(({ text }) => text))] }];
}

/** An IPv4 block as a NAT64 network spells it. */
function translated({ cidr, except, ...rest }: NetworkBlock, prefix: Cidr): NetworkBlock[] {
  const spell = (text: string) => {
    const block = parseCidr(text);
    if (block?.bytes.length !== 4) return [];
    return [formatCidr([...prefix.bytes.slice(0, 12), ...block.bytes], 96 + block.prefixLength)];
  };
  return spell(cidr).map((one) => ({ ...rest, cidr: one, except: except.flatMap(spell) }));
}

function hostOf(origin: string): string {
  const { hostname } = new URL(origin);
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
