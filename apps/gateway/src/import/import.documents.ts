import { closed, FieldProblem, JsonObject, Uuid } from '#contracts/common.contract';
import { importFormats } from '#toolcall/import/imported';
import Type from 'typebox';

const Strings = (description: string, value: Type.TSchema) =>
  Type.Unsafe<Record<string, string>>({
    type: 'object',
    maxProperties: 200,
    additionalProperties: value,
    description,
  });

/** Either `source` or `url`. */
export const ImportRequest = Type.Object(
  {
    format: Type.Optional(
      Type.Enum(['auto', ...importFormats], {
        default: 'auto',
        description:
          '`http_tool` has `methodType` and `authType`; `api_action` has typed `variables`; `http_action` has ' +
          '`endpointMethod` and `<name>`; `custom_integration` has `urlTemplate` and `contextBurden`',
      }),
    ),
    source: Type.Optional(Type.Unknown({ description: 'A command, or a document as text or as JSON' })),
    url: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'Where the document is; redirects are not followed',
      }),
    ),
    operations: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
        minItems: 1,
        maxItems: 200,
        description: '`operationId`s, names, or `GET /path`; all when absent',
      }),
    ),
    baseUrl: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2048,
        description: 'Where the API is, when the source does not say',
      }),
    ),
    variables: Type.Optional(
      Strings('Values of the source’s own variables, put in as they are', {
        type: 'string',
        maxLength: 8192,
      }),
    ),
    credentials: Type.Optional(
      Strings('By name of a credential of the preview, the id of one that is stored already', Uuid),
    ),
    replace: Type.Optional(
      Type.Boolean({ default: false, description: 'Whether drafts of tools that exist are replaced' }),
    ),
  },
  closed,
);
export type ImportRequest = Type.Static<typeof ImportRequest>;

const Slot = Type.Object(
  {
    name: Type.String(),
    type: Type.String({
      description:
        'Of the credential that is needed; also `oauth2`, `open_id_connect`, `mutual_tls` and the like. A `secret` has to be entered under this name before the tools can be saved',
    }),
    in: Type.Optional(Type.Enum(['header', 'query', 'body'])),
    parameter: Type.Optional(Type.String()),
    headers: Type.Optional(Type.Array(Type.String())),
    origins: Type.Array(Type.String()),
    usedBy: Type.Array(Type.String({ description: 'A tool’s key' })),
    found: Type.Boolean({ description: 'Whether the source has the secret, so that it can be stored' }),
    credentialId: Type.Optional(Uuid),
  },
  closed,
);

/** Holds no secret. */
export const ImportReply = Type.Object(
  {
    applied: Type.Boolean(),
    format: Type.Enum([...importFormats]),
    tools: Type.Array(
      Type.Object(
        {
          where: Type.String({ description: 'Where it stands in the source' }),
          definition: JsonObject,
          problems: Type.Array(FieldProblem, { description: 'With pointers into the definition' }),
          replaces: Type.Boolean({ description: 'Whether there is a tool of this key already' }),
        },
        closed,
      ),
    ),
    credentials: Type.Array(Slot),
    dropped: Type.Array(
      Type.Object(
        {
          where: Type.String({ description: 'JSON Pointer into the source; in a command, a character' }),
          what: Type.String(),
          why: Type.String(),
        },
        closed,
      ),
      { description: 'What the tools do not have of the source, or have otherwise' },
    ),
  },
  closed,
);
export type ImportReply = Type.Static<typeof ImportReply>;
