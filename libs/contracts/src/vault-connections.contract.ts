import Type from 'typebox';
import { closed, Done, Page, pageFields, Timestamp, Uuid } from './common.contract.js';
import { CredentialHealth } from './credential-types.contract.js';
import { Rpc } from './rpc.js';
import { Actor } from './vault-access.contract.js';

/** Whose account: the `context.contact.id` of calls, as text. */
export const EndUser = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  description: 'As calls name their contact: `context.contact.id`',
});

const oneCredential = { orgId: Uuid, credentialId: Uuid };
const oneConnection = { ...oneCredential, endUser: Type.Optional(EndUser) };

/** Secrets of a flow in JSON, sealed to the vault's public key in the context of its step (`libs/sealing`). */
const Sealed = Type.String({ minLength: 1, maxLength: 20_000 });

/** Somebody is to connect an account. `sealed` holds the {@link AuthorizationTicket} that the link is made with. */
export const StartConnection = Type.Object(
  { ...oneConnection, sealed: Sealed, actor: Type.Optional(Actor) },
  closed,
);
export type StartConnection = Type.Static<typeof StartConnection>;
export const StartedConnection = Type.Object({ expiresAt: Timestamp }, closed);
export type StartedConnection = Type.Static<typeof StartedConnection>;
export const startConnection = new Rpc(
  'patchbay.internal.vault.connection.start',
  StartConnection,
  StartedConnection,
);

/** An account that somebody has connected. */
export const Connection = Type.Object(
  {
    endUser: Type.Optional(EndUser),
    connectedAt: Timestamp,
    health: CredentialHealth,
  },
  closed,
);
export type Connection = Type.Static<typeof Connection>;

export const ListConnections = Type.Object({ ...oneCredential, ...pageFields }, closed);
export type ListConnections = Type.Static<typeof ListConnections>;
export const ConnectionPage = Page(Connection);
export type ConnectionPage = Type.Static<typeof ConnectionPage>;
/** By end user. */
export const listConnections = new Rpc(
  'patchbay.internal.vault.connection.list',
  ListConnections,
  ConnectionPage,
);

export const DeleteConnection = Type.Object({ ...oneConnection, actor: Type.Optional(Actor) }, closed);
export type DeleteConnection = Type.Static<typeof DeleteConnection>;
export const deleteConnection = new Rpc('patchbay.internal.vault.connection.delete', DeleteConnection, Done);

/** 32 random bytes, base64url. */
const Random = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });

/** What `start` has sealed. */
export const AuthorizationTicket = Type.Object({ ticket: Random }, closed);
export type AuthorizationTicket = Type.Static<typeof AuthorizationTicket>;

/** What `begin` has sealed: the ticket of the link, and what the browser will have to come back with. */
export const AuthorizationStart = Type.Object({ ticket: Random, state: Random, browser: Random }, closed);
export type AuthorizationStart = Type.Static<typeof AuthorizationStart>;

/** A browser came with a ticket, and goes on to the authorization server. */
export const BeginAuthorization = Type.Object(
  { sealed: Sealed, redirectUri: Type.String({ minLength: 1, maxLength: 2048 }) },
  closed,
);
export type BeginAuthorization = Type.Static<typeof BeginAuthorization>;
/** Where to; the `state`, which only the gateway has in clear, is still to be added to its query. */
export const BegunAuthorization = Type.Object({ authorizationUrl: Type.String() }, closed);
export type BegunAuthorization = Type.Static<typeof BegunAuthorization>;
export const beginAuthorization = new Rpc(
  'patchbay.internal.vault.authorization.begin',
  BeginAuthorization,
  BegunAuthorization,
);

/** What `finish` has sealed: with what the browser came back, from its cookie (`browser`) and its query. */
export const AuthorizationAnswer = Type.Object(
  {
    state: Random,
    browser: Type.Optional(Random),
    code: Type.Optional(Type.String({ minLength: 1, maxLength: 4096 })),
    error: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    iss: Type.Optional(Type.String({ maxLength: 1024 })),
  },
  closed,
);
export type AuthorizationAnswer = Type.Static<typeof AuthorizationAnswer>;

export const FinishAuthorization = Type.Object({ sealed: Sealed }, closed);
export type FinishAuthorization = Type.Static<typeof FinishAuthorization>;
export const finishAuthorization = new Rpc(
  'patchbay.internal.vault.authorization.finish',
  FinishAuthorization,
  Done,
);
