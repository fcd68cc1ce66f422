export const roles = ['admin', 'editor', 'viewer', 'executor'] as const;
/** What an API key is for. An executor's key runs tools and looks them up, and changes nothing. */
export type Role = (typeof roles)[number];

/** The roles each role includes. */
const included: Record<Role, ReadonlySet<Role>> = {
  admin: new Set(['admin', 'editor', 'viewer', 'executor']),
  editor: new Set(['editor', 'viewer', 'executor']),
  viewer: new Set(['viewer']),
  executor: new Set(['executor']),
};

/** Whether a role may use what is allowed to others; nobody may use what is allowed to nobody. */
export function mayUse(role: Role, allowed: readonly Role[]): boolean {
  return allowed.some((one) => included[role].has(one));
}
