import Type from 'typebox';
import { closed, Timestamp, Uuid } from './common.contract.js';
import { Announcement, Rpc } from './rpc.js';

/** Names a key version; no dot, since envelopes separate their parts by dots. */
const KeyId = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,31}$' });

export const Rotation = Type.Object(
  {
    id: Uuid,
    state: Type.Enum(['introducing', 'rewrapping', 'finished']),
    fromKey: KeyId,
    toKey: KeyId,
    /** Credentials when it began. */
    total: Type.Integer({ minimum: 0 }),
    /** Credentials not yet sealed under the new key. */
    remaining: Type.Integer({ minimum: 0 }),
    /** Vaults that cannot use the new key yet; nothing is sealed under it before there is none. */
    waitingFor: Type.Integer({ minimum: 0 }),
    startedAt: Timestamp,
    finishedAt: Type.Optional(Timestamp),
  },
  closed,
);
export type Rotation = Type.Static<typeof Rotation>;

/** `keyId` is the version to change to: the provider's newest, or a new one, when absent. */
export const StartRotation = Type.Object({ keyId: Type.Optional(KeyId) }, closed);
export type StartRotation = Type.Static<typeof StartRotation>;
/** For operators: the keys are those of the whole deployment. */
export const startRotation = new Rpc('patchbay.internal.vault.rotation.start', StartRotation, Rotation);

/** The latest when no id is given. */
export const GetRotation = Type.Object({ rotationId: Type.Optional(Uuid) }, closed);
export type GetRotation = Type.Static<typeof GetRotation>;
/** For operators. */
export const getRotation = new Rpc('patchbay.internal.vault.rotation.get', GetRotation, Rotation);

export const RotationChanged = Type.Object({ rotationId: Uuid }, closed);
export type RotationChanged = Type.Static<typeof RotationChanged>;
/** From vault to vault: there is something to do. */
export const rotationChanged = new Announcement('patchbay.internal.vault.rotation.changed', RotationChanged);

export const ShredOrganization = Type.Object({ orgId: Uuid }, closed);
export type ShredOrganization = Type.Static<typeof ShredOrganization>;
export const Shredded = Type.Object(
  { keys: Type.Integer({ minimum: 0 }), credentials: Type.Integer({ minimum: 0 }) },
  closed,
);
export type Shredded = Type.Static<typeof Shredded>;
/** For operators: destroys the organization's keys, and with them all that was sealed under them. Cannot be undone. */
export const shredOrganization = new Rpc(
  'patchbay.internal.vault.organization.shred',
  ShredOrganization,
  Shredded,
);

export const OrganizationShredded = Type.Object({ orgId: Uuid }, closed);
export type OrganizationShredded = Type.Static<typeof OrganizationShredded>;
/** From vault to vault: forget its keys. */
export const organizationShredded = new Announcement(
  'patchbay.internal.vault.organization.shredded',
  OrganizationShredded,
);
