import { EgressPolicy, type PolicyRules } from './egress-policy.js';
import type { PolicyFile } from './policy-file.js';
import type { Allowance } from './policy-entries.js';

/** The policy of every organization, made once: finding one's own costs a look into a map. */
export class EgressPolicies {
  private readonly own = new Map<string, EgressPolicy>();

  /**
   * @param shared what holds for everybody.
   * @param organizations what is added for some, by their id in lower case: more is opened, more is closed, and
   *   schemes and ports take the place of the shared ones.
   */
  constructor(
    private readonly shared: PolicyRules = {},
    organizations: ReadonlyMap<string, PolicyRules> = new Map(),
  ) {
    this.ofEverybody = new EgressPolicy(shared);
    for (const [orgId, rules] of organizations) this.own.set(orgId, new EgressPolicy(this.with(rules)));
  }

  /** Of an organization that has none of its own. */
  readonly ofEverybody: EgressPolicy;

  /** Every policy there is. */
  get all(): readonly EgressPolicy[] {
    return [this.ofEverybody, ...this.own.values()];
  }

  of(orgId: string): EgressPolicy {
    if (this.own.size === 0) return this.ofEverybody;
    return this.own.get(orgId.toLowerCase()) ?? this.ofEverybody;
  }

  private with({ allow = [], deny = [], ...own }: PolicyRules): PolicyRules {
    const { shared } = this;
    return {
      ...shared,
      ...own,
      allow: [...(shared.allow ?? []), ...allow],
      deny: [...(shared.deny ?? []), ...deny],
    };
  }
}

/** The policies of `EGRESS_ALLOW` and the policy file together. */
export function policiesOf(
  allow: readonly Allowance[],
  { organizations, ...shared }: PolicyFile = {},
): EgressPolicies {
  return new EgressPolicies({ ...shared, allow: [...allow, ...(shared.allow ?? [])] }, organizations);
}
