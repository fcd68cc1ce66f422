import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';
import { closed, Environment, ifRevision, oneTool, Timestamp, Uuid } from './common.contract.js';
import { Rpc } from './rpc.js';

const environmentFields = {
  /** `published` follows publish and rollback; a number stays where it is. */
  version: Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('published')]),
  /** In place of scheme, host and port of the tool's URL; a path it has goes in front of the tool's. Literal. */
  baseUrl: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
  /** In place of the tool's own credential. */
  credentialId: Type.Optional(Uuid),
};

/**
 * What an environment of a tool stands for. `production` follows what is published, at the tool's own URL, until it is
 * put; put with a number it stays at that version, whatever is published or rolled back to, until it is put again.
 * `dev` and `staging` stand for nothing until they are put: what names them is refused with `environment_not_set`.
 */
export const ToolEnvironment = Type.Object(
  {
    name: Environment,
    /** Grows with every change, 1 until it is put; the REST door's ETag. */
    revision: Type.Integer({ minimum: 1 }),
    /** Absent while it stands for nothing. */
    version: Type.Optional(environmentFields.version),
    /** The version it runs now; absent while there is none. */
    runs: Type.Optional(Type.Integer({ minimum: 1 })),
    baseUrl: environmentFields.baseUrl,
    credentialId: environmentFields.credentialId,
    updatedAt: Type.Optional(Timestamp),
  },
  closed,
);
export type ToolEnvironment = Type.Static<typeof ToolEnvironment>;
export const ToolEnvironments = Type.Object(
  { key: ToolKey, environments: Type.Array(ToolEnvironment) },
  closed,
);
export type ToolEnvironments = Type.Static<typeof ToolEnvironments>;

export const ListEnvironments = Type.Object(oneTool, closed);
export type ListEnvironments = Type.Static<typeof ListEnvironments>;
export const listEnvironments = new Rpc(
  'patchbay.internal.catalog.environment.list',
  ListEnvironments,
  ToolEnvironments,
);

export const SetEnvironment = Type.Object(
  { ...oneTool, name: Environment, ...environmentFields, ifRevision },
  closed,
);
export type SetEnvironment = Type.Static<typeof SetEnvironment>;
export const setEnvironment = new Rpc(
  'patchbay.internal.catalog.environment.set',
  SetEnvironment,
  ToolEnvironment,
);
