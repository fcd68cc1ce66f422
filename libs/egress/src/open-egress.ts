import { EgressClient, type EgressClientOptions } from './egress-client.js';
import { policiesOf, type EgressPolicies } from './egress-policies.js';
import { parsePolicyFile, type PolicyFile } from './policy-file.js';
import { parseEgressAllow } from './policy-entries.js';
import { Proxy } from './proxy.js';
import { readSetting } from './read-setting.js';
import { trustedAuthorities } from './trusted-authorities.js';

/** What an operator says about the way out, by the names of the environment's variables. */
export interface EgressSettings {
  readonly EGRESS_ALLOW: string;
  readonly EGRESS_POLICY_FILE?: string | undefined;
  readonly EGRESS_CA_FILE?: string | undefined;
  readonly EGRESS_DNS_SERVERS?: string | undefined;
  readonly EGRESS_PROXY_URL?: string | undefined;
}

/** @throws Error about everything that is wrong with the policy, and what would be right */
export function readPolicies({ EGRESS_ALLOW, EGRESS_POLICY_FILE: file }: EgressSettings): EgressPolicies {
  const allow = parseEgressAllow(EGRESS_ALLOW);
  return file === undefined ? policiesOf(allow) : policiesOf(allow, readPolicyFile(file));
}

/** The way out as the operator wants it. @throws Error when that cannot be read */
export function openEgress(settings: EgressSettings, options: EgressClientOptions = {}): EgressClient {
  const { EGRESS_CA_FILE, EGRESS_DNS_SERVERS, EGRESS_PROXY_URL } = settings;
  return new EgressClient(readPolicies(settings), {
    ca: trustedAuthorities(EGRESS_CA_FILE),
    proxy: EGRESS_PROXY_URL === undefined ? undefined : Proxy.parse(EGRESS_PROXY_URL),
    dnsServers: EGRESS_DNS_SERVERS?.split(','),
    ...options,
  });
}

/** Reads the file that `EGRESS_POLICY_FILE` names. @throws Error about everything that is wrong, and what would be right */
export function readPolicyFile(file: string): PolicyFile {
  return parsePolicyFile(readSetting('EGRESS_POLICY_FILE', file));
}
