import type { BusSecurity } from './bus-security.js';
import type { DatabaseRoles } from './database-roles.js';
import type { DeploymentKeys } from './deployment-keys.js';

export const serviceNames = ['catalog', 'vault', 'executor', 'audit', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface Surroundings {
  readonly database: DatabaseRoles;
  readonly natsUrl: string;
  readonly sampleUrl: string;
  /** Where spans go, instead of where `OTEL_*` says. */
  readonly tracesUrl: string | undefined;
  readonly firstAdminFile: string;
  readonly keys: DeploymentKeys;
  /** Of a bus of ours. */
  readonly bus: BusSecurity | undefined;
}

/** What a process of ours needs from this one's environment: nothing that could configure it by accident. */
export function inheritedEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      name.startsWith('OTEL_') ||
      name.startsWith('NATS_') ||
      name.startsWith('EGRESS_') ||
      ['PATH', 'HOME', 'TZ', 'LOG_LEVEL', 'NODE_OPTIONS'].includes(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

/** What each service is told on a machine of its own. */
export function serviceEnvironment(around: Surroundings): Record<ServiceName, Record<string, string>> {
  const { vaultKeys, executorKey, grantKey, intakeKey, vaultPublicKey } = around.keys;
  const shared = (name: ServiceName): Record<string, string> => ({
    ...around.bus?.environmentOf(name),
    DATABASE_URL: around.database.urlOf(name),
    NATS_URL: around.natsUrl,
    OPERATIONS_HOST: '127.0.0.1',
    DRAIN_MS: '1500', // Ctrl-C has 10 s for everything
    EGRESS_ALLOW: [process.env.EGRESS_ALLOW, around.sampleUrl].filter(Boolean).join(','),
    ...(around.tracesUrl && {
      OTEL_EXPORTER_OTLP_ENDPOINT: around.tracesUrl,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '500',
    }),
  });
  return {
    catalog: { ...shared('catalog'), CREDENTIAL_GRANT_KEY: grantKey },
    vault: {
      ...shared('vault'),
      VAULT_KEYS: vaultKeys,
      EXECUTOR_KEY: executorKey,
      CREDENTIAL_GRANT_KEY: grantKey,
      VAULT_INTAKE_KEY: intakeKey,
    },
    executor: { ...shared('executor'), EXECUTOR_KEY: executorKey },
    audit: shared('audit'),
    gateway: {
      ...shared('gateway'),
      HTTP_HOST: '127.0.0.1',
      FIRST_ADMIN_KEY_FILE: around.firstAdminFile,
      VAULT_PUBLIC_KEY: vaultPublicKey,
    },
  };
}
