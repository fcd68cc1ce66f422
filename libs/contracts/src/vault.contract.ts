import Type from 'typebox';
import { closed, Done, Environment, Page, pageFields, Timestamp, Uuid } from './common.contract.js';
import {
  CertificateSummary,
  CredentialHealth,
  credentialTypes,
  SecretName,
  type Typed,
} from './credential-types.contract.js';
import { Announcement, Rpc } from './rpc.js';
import { Actor, OpenPurpose } from './vault-access.contract.js';
import { EndUser } from './vault-connections.contract.js';

// One namespace for all that the vault is asked, in files of a readable size.
export * from './credential-types.contract.js';
export * from './vault-access.contract.js';
export * from './vault-connections.contract.js';
export * from './vault-rotation.contract.js';

/** A secret as entered, or `{keep: true}` in an edit: the stored one stays. A mask is never accepted back. */
const NewSecret = Type.String({ minLength: 1, maxLength: 16_384 });
const Keep = Type.Object({ keep: Type.Literal(true) }, closed);
const EditedSecret = Type.Union([NewSecret, Keep]);
const Masked = Type.Object({ masked: Type.String() }, closed);

const commonFields = {
  name: Type.String({ minLength: 1, maxLength: 120 }),
  /** Where the secret may be sent: `https://host[:port]`, said once, on purpose. */
  origins: Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { maxItems: 20 }),
};

/** One object schema per type, told apart by `type`; `oneOf` with a discriminator gives one clear error. */
function credentialUnion<T>(secret: Type.TSchema, extra: Record<string, Type.TSchema>) {
  const branches = Object.entries(credentialTypes(secret)).map(([type, fields]) =>
    Type.Object({ type: Type.Literal(type), ...commonFields, ...fields, ...extra }, closed),
  );
  return Type.Unsafe<T>({
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string' } },
    discriminator: { propertyName: 'type' },
    oneOf: branches,
  });
}

/** What is inside an opened credential: the secrets in clear. Never leaves the vault's and the executor's memory. */
export type CredentialSecret = Typed<string>;

interface Common {
  name: string;
  origins: string[];
}
export type CredentialInput = Common & Typed<string>;
export const CredentialInput = credentialUnion<CredentialInput>(NewSecret, {});

export type CredentialEdit = Common & Typed<string | { keep: true }>;
export const CredentialEdit = credentialUnion<CredentialEdit>(EditedSecret, {});

