import { authorizationContext, intakeContext, sealForVault } from '#sealing/intake-key';
import type { GrantKey } from '#sealing/credential-grant';
import type { Session } from '#sealing/session-key';
import { randomBytes } from 'node:crypto';
import type { Names } from './names.js';
import type { Organization } from './organization.js';

/** What whoever asks has at hand besides names. */
export interface Means {
  readonly us: Organization;
  readonly vaultPublicKey: string;
  readonly session: Session;
  readonly grantKey: GrantKey;
  /** Where the others' lists go on. */
  readonly theirCursors: readonly string[];
}

/** A JSON Schema, as far as it is looked at here. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly format?: string;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** By the name of a field of a request: what stands there in a request that names these things. */
const byName: Record<string, (names: Names, means: Means) => unknown> = {
  orgId: (_, { us }) => us.orgId,
  toolKey: ({ toolKey }) => toolKey,
  credentialId: ({ credentialId }) => credentialId,
  executionId: ({ executionId }) => executionId,
  callId: ({ callId }) => callId,
  agentId: ({ agentId }) => agentId,
  idempotencyKey: ({ idempotencyKey }) => idempotencyKey,
  definition: definitionOf,
  definitions: (names, means) => [definitionOf(names, means)],
  tools: ({ toolKey }) => [{ key: toolKey, headers: [{ name: 'X-Agent', value: 'ours' }] }],
  sealed: (names, { us, vaultPublicKey }) =>
    sealForVault(vaultPublicKey, Buffer.from(JSON.stringify(bearer(us))), intakeContext(us.orgId)),
  actor: ({ keyId }) => ({ type: 'api_key', id: keyId }),
  origin: (_, { us }) => us.origin,
  session: (_, { session }) => session,
  // More than any executor can have: the catalog gives a grant for what the tool of the same organization names.
  grant: ({ toolKey, credentialId, reference }, { us, grantKey }) =>
    grantKey.sign(
      {
        orgId: us.orgId,
        toolKey,
        version: 1,
        environment: 'dev', // the first there is, as in every request that names one
        credentialIds: [credentialId],
        secretNames: [reference],
      },
      new Date(Date.now() + 60_000),
    ),
  purpose: ({ executionId, toolKey, callId }) => ({ executionId, toolKey, callId }),
  arguments: () => ({ q: 'ours' }),
  context: () => ({ language: 'en' }),
  variables: () => ({ ours: 'ours' }),
  callVariables: () => ({}),
  baseUrl: (_, { us }) => `${us.origin}/other`,
  confirmationToken: () => 'none',
  state: () => randomBytes(32).toString('base64url'), // of a browser that comes back from signing in
  code: () => 'none',
  error: () => 'access_denied',
  error_description: () => 'none',
  iss: () => 'https://issuer.example.com',
  reference: ({ reference }) => reference,
  endUser: ({ endUser }) => endUser,
  keyId: () => 'k9', // of a key version: the deployment's, not an organization's
  deadlineMs: () => 5000,
  waitMs: () => 0,
  records: ({ executionId, toolKey }, { us }) => [recordOf(us.orgId, executionId, toolKey)],
};

/** Requests that are not made of fields by name: by the name of their document, or their subject. */
const documents: Record<string, (names: Names, means: Means) => unknown> = {
  ToolDefinitionInput: definitionOf,
  CredentialInput: (_, { us }) => bearer(us),
  CredentialEdit: (_, { us }) => ({ ...bearer(us), token: { keep: true } }),
  ImportRequest: (names, means) => ({ source: definitionOf(names, means) }),
  'patchbay.internal.vault.connection.start': (names, means) => ({
    ...connectionOf(names, means),
    sealed: sealForVault(
      means.vaultPublicKey,
      Buffer.from(JSON.stringify({ ticket: randomBytes(32).toString('base64url') })),
      authorizationContext('start', means.us.orgId, names.accountsId),
    ),
  }),
  'patchbay.internal.vault.connection.list': ({ accountsId }, { us }) => ({
    orgId: us.orgId,
    credentialId: accountsId,
  }),
  'patchbay.internal.vault.connection.delete': connectionOf,
  NewApiKey: () => ({ name: 'ours', role: 'viewer' }),
};

/** Makes a request's content of names. */
export type Make = (names: Names) => unknown;

/** Everything that may be asked with such a request: with what it must have, and with each that it may have besides. */
export function shapesOf(schema: Schema, means: Means, document = ''): Make[] {
  const whole = documents[document];
  if (whole) return [(names) => whole(names, means)];
  const { properties = {}, required = [] } = schema;
  const optional = Object.keys(properties).filter((name) => !required.includes(name) && name !== 'cursor');
  const object = (chosen: readonly string[]) => (names: Names) =>
    Object.fromEntries(chosen.map((name) => [name, valueOf(name, properties[name] ?? {}, names, means)]));
  const goingOn = properties.cursor ? means.theirCursors : [];
  return [
    object(required),
    ...optional.map((name) => object([...required, name])),
    ...goingOn.map((cursor) => (names: Names) => ({ ...object(required)(names), cursor })),
  ];
}

/** @throws Error when nobody has said what to put there: a new field needs a line above */
export function valueOf(name: string, schema: Schema, names: Names, means: Means): unknown {
  const known = byName[name];
  if (known) return known(names, means);
  const [first] = schema.anyOf ?? [];
  if (first) return valueOf(name, first, names, means);
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'integer') return schema.minimum ?? 1;
  if (schema.type === 'boolean') return true;
  if (schema.format === 'date-time') return '2026-01-01T00:00:00Z';
  throw new Error(`test/tenancy/values.ts does not say what to put into \`${name}\``);
}

function definitionOf({ toolKey, credentialId, reference }: Names, { us }: Means) {
  return us.definition(toolKey, credentialId, reference);
}

function connectionOf({ accountsId, endUser }: Names, { us }: Means) {
  return { orgId: us.orgId, credentialId: accountsId, endUser };
}

function bearer({ origin, mark }: Organization) {
  return { type: 'bearer', name: 'ours', origins: [origin], token: `token-${mark}` };
}

function recordOf(orgId: string, executionId: string, toolKey: string) {
  const ended = { status: 'succeeded', outcome: 'ok', attempts: 1, totalMs: 1, isTest: false };
  return { ...ended, executionId, orgId, toolKey, version: 1, startedAt: new Date().toISOString() };
}
