import Type from 'typebox';
import { closed, Page, pageFields, Timestamp, Uuid } from './common.contract.js';
import { Rpc } from './rpc.js';

/** On whose behalf something is asked of the vault, as far as the service that asks knows. */
export const Actor = Type.Object(
  { type: Type.Enum(['api_key', 'service', 'operator']), id: Type.String({ minLength: 1, maxLength: 64 }) },
  closed,
);
export type Actor = Type.Static<typeof Actor>;

/** What an executor opens a credential for. It may then use it for other executions for as long as it may keep it. */
export const OpenPurpose = Type.Object(
  {
    executionId: Uuid,
    toolKey: Type.String({ minLength: 1, maxLength: 64 }),
    callId: Type.Optional(Uuid),
  },
  closed,
);
export type OpenPurpose = Type.Static<typeof OpenPurpose>;

export const accessActions = [
  'open',
  'create',
  'replace',
  'delete',
  'rotate',
  'shred',
  'connect',
  'disconnect',
  'refresh',
] as const;
export type AccessAction = (typeof accessActions)[number];

/** One line of the record of who had what to do with a credential. Never holds a secret, nor a key. */
export const Access = Type.Object(
  {
    id: Uuid,
    at: Timestamp,
    action: Type.Enum([...accessActions]),
    result: Type.String({ description: '`ok`, or the code of the error it was refused with' }),
    actor: Actor,
    credentialId: Type.Optional(Uuid),
    credentialVersion: Type.Optional(Type.Integer({ minimum: 1 })),
    keyId: Type.Optional(Type.String({ description: 'The key that the secret was sealed under' })),
    origin: Type.Optional(Type.String({ description: 'Where the secret was about to be sent' })),
    executionId: Type.Optional(Uuid),
    toolKey: Type.Optional(Type.String()),
    callId: Type.Optional(Uuid),
  },
  closed,
);
export type Access = Type.Static<typeof Access>;

export const ListAccesses = Type.Object({ orgId: Uuid, credentialId: Uuid, ...pageFields }, closed);
export type ListAccesses = Type.Static<typeof ListAccesses>;
export const AccessPage = Page(Access);
export type AccessPage = Type.Static<typeof AccessPage>;
/** Newest first; of deleted credentials too. */
export const listAccesses = new Rpc('patchbay.internal.vault.access.list', ListAccesses, AccessPage);
