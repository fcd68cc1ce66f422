import { ToolKey } from '#toolcall/tool-definition';
import Type from 'typebox';

export const closed = { additionalProperties: false } as const;

export const Uuid = Type.String({ format: 'uuid' });
export const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

/** Names an agent; the orchestrator's own, without control characters. */
export const AgentId = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });

/**
 * Where a tool runs: an alias of one of its versions, with a base URL and a credential of its own. `production` is what
 * runs when a call names neither environment nor version.
 */
export const Environment = Type.Enum(['dev', 'staging', 'production']);
export type Environment = Type.Static<typeof Environment>;

/** Keys are somebody else's; a pattern per key would cost on the hot path. */
export const JsonObject = Type.Unsafe<Record<string, unknown>>({ type: 'object' });

export const oneTool = { orgId: Uuid, toolKey: ToolKey };
/** Refuses the change with `precondition_failed` when what it is about has moved on. */
export const ifRevision = Type.Optional(Type.Integer({ minimum: 1 }));

/** Page size and where to go on; `cursor` is opaque and comes from `nextCursor`. */
export const pageFields = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
};

export const Page = <Item extends Type.TSchema>(item: Item) =>
  Type.Object({ items: Type.Array(item), nextCursor: Type.Optional(Type.String()) }, closed);

export const Done = Type.Object({ done: Type.Literal(true) }, closed);
export type Done = Type.Static<typeof Done>;

/** One thing wrong with what was sent; see `Problem` of libs/toolcall. */
export const FieldProblem = Type.Object(
  {
    pointer: Type.String(),
    code: Type.String(),
    message: Type.String(),
    found: Type.Optional(Type.String()),
  },
  closed,
);