interface Stored {
  id: string;
  /** Grows with every replacement. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** Of a client certificate. */
  certificateSummary?: CertificateSummary;
  health?: CredentialHealth;
}
export type Credential = Stored & Common & Typed<{ masked: string }>;
/** As stored, every secret field masked. */
export const Credential = credentialUnion<Credential>(Masked, {
  id: Uuid,
  version: Type.Integer({ minimum: 1 }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  certificateSummary: Type.Optional(CertificateSummary),
  health: Type.Optional(CredentialHealth),
});

const oneCredential = { orgId: Uuid, credentialId: Uuid };

/** A credential as entered, in JSON, sealed to the vault's public key (`libs/sealing`): the bus never carries it in clear. */
const Sealed = Type.String({ minLength: 1, maxLength: 700_000 });

/** `sealed` holds a {@link CredentialInput}. */
export const CreateCredential = Type.Object(
  { orgId: Uuid, sealed: Sealed, actor: Type.Optional(Actor) },
  closed,
);
export type CreateCredential = Type.Static<typeof CreateCredential>;
export const createCredential = new Rpc(
  'patchbay.internal.vault.credential.create',
  CreateCredential,
  Credential,
);

export const GetCredential = Type.Object(oneCredential, closed);
export type GetCredential = Type.Static<typeof GetCredential>;
export const getCredential = new Rpc('patchbay.internal.vault.credential.get', GetCredential, Credential);

const oneSecret = { orgId: Uuid, reference: SecretName };

export const GetSecret = Type.Object(oneSecret, closed);
export type GetSecret = Type.Static<typeof GetSecret>;
/** The credential of type `secret` that templates call so. */
export const getSecret = new Rpc('patchbay.internal.vault.secret.get', GetSecret, Credential);

export const ListCredentials = Type.Object({ orgId: Uuid, ...pageFields }, closed);
export type ListCredentials = Type.Static<typeof ListCredentials>;
export const CredentialPage = Page(Credential);
export type CredentialPage = Type.Static<typeof CredentialPage>;
export const listCredentials = new Rpc(
  'patchbay.internal.vault.credential.list',
  ListCredentials,
  CredentialPage,
);

/** `sealed` holds a {@link CredentialEdit}. */
export const ReplaceCredential = Type.Object(
  {
    ...oneCredential,
    sealed: Sealed,
    ifVersion: Type.Optional(Type.Integer({ minimum: 1 })),
    actor: Type.Optional(Actor),
  },
  closed,
);
export type ReplaceCredential = Type.Static<typeof ReplaceCredential>;
export const replaceCredential = new Rpc(
  'patchbay.internal.vault.credential.replace',
  ReplaceCredential,
  Credential,
);

export const DeleteCredential = Type.Object(
  {
    ...oneCredential,
    ifVersion: Type.Optional(Type.Integer({ minimum: 1 })),
    actor: Type.Optional(Actor),
  },
  closed,
);
export type DeleteCredential = Type.Static<typeof DeleteCredential>;
export const deleteCredential = new Rpc('patchbay.internal.vault.credential.delete', DeleteCredential, Done);

/**
 * An executor's session key: an X25519 public key (base64url, 32 bytes raw) and the HMAC-SHA256 over it that
 * only holders of the executors' key can make. Nobody else on the bus can have a credential opened.
 */
export const SessionKey = Type.Object(
  {
    publicKey: Type.String({ minLength: 43, maxLength: 43 }),
    proof: Type.String({ minLength: 43, maxLength: 43 }),
  },
  closed,
);
export type SessionKey = Type.Static<typeof SessionKey>;

/** What an executor says of itself and of why it asks, whatever it asks for. */
const opening = {
  /** Where the secret is about to be sent; refused unless the credential names it. */
  origin: Type.String({ minLength: 1, maxLength: 300 }),
  session: SessionKey,
  /** What the catalog gave with the tool, which says that it uses this credential; refused without. */
  grant: Type.Optional(Type.String({ maxLength: 8192 })),
  /** What for; for the record of accesses. */
  purpose: Type.Optional(OpenPurpose),
};

export const OpenCredential = Type.Object(
  {
    ...oneCredential,
    ...opening,
    /** The version of the access token that the API did not take any more: a newer one is wanted. */
    refresh: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Whose account is to be used, where the credential is `perEndUser`. */
    endUser: Type.Optional(EndUser),
  },
  closed,
);
export type OpenCredential = Type.Static<typeof OpenCredential>;
/** The secret, sealed to the session key: only the executor that asked can read it. */
export const OpenedCredential = Type.Object(
  {
    /** Absent where `perEndUser` says that it has to be said whose. */
    sealed: Type.Optional(Type.String()),
    /** Every end user has one of their own: nothing of it may be kept for another. */
    perEndUser: Type.Optional(Type.Literal(true)),
    version: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    /** Of an access token, which `sealed` then holds as a bearer token. */
    token: Type.Optional(
      Type.Object(
        {
          version: Type.Integer({ minimum: 1 }),
          /** It must not be used longer. Milliseconds from now, since clocks differ. */
          lifetimeMs: Type.Integer({ minimum: 0 }),
          expiredWhen: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type OpenedCredential = Type.Static<typeof OpenedCredential>;
export const openCredential = new Rpc(
  'patchbay.internal.vault.credential.open',
  OpenCredential,
  OpenedCredential,
);

export const OpenSecret = Type.Object({ ...oneSecret, environment: Environment, ...opening }, closed);
export type OpenSecret = Type.Static<typeof OpenSecret>;
/** The value of that environment and no other, sealed to the session key. */
export const OpenedSecret = Type.Object(
  { sealed: Type.String(), version: Type.Integer({ minimum: 1 }) },
  closed,
);
export type OpenedSecret = Type.Static<typeof OpenedSecret>;
/** The value that a secret has in an environment. */
export const openSecret = new Rpc('patchbay.internal.vault.secret.open', OpenSecret, OpenedSecret);

export const CredentialChanged = Type.Object(oneCredential, closed);
export type CredentialChanged = Type.Static<typeof CredentialChanged>;
/** Replaced or deleted: whoever holds it opened drops it. */
export const credentialChanged = new Announcement(
  'patchbay.internal.vault.credential.changed',
  CredentialChanged,
);

export const CredentialHealthChanged = Type.Object(
  { ...oneCredential, endUser: Type.Optional(EndUser), status: CredentialHealth.properties.status },
  closed,
);
export type CredentialHealthChanged = Type.Static<typeof CredentialHealthChanged>;
/** A credential, or what one end user has connected, no longer obtains access tokens, does again, or is about to end. */
export const credentialHealthChanged = new Announcement(
  'patchbay.internal.vault.health.changed',
  CredentialHealthChanged,
);
